"""What a way to show results is, and what it is made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from projects.runs.results.predictions import Listed, listed
from training import clashes, draft

Query = Mapping[str, str]
Context = dict[str, Any]
# Of a report from before it named them.
FIGURES = {"accuracy": "accuracy", "macro_f1": "macro.f1"}


@dataclass(frozen=True)
class Result:
    """A report and the files beside it: the predicted test rows, and the version that they are rows of."""

    report: Mapping[str, Any]
    predictions: Path | None = None
    version: Path | None = None

    @property
    def metrics(self) -> Mapping[str, Any]:
        return dict(self.report["metrics"])

    @property
    def details(self) -> Mapping[str, Any]:
        return self.report.get("details") or {}

    @property
    def head(self) -> str:
        return str(self.details.get("head") or "sequence")

    @property
    def is_draft(self) -> bool:
        return self.details.get("effort") == draft.EFFORT

    @property
    def unmerged(self) -> bool:
        """What was trained lies beside the weights of the base for good."""
        return (self.details.get("settings") or {}).get("method") in clashes.SOFT

    @property
    def objective(self) -> str:
        return str(self.details.get("objective") or "")

    @property
    def inputs(self) -> tuple[str, ...]:
        return tuple(self.details.get("inputs") or ("text",))

    @property
    def labels(self) -> list[str]:
        return list(self.details.get("labels") or sorted(self.metrics.get("per_label") or {}))

    @property
    def figures(self) -> dict[str, str]:
        """Name -> path within the metrics, the main one first."""
        found = dict(self.details.get("figures") or FIGURES)
        return {name: found[name] for name in sorted(found, key=lambda name: name != self.main)}

    @property
    def main(self) -> str:
        found = self.details.get("figures") or FIGURES
        return str(self.details.get("main") or next(iter(found), ""))


def nothing(result: Result) -> Context:
    return {}


@dataclass(frozen=True, kw_only=True)
class View:
    """`name`: templates/runs/results/_<name>.html, below the general part; empty: there is no more to see."""

    name: str
    measure: Any  # translatable: what the points of the verdict are points of
    by_row: bool = False  # the verdict compares means over rows, which may differ from the figures
    judged: str = ""  # path of the metric that the verdict is about; empty: that of the main figure
    context: Callable[[Result], Context] = nothing
    charts: Mapping[str, Callable[[Result, Query], dict[str, Any]]] = field(default_factory=dict)
    listed: Callable[[Result, Query, int], Listed] = listed
    rows: str = "plain"  # templates/runs/rows/_<rows>.html: what `listed` gives

    @property
    def template(self) -> str:
        return f"runs/results/_{self.name}.html"


def value_at(metrics: Mapping[str, Any], path: str) -> float | None:
    """metrics["a"]["b"] of "a.b"; None where there is no such number."""
    found: Any = metrics
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return None if found is None or isinstance(found, Mapping | list | str) else float(found)
