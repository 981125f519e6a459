"""The measurement of this machine, with a tiny base."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from training import calibrate, catalogue
from training.estimate import seconds


def test_it_measures_what_the_estimate_needs(
    tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibrate, "SECONDS", 0.05)
    monkeypatch.setattr(calibrate, "SHORT", 8)
    monkeypatch.setattr(calibrate, "LONG", 32)
    monkeypatch.setattr(calibrate, "ROWS", {8: 4, 32: 2})
    monkeypatch.setattr(calibrate, "WORDS", (5, 20))
    monkeypatch.setattr(calibrate, "FEW", 1)
    monkeypatch.setattr(calibrate, "startup", lambda _: (3.0, 500_000_000))
    monkeypatch.setattr(calibrate, "here", lambda _: [(catalogue.DEFAULT, tiny_base)])
    found = calibrate.measure()
    rates = found["bases"][catalogue.DEFAULT]
    assert all(rate > 0 for name, rate in rates.items() if name != "step_seconds")
    assert rates["step_seconds"] >= 0
    assert (found["startup_seconds"], found["startup_memory"]) == (3.0, 500_000_000)
    assert found["devices"] >= 1
    stats = {"train": {"rows": 1000, "mean_tokens": 20}, "labels": 4}
    assert seconds(stats, found).measured


def test_a_start_that_compiles_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 30.0, 35.0])
    answer = SimpleNamespace(stdout="123\n")
    monkeypatch.setattr(calibrate.subprocess, "run", lambda *_args, **_kwargs: answer)
    assert calibrate.startup(lambda: next(times)) == (5.0, 123)


def test_it_finds_the_base_that_is_installed(tmp_path: Path) -> None:
    assert catalogue.DEFAULT in [name for name, _ in calibrate.here(tmp_path)]
