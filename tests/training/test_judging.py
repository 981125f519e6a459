"""By which score two epochs are compared."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from training.fit.judging import Judge

FOUND = {"accuracy": 0.9, "macro_f1": 0.2}


@pytest.mark.parametrize(
    ("chosen", "value"),
    [
        ({}, 0.2),
        ({"stop_metric": "auto"}, 0.2),
        ({"stop_metric": "accuracy"}, 0.9),
        ({"stop_metric": "loss"}, -0.3),
    ],
)
def test_the_score_that_was_chosen_counts(chosen: dict[str, Any], value: float) -> None:
    job: Any = SimpleNamespace(settings=chosen, learner=SimpleNamespace(main="macro_f1"))
    assert Judge(job).value(0.3, FOUND) == value


def test_without_a_loss_an_epoch_is_never_the_better_one() -> None:
    job: Any = SimpleNamespace(settings={"stop_metric": "loss"})
    assert Judge(job).value(None, FOUND) < Judge(job).value(1e9, FOUND)
