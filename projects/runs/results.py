"""What a finished run says about its model: the report and the predicted test rows, made ready for pages and files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from training.exports import harmless
from web.templatetags.attune import percent

PAGE = 20
SHOWN_CONFUSIONS = 12
NAMES = {
    "majority": gettext_lazy("Always the most frequent label"),
    "tfidf": gettext_lazy("Word counts (TF-IDF) with logistic regression"),
    "base": gettext_lazy("The base model before fine-tuning"),
    "model": gettext_lazy("Your fine-tuned model"),
}


@dataclass(frozen=True)
class Prediction:
    """One test row; `probability` is that of the predicted label."""

    row: int
    file: str
    line: int
    text: str
    label: str
    predicted: str
    probability: float
    correct: bool


@dataclass(frozen=True)
class Predictions:
    total: int
    rows: list[Prediction]


def context(report: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that the results page shows of a report."""
    metrics, details = report["metrics"], report.get("details") or {}
    labels = details.get("labels") or sorted(metrics["per_label"])
    return {
        "verdict": verdict(details.get("verdict") or {}) | unearned(report),
        "compared": compared(report),
        "metrics": metrics,
        "labels": labels,
        "per_label": weakest_first(metrics["per_label"]),
        "averages": averages(metrics),
        "confusions": confusions(labels, metrics["confusion"]),
        "test_rows": report["test_rows"],
        "details": details,
        "seconds": report["seconds"],
    }


def weakest_first(per_label: Mapping[str, Mapping[str, float]]) -> list[dict[str, Any]]:
    """By F1: what should be looked at stands on top."""
    rows: list[dict[str, Any]] = [{"label": label, **scores} for label, scores in per_label.items()]
    return sorted(rows, key=lambda row: (row["f1"], row["label"]))


def averages(metrics: Mapping[str, Any]) -> list[tuple[str, Mapping[str, float]]]:
    return [
        (_("Macro average"), metrics["macro"]),
        (_("Micro average"), metrics["micro"]),
        (_("Weighted average"), metrics["weighted"]),
    ]


def verdict(found: Mapping[str, Any]) -> dict[str, str]:
    """One plain sentence, and its tone."""
    code, points = found.get("code"), abs(float(found.get("points") or 0))
    shown = number_format(round(points, 1), 1)
    name = NAMES.get(str(found.get("baseline")), "")
    if code == "gain":
        title = _("Fine-tuning gained %(points)s points over the simple baseline.")
        return {"tone": "good", "title": title % {"points": shown}, "baseline": str(name)}
    if code == "worse":
        title = _("The fine-tuned model is %(points)s points worse than the simple baseline.")
        return {"tone": "bad", "title": title % {"points": shown}, "baseline": str(name)}
    title = _("No better than the simple baseline.")
    return {"tone": "warn", "title": title, "baseline": str(name)}


def unearned(report: Mapping[str, Any]) -> dict[str, str]:
    """What replaces a verdict of `gain` where the base model does as well without being fine-tuned."""
    details = report.get("details") or {}
    found, base = details.get("verdict") or {}, report["baselines"].get("base")
    after = report["metrics"]["accuracy"]
    if found.get("code") != "gain" or base is None or base["accuracy"] < after:
        return {}
    title = _("Better than the simple baseline, but fine-tuning is not the reason.")
    note = _(
        "The base model as it comes, with a linear head, gets %(base)s right; your model %(ours)s. "
        "Try a longer effort, or more rows."
    )
    values = {"base": percent(base["accuracy"]), "ours": percent(after)}
    return {"tone": "warn", "title": title, "note": note % values}


