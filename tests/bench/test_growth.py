"""`python -m bench growth` and `draft`: what a training needs before it begins, and how soon there is a first model."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from bench import drafts, estimates
from bench.experts import sets
from bench.training import growth, texts


def test_more_rows_are_made_and_no_two_are_alike() -> None:
    given = [("where is it", "parcel"), ("a wrong one", "invoice")]
    made = [*growth.more(given, 50)]
    assert made[:2] == given
    assert len({text for text, _ in made}) == 50
    assert [label for _, label in made] == ["parcel", "invoice"] * 25
    assert [*growth.more(given, 1)] == given[:1]


def test_the_slowest_is_compared_with_the_fastest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []

    def child(given: dict[str, Any]) -> dict[str, Any]:
        asked.append(given)
        rows = len(texts.load(Path(given["train"])))
        return {"rows": 3000 / len(asked), "seconds": 10.0, "ready": rows / 100, "peak_mb": 900}

    monkeypatch.setattr(growth, "child", child)
    wanted = argparse.Namespace(
        data=tmp_path, base="minilm-l6", rows=[100, 400], turns=1, seconds=2.0
    )
    found = growth.measured(wanted, tmp_path)
    assert found["spread"] == 2.0
    assert found["sizes"]["400"] == {
        "rows_per_second": 150.0,
        "ready_seconds": 4.0,
        "ready_per_1000_rows": 10.0,
        "peak_mb": 900,
    }


def test_a_draft_is_timed_from_its_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def spent(args: list[str], clock: str) -> float:
        folder = Path(args[-1])
        assert json.loads((folder / "spec.json").read_text())["effort"] == "draft"
        report = {
            "seconds": {"total": 20.0},
            "details": {"rows": {"train": 8, "test": 2}},
            "metrics": {"accuracy": 0.5, "macro": {"f1": 0.4}},
        }
        (folder / "report.json").write_text(json.dumps(report))
        return float(30 + int(folder.name))

    monkeypatch.setattr(estimates, "spent", spent)
    monkeypatch.setattr(sets, "version", lambda *_: tmp_path / "version.parquet")
    wanted = argparse.Namespace(data=tmp_path, set="banking77", rows=10, turns=3)
    found = drafts.measured(wanted, tmp_path)
    assert found["seconds"] == 31.0  # the one in the middle
    assert (found["rows"], found["accuracy"]) == ({"train": 8, "test": 2}, 0.5)
