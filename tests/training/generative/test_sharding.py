"""A model that is divided among two processes: trained as by one process, stopped and gone on with, and saved whole."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests.training.conftest import write_csv
from tests.training.test_distributed import WAIT, events_of, start, started
from training import ranks
from training.fit import fit
from training.problems import Problem
from training.spec import Spec, from_dict

LOSSES = ("train_loss", "valid_loss")


@pytest.fixture
def spec(llama_base: Path, tmp_path: Path) -> Spec:
    lines = [(f"what is {n}", f"{n}") for n in range(45)]
    file = write_csv(tmp_path / "rows.csv", lines, ("question", "answer_text"))
    given: dict[str, Any] = {"task": "question-answering", "train": str(file), "effort": "quick"}
    given |= {"columns": {name: name for name in ("question", "answer_text")}}
    settings = {"tested": 10, "max_new_tokens": 2, "learning_rate": 1e-3, "patience": 50}
    return from_dict({**given, "base_folder": str(llama_base), "settings": settings})


def losses(events: list[dict[str, Any]]) -> list[float]:
    """Of all epochs; what is told again after a stop counts once."""
    scored = {event["epoch"]: event for event in events if event["event"] == "scored"}
    found = [scored[epoch][name] for epoch in sorted(scored) for name in LOSSES]
    return [value for value in found if value is not None]


def alone(spec: Spec, folder: Path, **settings: Any) -> list[float]:
    steps = {"precision": "fp32", "batch_size": 8, **settings}
    return losses([event.as_dict() for event in fit(spec.with_settings(**steps), folder)])


def test_all_weights_are_trained_stopped_resumed_and_saved_whole(
    spec: Spec, llama_base: Path, tmp_path: Path
) -> None:
    given: dict[str, Any] = {"epochs": 8, "method": "full", "checkpointing": True}
    folder, divided = tmp_path / "two", {**given, "sharding": "fsdp"}
    child = start(folder, spec, llama_base, 2, **divided)
    started(child)
    child.send_signal(signal.SIGTERM)
    _out, err = child.communicate(timeout=WAIT)
    assert child.returncode == ranks.STOPPED, err
    assert list((folder / "resume" / "seed-0").glob("*/manifest.json"))
    child = start(folder, spec, llama_base, 2, **divided)
    out, err = child.communicate(timeout=WAIT)
    assert child.returncode == 0, err
    events = events_of(out)
    assert any(event["event"] == "resumed" for event in events)
    told = events_of((folder / "events.jsonl").read_text())
    assert losses(told) == pytest.approx(alone(spec, tmp_path / "one", **given), abs=1e-4)
    one, two = (
        load_file(tmp_path / f"{name}/artifact/model.safetensors") for name in ("one", "two")
    )
    assert one.keys() == two.keys()
    assert all(torch.allclose(one[name], two[name], atol=1e-3) for name in one)


def test_an_adapter_beside_a_divided_base_is_merged_whole(
    spec: Spec, llama_base: Path, tmp_path: Path
) -> None:
    given: dict[str, Any] = {"epochs": 2, "method": "lora", "rank": 4}
    child = start(tmp_path / "two", spec, llama_base, 2, **given, sharding="fsdp")
    out, err = child.communicate(timeout=WAIT)
    assert child.returncode == 0, err
    wanted = alone(spec, tmp_path / "one", **given)
    assert losses(events_of(out)) == pytest.approx(wanted, abs=1e-4)
    one, two = (
        load_file(tmp_path / f"{name}/artifact/model.safetensors") for name in ("one", "two")
    )
    assert all(torch.allclose(one[name], two[name], atol=1e-3) for name in one)
    assert json.loads((tmp_path / "two/artifact/attune.json").read_text())["task"] == spec.task


def test_what_cannot_be_divided_is_refused(spec: Spec, tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        list(fit(spec.with_settings(sharding="fsdp", method="prefix"), tmp_path / "run"))
    assert caught.value.code == "spec.together"
    assert caught.value.values["field"] == "method"
