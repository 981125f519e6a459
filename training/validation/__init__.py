"""The checks of a data set that need no model: every fault, with its file and line, in one pass."""

from training.validation.columns import guess_columns
from training.validation.findings import MAX_PLACES, Finding, Place, gate
from training.validation.rules import THRESHOLDS, Outcome, check, examine
from training.validation.scan import Scan, Source

__all__ = [
    "MAX_PLACES",
    "THRESHOLDS",
    "Finding",
    "Outcome",
    "Place",
    "Scan",
    "Source",
    "check",
    "examine",
    "gate",
    "guess_columns",
]
