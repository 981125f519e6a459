"""Of what ends a training process, all that can be known is said."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from projects.runs import faults
from projects.runs.events import append
from projects.runs.models import Run, Status
from projects.runs.worker import ChildFailed
from training.problems import TABLE

Make = Callable[..., Run]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ChildFailed(1, "OSError: [Errno 28] No space left on device"), "disk.full"),
        (ChildFailed(1, "torch.OutOfMemoryError: CUDA out of memory. Tried …"), "run.memory"),
        (ChildFailed(1, "RuntimeError: [enforce fail] can't allocate memory"), "run.memory"),
        (ChildFailed(1, "RuntimeError: CUDA error: device-side assert"), "run.gpu"),
        (ChildFailed(1, "OSError: [Errno 30] Read-only file system"), "run.storage"),
        (ChildFailed(-9, ""), "run.killed"),
        (ChildFailed(-11, "Segmentation fault"), "run.killed"),
        (TimeoutError("No event for 1800 s"), "run.stuck"),
    ],
)
def test_known_causes(bare: Make, error: Exception, code: str) -> None:
    told = faults.cause(error, bare(Status.RUNNING, attempt=1))
    assert told["code"] == code
    assert code in TABLE


def test_what_is_not_known_is_not_said(bare: Make) -> None:
    run = bare(Status.RUNNING, attempt=1)
    assert faults.cause(ChildFailed(1, "KeyError: 'labels'"), run) == {}
    assert faults.cause(ValueError("what"), run) == {}


def test_whoever_held_most_of_the_memory_was_killed_for_it(
    bare: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = bare(Status.RUNNING, attempt=1)
    total = faults.psutil.virtual_memory().total
    append(
        run.pk, [("usage", {"memory": int(0.2 * total)}), ("usage", {"memory": int(0.9 * total)})]
    )
    assert faults.cause(ChildFailed(-9, ""), run)["code"] == "run.memory"
