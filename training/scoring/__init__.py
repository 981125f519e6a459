"""Scores as the report keeps them, for every task: plain floats and lists, never NaN, the same for the same input.

Shares lie between 0 and 1; BLEU, chrF and ROUGE between 0 and 100. What has nothing to divide by is 0, what is not
defined at all is None. docs/metrics.md explains every key.
"""

from training.scoring import bootstrap, texts
from training.scoring.curve import binary, curves
from training.scoring.measures import ranking, regression
from training.scoring.multilabel import several, threshold_curve, thresholds
from training.scoring.reading import answers, best_no_answer_threshold
from training.scoring.relation import relations
from training.scoring.single import (
    SAME,
    SIGNIFICANT,
    classification,
    macro_f1,
    mcnemar,
    verdict,
)
from training.scoring.spans import (
    entities,
    entity_f1,
    entity_statistics,
    span_mistakes,
)

__all__ = [
    "SAME",
    "SIGNIFICANT",
    "answers",
    "best_no_answer_threshold",
    "binary",
    "bootstrap",
    "classification",
    "curves",
    "entities",
    "entity_f1",
    "entity_statistics",
    "macro_f1",
    "mcnemar",
    "ranking",
    "regression",
    "relations",
    "several",
    "span_mistakes",
    "texts",
    "threshold_curve",
    "thresholds",
    "verdict",
]
