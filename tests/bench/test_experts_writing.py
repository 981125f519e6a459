"""The one setting of an expert for models that write, with models of a few thousand weights."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from bench.experts import one, sets
from tests.training.generative.conftest import chat_tokenizer, llama_base, pair_tokenizer, t5_base

__all__ = ["chat_tokenizer", "llama_base", "pair_tokenizer", "t5_base"]
POINT = {"learning_rate": 1e-3, "epochs": 1, "batch_size": 4}


def version(name: str, folder: Path) -> Path:
    chosen = sets.SETS[name]
    for split in sets.SPLITS:
        file = folder / f"{chosen.file}_{split}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("w", encoding="utf-8", newline="") as out:
            rows = [row(name, f"{split} {number}") for number in range(12)]
            csv.writer(out).writerows([chosen.columns, *rows])
    return sets.version(chosen, folder, folder)


def row(name: str, text: str) -> list[str]:
    if name != "dialogue":
        return [f"the cat {text}", f"a dog {text}"]
    turns = [("user", f"hello {text}"), ("assistant", "yes"), ("user", "why"), ("assistant", text)]
    return [json.dumps([{"role": who, "content": said} for who, said in turns])]


@pytest.mark.parametrize(
    ("name", "base"),
    [("translation", "t5_base"), ("summarization", "llama_base"), ("dialogue", "llama_base")],
)
def test_what_is_written_is_scored_as_ours_is(
    name: str, base: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    chosen = sets.SETS[name]
    given: dict[str, Any] = {
        "task": chosen.task,
        "version": str(version(name, tmp_path)),
        "base": str(request.getfixturevalue(base)),
        "columns": {column: column for column in chosen.columns},
    }
    expert = one.main({**given, "by": "expert", "point": POINT})
    ours = one.main(
        {**given, "by": "ours", "settings": {"epochs": 1, "tested": 10, "max_new_tokens": 8}}
    )
    assert expert["main"] == ours["main"]
    assert expert["test"].keys() == ours["test"].keys() >= {"perplexity", expert["main"]}
    assert expert["valid"] is None
