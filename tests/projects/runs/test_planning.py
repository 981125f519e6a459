"""Estimates learn from the runs of this machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from projects.datasets.models import DatasetVersion
from projects.models import Project
from projects.runs import planning
from projects.runs.models import Run, Status
from training.problems import Problem
from training.problems.machine import NO_GPU, NO_LIBRARY
from training.spec import Spec

pytestmark = pytest.mark.django_db
Make = Callable[..., Run]


@pytest.fixture
def done(bare: Make) -> Callable[..., Run]:
    def make(total: float, estimated: float, factor: float = 1.0) -> Run:
        times = {"total_seconds": total, "estimated_seconds": estimated, "estimate_factor": factor}
        return bare(Status.SUCCEEDED, ended_at=timezone.now(), **times)

    return make


@pytest.fixture
def spec(project: Project) -> Spec:
    return planning.spec(project, base="minilm-l6", effort="quick", seed=1, settings={})


def test_without_runs_nothing_is_corrected(done: Callable[..., Run]) -> None:
    assert planning.learnt("minilm-l6").factor == 1.0
    done(300, 100)
    assert planning.learnt("minilm-l6").factor == 1.0  # one run may have met a busy moment


def test_the_median_of_the_latest_runs_corrects(
    done: Callable[..., Run], version: DatasetVersion, spec: Spec
) -> None:
    before = planning.estimate(version, spec).seconds
    for total in (200, 220, 900):
        done(total, 100)
    assert planning.learnt("minilm-l6").factor == pytest.approx(2.2)
    assert planning.estimate(version, spec).seconds == pytest.approx(2.2 * before, rel=0.01)


def test_a_correction_does_not_correct_itself_away(done: Callable[..., Run]) -> None:
    for _run in range(3):
        done(200, 200, factor=2.0)  # estimated rightly, thanks to the correction
    assert planning.learnt("minilm-l6").factor == pytest.approx(2.0)


def test_the_same_base_tells_more(done: Callable[..., Run]) -> None:
    for _run in range(3):
        done(100, 100)
    for _run in range(2):
        slow = done(300, 100)
        slow.spec = slow.spec | {"base": "gte-small"}
        slow.save()
    assert planning.learnt("gte-small").factor == pytest.approx(3.0)
    assert planning.learnt("minilm-l6").factor == pytest.approx(1.0)


def test_runs_that_agree_make_the_interval_narrow(
    done: Callable[..., Run], version: DatasetVersion, spec: Spec
) -> None:
    before = planning.estimate(version, spec)
    for total in (100, 104, 97, 110, 100):
        done(total, 100)
    after = planning.estimate(version, spec)
    assert after.high - after.low < before.high - before.low
    assert after.low < after.seconds < after.high


def test_memory_is_learnt_too(
    done: Callable[..., Run], version: DatasetVersion, spec: Spec
) -> None:
    before = planning.estimate(version, spec).memory
    for _run in range(2):
        run = done(100, 100)
        run.estimate = {"memory": 500, "memory_factor": 0.5}
        run.report = {"memory": 1500}
        run.save()
    assert planning.learnt("minilm-l6").memory == pytest.approx(1.5)
    assert planning.estimate(version, spec).memory == pytest.approx(1.5 * before, rel=0.01)


def test_no_more_devices_than_there_are(spec: Spec, settings: Any) -> None:
    settings.GPUS = ["0", "1"]
    planning.check_devices(spec)
    planning.check_devices(spec.with_settings(devices=2))
    with pytest.raises(Problem) as raised:
        planning.check_devices(spec.with_settings(devices=3))
    assert (raised.value.code, raised.value.values) == ("train.devices", {"wanted": 3, "found": 2})
    settings.GPUS = []
    with pytest.raises(Problem):
        planning.check_devices(spec.with_settings(devices=2))


def test_fewer_bits_need_a_gpu_and_a_library(
    spec: Spec, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.GPUS = []
    planning.check_quantize(spec)
    with pytest.raises(Problem) as raised:
        planning.check_quantize(spec.with_settings(quantize="4bit"))
    assert (raised.value.code, raised.value.values["reason"]) == ("train.quantize", NO_GPU)
    settings.GPUS = ["0"]
    monkeypatch.setattr(planning, "find_spec", lambda name: None)
    assert planning.unquantized() == NO_LIBRARY
    monkeypatch.setattr(planning, "find_spec", lambda name: object())
    planning.check_quantize(spec.with_settings(quantize="4bit"))


def test_the_estimate_counts_devices(version: DatasetVersion, spec: Spec, settings: Any) -> None:
    settings.GPUS = ["0", "1"]
    found = planning.estimate(version, spec.with_settings(devices=2))
    assert found.devices == 2
    assert planning.estimate(version, spec.with_settings(devices=9)).devices == 2


def test_only_the_latest_count(done: Callable[..., Run]) -> None:
    for _run in range(10):
        done(400, 100)
    for _run in range(10):
        done(100, 100)
    assert planning.learnt("minilm-l6").factor == pytest.approx(1.0)


@pytest.mark.parametrize(("total", "bound"), [(1, 0.2), (100_000, 5.0)])
def test_it_stays_within_bounds(done: Callable[..., Run], total: float, bound: float) -> None:
    for _run in range(3):
        done(total, 100)
    assert planning.learnt("minilm-l6").factor == bound


@pytest.mark.parametrize("text", ["", "{", "[]", "null"])
def test_a_calibration_that_is_none_is_left_out(text: str, settings: object) -> None:
    from django.conf import settings as site

    site.CALIBRATION_FILE.write_text(text)
    assert planning.calibration() == {}


def test_more_effort_takes_longer(version: DatasetVersion, spec: Spec) -> None:
    found = planning.by_effort(version, spec)
    assert found["quick"].seconds < found["balanced"].seconds < found["thorough"].seconds
