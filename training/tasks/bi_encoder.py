"""What text matching needs where each text is read by itself: calibrations of cosines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.coding import pair
from training.problems import Problem
from training.tasks.shape import Row

About = Mapping[str, Any]
Floats = NDArray[np.float64]
# Bounds of a calibration's slope: below the first a loss over it would hardly move the base.
STEEP, STEEPEST = 10.0, 40.0
RISE, STEEPEST_RISE = 1.0, 3.0  # of scores
PULL = 1e3  # inverse strength of the pull towards 0 in a logistic fit of one number


def labels(rows: Sequence[Row]) -> list[str]:
    """Raises Problem(`matching.labels`) unless there are two: a cosine says one thing or its opposite."""
    found = sorted({row.values["label"] for row in rows})
    if len(found) != 2:
        raise Problem("matching.labels", found=len(found))
    return found


def together(cosines: Floats, targets: NDArray[np.int64]) -> int:
    """The label, 0 or 1, whose pairs are the more alike."""
    means = [cosines[targets == label].mean() for label in (0, 1)]
    return int(means[1] >= means[0])


def logistic(cosines: Floats, belongs: NDArray[np.bool_], least: float = 0.1) -> list[float]:
    """(slope, offset) of the probability that two texts belong together; [] where one kind alone is there.

    A slope outside `least` to STEEPEST is put there, and turns about the cosine at which the probability is a half.
    """
    from sklearn.linear_model import LogisticRegression

    if belongs.all() or not belongs.any():
        return []
    model = LogisticRegression(C=PULL).fit(cosines[:, None], belongs)
    found, offset = float(model.coef_[0, 0]), float(model.intercept_[0])
    means = [float(cosines[belongs == kind].mean()) for kind in (False, True)]
    middle = -offset / found if found > least else sum(means) / 2
    slope = min(max(found, least), STEEPEST)
    return [slope, -slope * middle]


def line(cosines: Floats, shares: Floats, least: float = 0.01) -> list[float]:
    """(slope, offset) of the score, as a share of its range; [] for cosines that are all the same."""
    if len(cosines) < 2 or np.ptp(cosines) == 0:
        return []
    found = float(np.polyfit(cosines, shares, 1)[0])
    slope = min(max(found, least), STEEPEST_RISE)
    return [slope, float(shares.mean() - slope * cosines.mean())]


def start(objective: str, cosines: Floats, targets: NDArray[Any], about: About) -> dict[str, Any]:
    """What the loss rests on, told from what the untouched base makes of the training rows.

    The calibration stays the model's own where there are no validation rows to choose a better one on.
    """
    if objective == pair.SCORE:
        return {"calibration": line(cosines, targets, RISE) or [RISE, 0.0]}
    known = targets >= 0
    which = together(cosines[known], targets[known])
    return {
        "together": about["labels"][which],
        "calibration": logistic(cosines[known], targets[known] == which, STEEP),
    }
