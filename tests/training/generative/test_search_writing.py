"""A search for a base that writes: trials are compared by their loss on the validation rows."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from training.events import Report, Scored, Searching, Trial
from training.search import search
from training.spec import from_dict


@pytest.mark.parametrize(("base", "names"), [("llama_base", ["rank"]), ("t5_base", ["epochs"])])
def test_the_lowest_loss_is_the_best(
    base: str, names: list[str], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    train = tmp_path / "train.csv"
    with train.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [("source", "target"), *((f"the cat {n}", f"猫 {n}") for n in range(60))]
        )
    spec = from_dict(
        {
            "task": "translation",
            "train": str(train),
            "columns": {"source": "source", "target": "target"},
            "base_folder": str(request.getfixturevalue(base)),
            "effort": "quick",
            "settings": {"tested": 10, "max_new_tokens": 4, "precision": "fp32"},
            "search": {"trials": 3, "names": ["learning_rate", *names], "pruner": "none"},
        }
    )
    events = list(search(spec, tmp_path / "run"))
    assert next(one for one in events if isinstance(one, Searching)).figure == "loss"
    values = [one.value for one in events if isinstance(one, Trial) and one.state == "complete"]
    told = next(one for one in events if isinstance(one, Report)).details["search"]
    assert told["value"] == min(value for value in values if value is not None)
    kept = [one for one in events if isinstance(one, Scored) and one.best][-1]
    assert kept.valid_loss == pytest.approx(told["value"], abs=1e-6)
