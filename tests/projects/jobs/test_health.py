"""A cluster is alive while it touches its file."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from projects.jobs import health


@pytest.fixture(autouse=True)
def _fresh() -> None:
    health._beaten.clear()


def test_without_a_sign_there_is_no_worker() -> None:
    assert not health.worker_alive()


def test_after_a_sign_there_is_one() -> None:
    health.beat("train-cpu")
    assert health.worker_alive()
    assert not health.worker_alive("attune")


def test_an_old_sign_does_not_count(home: Path) -> None:
    health.beat("train-cpu")
    old = time.time() - health.STALE - 1
    os.utime(home / "queue" / "train-cpu.beat", (old, old))
    assert not health.worker_alive()


def test_a_cluster_that_ends_says_so() -> None:
    health.beat("train-cpu")
    health.rest("train-cpu")
    health.rest("train-cpu")
    assert not health.worker_alive()
