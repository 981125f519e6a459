"""A fine-tune as a generator of events."""

from training.fit.run import fit

__all__ = ["fit"]
