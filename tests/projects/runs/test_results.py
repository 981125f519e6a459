"""What the results page and its downloads say."""

import csv
import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from projects.runs import results
from projects.runs.results import Result, single
from training import scoring

LABELS = ["a", "b"]
ROWS: list[dict[str, Any]] = [
    {"row": 0, "line": 2, "text": "=1+1", "label": "a", "predicted": "a", "probability": 0.9},
    {
        "row": 1,
        "line": 3,
        "text": "sure, and wrong",
        "label": "a",
        "predicted": "b",
        "probability": 0.8,
    },
    {
        "row": 2,
        "line": 4,
        "text": "not sure, wrong",
        "label": "b",
        "predicted": "a",
        "probability": 0.6,
    },
    {
        "row": 3,
        "line": 5,
        "text": "right as well",
        "label": "b",
        "predicted": "b",
        "probability": 0.7,
    },
]


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    rows = [
        {
            **row,
            "file": "t.csv",
            "correct": row["label"] == row["predicted"],
            "probabilities": [row["probability"], 1 - row["probability"]],
        }
        for row in ROWS
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "predictions.parquet")
    return tmp_path / "predictions.parquet"


@pytest.fixture
def report() -> dict[str, Any]:
    metrics = scoring.classification([0, 0, 1, 1], [0, 1, 0, 1], None, LABELS)
    always = scoring.classification([0, 0, 1, 1], [0, 0, 0, 0], None, LABELS)
    return {
        "test_rows": 4,
        "metrics": metrics,
        "baselines": {"majority": always, "tfidf": always, "base": always},
        "seconds": {"train": 1.0, "total": 2.0},
        "details": {
            "labels": LABELS,
            "verdict": {"code": "gain", "points": 6.12, "baseline": "tfidf"},
        },
    }


@pytest.fixture
def result(report: dict[str, Any], predictions: Path) -> Result:
    return Result(report, predictions)


def test_the_verdict_is_a_plain_sentence(report: dict[str, Any]) -> None:
    del report["baselines"]["base"]
    found = results.context(Result(report))["verdict"]
    assert found["title"] == "Fine-tuning gained 6.1 points of accuracy over the simple baseline."
    assert found["tone"] == "good"


@pytest.mark.parametrize(("code", "tone"), [("same", "warn"), ("worse", "bad"), (None, "warn")])
def test_no_gain_is_not_shown_as_one(report: dict[str, Any], code: str | None, tone: str) -> None:
    report["details"]["verdict"] = {"code": code, "points": -1.5, "baseline": "majority"}
    found = results.context(Result(report))["verdict"]
    assert found["tone"] == tone
    assert "gained" not in found["title"]


def test_a_gain_that_the_base_model_has_as_well_is_not_told_as_one(report: dict[str, Any]) -> None:
    weaker = report["metrics"] | {"accuracy": 0.4}
    report["baselines"] = report["baselines"] | {"base": weaker}
    assert results.context(Result(report))["verdict"]["tone"] == "good"
    report["baselines"] = report["baselines"] | {"base": report["metrics"]}
    found = results.context(Result(report))["verdict"]
    assert found["tone"] == "warn"
    assert "50.0" in found["note"]


def test_a_report_of_a_head_that_is_not_known_still_shows(report: dict[str, Any]) -> None:
    report["details"] |= {"head": "new", "figures": {"glow": "glow"}, "main": "glow"}
    report["metrics"] = {"glow": 0.25}
    found = results.context(Result(report))
    assert found["view"].name == ""
    assert [(item["figure"].title, item["value"]) for item in found["figures"]] == [
        ("glow", "0.250")
    ]


def test_where_less_is_better_a_gain_is_a_fall(report: dict[str, Any]) -> None:
    report["details"] |= {"head": "new", "figures": {"perplexity": "perplexity"}}
    report["metrics"], report["baselines"] = {"perplexity": 8.0}, {"base": {"perplexity": 20.0}}
    rows = results.context(Result(report))["compared"]
    assert [row["gain"] for row in rows] == [12.0, 0.0]


def test_labels_come_weakest_first() -> None:
    rows = single.weakest_first({"a": {"f1": 0.9}, "b": {"f1": 0.2}})
    assert [row["label"] for row in rows] == ["b", "a"]


def test_before_and_after_end_with_the_model(report: dict[str, Any]) -> None:
    report["details"]["main"] = "macro_f1"
    rows = results.context(Result(report))["compared"]
    assert [row["ours"] for row in rows] == [False, False, False, True]
    # Always the same label has a macro F1 of a third.
    assert rows[0]["gain"] == pytest.approx(16.7, abs=0.1)


def test_confusions_name_the_most_frequent_first() -> None:
    found = single.confusions(["a", "b", "c"], [[5, 1, 3], [0, 2, 0], [1, 0, 0]])
    pairs = [(item["true"], item["predicted"], item["rows"]) for item in found]
    # One row of the only one of its label weighs more than one of nine.
    assert pairs == [("a", "c", 3), ("c", "a", 1), ("a", "b", 1)]


def test_a_cell_has_its_rows(predictions: Path) -> None:
    found = results.rows(predictions, true="a", predicted="b")
    assert [(row.row, row.line) for row in found.rows] == [(1, 3)]


def test_the_worst_mistakes_are_the_surest(predictions: Path) -> None:
    found = results.rows(predictions, wrong=True, limit=1)
    assert found.total == 2
    assert found.rows[0].text == "sure, and wrong"


def test_predictions_come_as_csv(result: Result, predictions: Path) -> None:
    table = _table("".join(results.predictions_csv(result, predictions)))
    assert [row["text"] for row in table] == [row["text"] for row in ROWS]
    assert float(table[0]["p_a"]) == 0.9


def test_a_spreadsheet_gets_no_formula(result: Result, predictions: Path) -> None:
    table = _table("".join(results.predictions_csv(result, predictions, spreadsheet=True)))
    assert table[0]["text"] == "'=1+1"
    assert float(table[0]["probability"]) == 0.9


def test_metrics_come_as_csv(result: Result) -> None:
    table = _table(results.metrics_csv(result))
    assert [row["scope"] for row in table[:2]] == LABELS
    assert {row["model"] for row in table} == {"model", "majority", "tfidf", "base"}
    values = {row["scope"]: row["value"] for row in table if row["model"] == "model"}
    assert float(values["mcc"]) == 0


def test_examples_show_different_labels(predictions: Path) -> None:
    found = results.examples(predictions)
    assert found == [{"text": "sure, and wrong"}, {"text": "not sure, wrong"}]


def _table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))
