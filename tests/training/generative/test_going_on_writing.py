"""A fine-tune of a base that writes, cut off in the middle, ends with the same files and the same report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.training.conftest import write_csv
from tests.training.test_fit_going_on import carried_out, cut_at_step
from training.fit import writing
from training.spec import from_dict


@pytest.mark.parametrize("method", ["full", "lora", "prefix"])
def test_it_ends_the_same(
    llama_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    lines = [(f"what is {n}", f"{n}") for n in range(60)]
    file = write_csv(tmp_path / "rows.csv", lines, ("question", "answer_text"))
    settings = {"epochs": 2, "tested": 10, "max_new_tokens": 4, "precision": "fp32"}
    given: dict[str, Any] = {"task": "question-answering", "train": str(file), "effort": "quick"}
    given |= {"columns": {name: name for name in ("question", "answer_text")}}
    given |= {"settings": {**settings, "method": method, "batch_size": 8}}
    spec = from_dict({**given, "base_folder": str(llama_base)})
    wanted, _events = carried_out(spec, tmp_path / "whole")
    cut_at_step(monkeypatch, 7, spec, tmp_path / "cut")
    wrote = []
    written = writing.written
    monkeypatch.setattr(writing, "written", lambda *a: (wrote.append(a[3]), written(*a))[1])
    assert carried_out(spec, tmp_path / "cut")[0] == wanted
    assert wrote == ["testing"]  # what the untouched base wrote is remembered
