"""A base in few bits: refused where it cannot be held; what is learnt beside it ends in the plain weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from training import quantizing
from training.files import text as writers
from training.fit import fit, writing
from training.problems import Problem
from training.problems.machine import NO_GPU, NO_LIBRARY
from training.spec import Spec


@pytest.fixture
def spec(questions: Callable[..., Spec]) -> Spec:
    return questions(epochs=1, method="lora", rank=4, quantize="4bit")


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU could hold it")
def test_without_a_gpu_it_is_refused_before_anything_is_loaded(spec: Spec, tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        list(fit(spec, tmp_path / "run"))
    assert (caught.value.code, caught.value.values["reason"]) == ("train.quantize", NO_GPU)


def test_without_the_library_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(quantizing, "find_spec", lambda name: None)
    with pytest.raises(Problem) as caught:
        quantizing.check("8bit")
    assert caught.value.values["reason"] == NO_LIBRARY
    quantizing.check("none")
    monkeypatch.setattr(quantizing, "find_spec", lambda name: object())
    quantizing.check("8bit")


def test_all_weights_of_such_a_base_cannot_be_trained(spec: Spec, tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        list(fit(spec.with_settings(method="full"), tmp_path / "run"))
    assert (caught.value.code, caught.value.values["field"]) == ("spec.together", "method")


def test_a_base_is_asked_for_in_its_bits() -> None:
    device = torch.device("cpu")
    assert quantizing.how("none", device) == {}
    four, eight = (quantizing.how(bits, device) for bits in ("4bit", "8bit"))
    assert four["quantization_config"].quantization_method() == "nf4"
    assert eight["quantization_config"].quantization_method() == "llm_int8"
    assert four["device_map"] == {"": device}


def test_what_is_learnt_is_put_into_the_weights_as_they_came(
    spec: Spec, llama_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library itself is not here: a base that is rounded coarsely stands for one with few bits."""
    monkeypatch.setattr(quantizing, "check", lambda wanted: None)
    asked: list[dict[str, Any]] = []
    plain = writers.writer_of

    def rounded(folder: Path, objective: str, **how: Any) -> Any:
        base = plain(folder, objective)
        asked.append(how)
        if how:
            for item in base.parameters():
                item.data = torch.round(item.data * 8) / 8
        return base

    monkeypatch.setattr(writing.writers, "writer_of", rounded)
    list(fit(spec, tmp_path / "run"))
    assert [bool(how) for how in asked[:2]] == [
        True,
        False,
    ]  # trained with, and put under it at the end
    before = load_file(llama_base / "model.safetensors")
    after = load_file(tmp_path / "run" / "artifact" / "model.safetensors")
    words = "model.embed_tokens.weight"
    assert torch.equal(before[words], after[words])  # not the rounded ones
    moved = [name for name in before if not torch.equal(before[name], after[name])]
    assert moved
    assert all("proj" in name for name in moved)