def compared(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Before and after on the same test rows; `gain` is the fine-tuned accuracy minus the row's, 0 to 1."""
    after = report["metrics"]
    rows = [
        {"key": key, "metrics": report["baselines"][key]}
        for key in ("majority", "tfidf", "base")
        if key in report["baselines"]
    ]
    rows.append({"key": "model", "metrics": after})
    return [
        {
            "name": NAMES[row["key"]],
            "ours": row["key"] == "model",
            "accuracy": row["metrics"]["accuracy"],
            "macro_f1": row["metrics"]["macro"]["f1"],
            "gain": after["accuracy"] - row["metrics"]["accuracy"],
        }
        for row in rows
    ]


def confusions(labels: list[str], matrix: list[list[int]]) -> list[dict[str, Any]]:
    """The most frequent mistakes: which label was taken for which, how often, and how large a share of its rows."""
    wrong: list[dict[str, Any]] = [
        {"true": labels[i], "predicted": labels[j], "rows": cell, "share": cell / sum(row)}
        for i, row in enumerate(matrix)
        for j, cell in enumerate(row)
        if i != j and cell
    ]
    wrong.sort(key=lambda item: (-item["rows"], -item["share"], item["true"], item["predicted"]))
    return wrong[:SHOWN_CONFUSIONS]


def rows(
    path: Path,
    *,
    true: str | None = None,
    predicted: str | None = None,
    wrong: bool = False,
    offset: int = 0,
    limit: int = PAGE,
) -> Predictions:
    """Predicted test rows, the most confident first; `path` is the run's predictions.parquet."""
    names = list(Prediction.__dataclass_fields__)
    table = pq.read_table(path, columns=names)
    if true is not None:
        table = table.filter(pc.equal(table["label"], true))
    if predicted is not None:
        table = table.filter(pc.equal(table["predicted"], predicted))
    if wrong:
        table = table.filter(pc.invert(table["correct"]))
    ordered = table.sort_by([("probability", "descending"), ("row", "ascending")])
    found = ordered.slice(offset, limit).to_pylist()
    return Predictions(table.num_rows, [Prediction(**row) for row in found])


def examples(path: Path, count: int = 3) -> list[str]:
    """Short test texts of different labels, to try the model with."""
    table = pq.read_table(path, columns=["text", "label"]).slice(0, 500)
    chosen: dict[str, str] = {}
    for row in table.to_pylist():
        if 8 <= len(row["text"]) <= 160:
            chosen.setdefault(row["label"], row["text"])
    return list(chosen.values())[:count]


def predictions_csv(path: Path, labels: list[str], *, spreadsheet: bool = False) -> Iterator[str]:
    """Every test row as CSV, one column a label's probability. `spreadsheet` makes formulas harmless text."""
    head = ["row", "file", "line", "text", "label", "predicted", "probability", "correct"]
    yield _lines([[*head, *(f"p_{label}" for label in labels)]], spreadsheet)
    for batch in pq.ParquetFile(path).iter_batches(2000, columns=[*head, "probabilities"]):
        records = batch.to_pylist()
        yield _lines(
            ([*(record[name] for name in head), *record["probabilities"]] for record in records),
            spreadsheet,
        )


def metrics_csv(report: Mapping[str, Any], *, spreadsheet: bool = False) -> str:
    """One line a label and average; the baselines below, each with its accuracy."""
    metrics = report["metrics"]
    table: list[list[Any]] = [
        ["model", "scope", "precision", "recall", "f1", "support", "accuracy"]
    ]
    for label, scores in metrics["per_label"].items():
        table.append(["model", label, *_scores(scores), scores["support"], ""])
    for key, found in {"model": metrics, **report["baselines"]}.items():
        for average in ("macro", "micro", "weighted"):
            if average in found:
                scores = _scores(found[average])
                table.append(
                    [key, f"{average} average", *scores, report["test_rows"], found["accuracy"]]
                )
    return _lines(table, spreadsheet)


def _scores(scores: Mapping[str, float]) -> list[float]:
    return [scores[name] for name in ("precision", "recall", "f1")]


def _lines(table: Iterable[Iterable[Any]], spreadsheet: bool) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    for line in table:
        writer.writerow([harmless(cell) for cell in line] if spreadsheet else list(line))
    return out.getvalue()
