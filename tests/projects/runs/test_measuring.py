"""What a run takes of the machine is looked at now and then, and never in the way of the run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import pytest

from projects.runs import measuring
from projects.runs.measuring import Meter


@pytest.fixture
def told() -> list[Mapping[str, Any]]:
    return []


class Clock:
    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(measuring, "time", clock)
    return clock


def test_it_works(told: list[Any], clock: Clock) -> None:
    meter = Meter(told.append, os.getpid())
    meter.look()
    assert not told
    clock.now = 5.0
    meter.look()
    (event,) = told
    assert event["event"] == "usage"
    assert event["seconds"] == 5.0
    assert event["memory"] > 10_000_000
    assert 0 <= event["cores"] <= (os.cpu_count() or 1)


def test_a_long_run_is_looked_at_less_and_less(told: list[Any], clock: Clock) -> None:
    meter = Meter(told.append, os.getpid())
    for second in range(0, 24 * 3600, 5):
        clock.now = float(second)
        meter.look()
    assert 200 < len(told) < 500


def test_a_process_that_is_gone_hurts_nobody(told: list[Any], clock: Clock) -> None:
    meter = Meter(told.append, 2**22 - 1)
    clock.now = 5.0
    meter.look()
    assert not told


def test_the_gpus_of_its_own_processes_count(monkeypatch: pytest.MonkeyPatch) -> None:
    cards = [(0.8, [(7, 1000), (9, 50)]), (0.4, [(8, 500)]), (1.0, [(99, 1)])]
    monkeypatch.setattr(measuring, "_gpus", lambda: iter(cards))
    busy, held = measuring.on_gpus({7, 8})
    assert busy == pytest.approx(0.6)
    assert held == 1500
    assert measuring.on_gpus({5}) == (None, None)
