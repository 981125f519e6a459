"""A search for better settings as a generator of events: trial after trial, then the usual fine-tune with the best.

A trial never holds a test row: what would be scored on them is scored on the validation rows.
"""

from training.search.run import search

__all__ = ["search"]
