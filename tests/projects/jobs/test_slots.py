"""Slots and the hardware that belongs to them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site

from config import gpus
from projects.jobs import hardware, slots
from projects.jobs.health import CPU, GPU


@pytest.fixture
def machine(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`machine(cpu=2, gpus="0,1", each=2)`: slots without GPUs, GPUs, slots on each."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(hardware, "cores", lambda: 8)

    def make(cpu: int = 1, gpus: str = "", each: int = 1) -> None:
        settings.GPUS = [name for name in gpus.split(",") if name]
        clusters = site.Q_CLUSTER["ALT_CLUSTERS"]
        monkeypatch.setitem(clusters, CPU, {"workers": cpu})
        monkeypatch.setitem(clusters, GPU, {"workers": max(1, each * len(settings.GPUS))})
        settings.QUEUE_CLUSTERS = ["attune", GPU if settings.GPUS else CPU]

    return make


def test_runs_go_where_the_hardware_is(machine: Any) -> None:
    machine(cpu=2)
    assert hardware.cluster() == CPU
    machine(gpus="0,1")
    assert hardware.cluster() == GPU


def test_alone_torch_chooses_its_threads_and_sees_no_gpu(machine: Any) -> None:
    machine(cpu=1)
    assert slots.environment(CPU, 0) == {"CUDA_VISIBLE_DEVICES": ""}


def test_side_by_side_runs_share_the_cores(machine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(cpu=3)
    assert slots.environment(CPU, 0)["OMP_NUM_THREADS"] == "2"
    monkeypatch.setenv("OMP_NUM_THREADS", "5")  # the operator knows better
    assert "OMP_NUM_THREADS" not in slots.environment(CPU, 0)


def test_each_gpu_gets_its_runs(machine: Any) -> None:
    machine(gpus="0,3", each=2)
    found = [slots.environment(GPU, number) for number in range(hardware.slots(GPU))]
    assert [env["CUDA_VISIBLE_DEVICES"] for env in found] == ["0", "3", "0", "3"]
    assert {env["OMP_NUM_THREADS"] for env in found} == {"2"}


def test_a_slot_is_taken_once(machine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(cpu=2)
    monkeypatch.setattr(slots, "PATIENCE", 0.0)
    with slots.taken(CPU) as first, slots.taken(CPU) as second:
        assert {first.number, second.number} == {0, 1}
        with pytest.raises(slots.Busy), slots.taken(CPU):
            pass
    with slots.taken(CPU) as again:
        assert again.number == 0


def test_a_slot_is_not_free_before_its_process_has_gone(
    machine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(cpu=1)
    monkeypatch.setattr(slots, "PATIENCE", 0.0)
    with slots.taken(CPU) as slot:
        childs = os.dup(slot.descriptor)
    with pytest.raises(slots.Busy), slots.taken(CPU):
        pass
    os.close(childs)
    with slots.taken(CPU):
        pass


def test_gpus_are_found_without_torch(tmp_path: Path) -> None:
    for name in ("nvidia0", "nvidia1", "nvidiactl", "null"):
        (tmp_path / name).touch()
    assert gpus.found({}, tmp_path) == ["0", "1"]
    assert gpus.found({"CUDA_VISIBLE_DEVICES": "1"}, tmp_path) == ["1"]
    assert gpus.found({"CUDA_VISIBLE_DEVICES": "GPU-a, GPU-b"}, tmp_path) == ["GPU-a", "GPU-b"]
    assert gpus.found({"CUDA_VISIBLE_DEVICES": "-1"}, tmp_path) == []
    assert gpus.found({"CUDA_VISIBLE_DEVICES": ""}, tmp_path) == []


def test_a_run_on_several_gpus_has_the_slots_of_them(
    machine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(gpus="0,3", each=2)
    monkeypatch.setattr(slots, "PATIENCE", 0.0)
    with slots.taken(GPU, 2) as both:
        assert both.env["CUDA_VISIBLE_DEVICES"] == "0,3"
        assert len(both.descriptors) == 2
        with slots.taken(GPU, 2) as more:  # the second slot of each
            assert more.env["CUDA_VISIBLE_DEVICES"] == "0,3"
            with pytest.raises(slots.Busy), slots.taken(GPU):
                pass
    with slots.taken(GPU) as one, pytest.raises(slots.Busy), slots.taken(GPU, 3):
        pass
    assert one.env["CUDA_VISIBLE_DEVICES"] == "0"
    with slots.taken(GPU, 2) as again:  # nothing that was gathered in vain is left behind
        assert again.number == 0
