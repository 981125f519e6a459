"""The checks of a data set that need no model: every fault, with its file and line, in one pass."""

from training.validation.columns import guess_columns
from training.validation.findings import MAX_PLACES, Finding, Place, gate
from training.validation.gates import GATES, Gate
from training.validation.rows import Rows, Source
from training.validation.rules import Outcome, check, judge
from training.validation.scan import NONE, Scan

__all__ = [
    "GATES",
    "MAX_PLACES",
    "NONE",
    "Finding",
    "Gate",
    "Outcome",
    "Place",
    "Rows",
    "Scan",
    "Source",
    "check",
    "gate",
    "guess_columns",
    "judge",
]
