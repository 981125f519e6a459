"""A model that is divided among two processes: trained as by one process, stopped and gone on with, and saved whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests.training import two_ranks
from training.events import finite
from training.fit import fit
from training.problems import Problem
from training.spec import Spec

LOSSES = ("train_loss", "valid_loss")


@pytest.fixture
def spec(questions: Callable[..., Spec]) -> Spec:
    return questions(learning_rate=1e-3, batch_size=8, patience=9)


def losses(events: list[dict[str, Any]]) -> list[float]:
    """Of all epochs; what is told again after a stop counts once."""
    scored = {event["epoch"]: event for event in events if event["event"] == "scored"}
    found = [scored[epoch][name] for epoch in sorted(scored) for name in LOSSES]
    return [value for value in found if value is not None]


def events_of(spec: Spec, folder: Path) -> list[dict[str, Any]]:
    return [finite(event.as_dict()) for event in fit(spec, folder)]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = load_file(folder / "artifact" / "model.safetensors")
    return found


def test_all_weights_are_trained_stopped_resumed_and_saved_whole(
    spec: Spec, tmp_path: Path
) -> None:
    spec = spec.with_settings(epochs=3, method="full", checkpointing=True)
    told = events_of(spec, tmp_path / "one")
    judged = next(event["step"] for event in told if event["event"] == "scored" and event["step"])
    divided, folder = spec.with_settings(devices=2, sharding="fsdp"), tmp_path / "two"
    found: list[dict[str, Any]] = []
    for step in (1, judged):  # among the steps of an epoch; while its end is judged
        found += two_ranks.fitted(folder, divided, stop=(1, step))
        assert found[-1] == two_ranks.STOPPED  # the leader too, at the same place
        assert list((folder / "resume" / "seed-0").glob("*/manifest.json"))
    found += two_ranks.fitted(folder, divided)
    assert sum(event["event"] == "resumed" for event in found) == 2
    assert losses(found) == pytest.approx(losses(told), abs=1e-4)
    one, two = weights(tmp_path / "one"), weights(folder)
    assert one.keys() == two.keys()
    assert all(torch.allclose(one[name], two[name], atol=1e-3) for name in one)


def test_an_adapter_beside_a_divided_base_is_merged_whole(spec: Spec, tmp_path: Path) -> None:
    spec = spec.with_settings(epochs=2, method="lora", rank=4)
    wanted = losses(events_of(spec, tmp_path / "one"))
    divided = spec.with_settings(devices=2, sharding="fsdp")
    assert losses(two_ranks.fitted(tmp_path / "two", divided)) == pytest.approx(wanted, abs=1e-4)
    one, two = weights(tmp_path / "one"), weights(tmp_path / "two")
    assert all(torch.allclose(one[name], two[name], atol=1e-3) for name in one)


def test_what_cannot_be_divided_is_refused(spec: Spec, tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        list(fit(spec.with_settings(sharding="fsdp", method="prefix"), tmp_path / "run"))
    assert caught.value.code == "spec.together"
    assert caught.value.values["field"] == "method"
