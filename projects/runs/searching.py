"""A search for better settings on the pages of a run: its trials while it runs, and what it found."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from projects.figures import shorten
from projects.runs.models import Run, RunEvent
from projects.runs.names import (
    Figure,
    figure,
    figure_value,
    setting_title,
    setting_value,
)
from projects.runs.results import Result
from training.problems import TABLE

SHOWN = 200  # trials that are drawn
Draw = Callable[[Result, Mapping[str, str]], dict[str, Any]]


def live(run: Run) -> dict[str, Any]:
    """{"trials", …} of a run that searches or was stopped while it did; {} of any other."""
    if not run.spec.get("search"):
        return {}
    kinds = ("search", "trial")
    events = RunEvent.objects.filter(run=run, attempt=run.attempt, kind__in=kinds).order_by("seq")
    told: dict[str, Any] = {}
    latest: dict[int, dict[str, Any]] = {}
    for event in events:
        if event.kind == "search":
            told = dict(event.data)
        else:
            latest[event.data["number"]] = event.data
    one = figure(str(told.get("figure", "")), str(told.get("head", "")))
    trials = [_row(trial, one) for trial in latest.values()]
    best = _best(list(latest.values()), one)
    ended = [row for row in trials if row["state"] != "running"]
    return {
        "searching": {
            "figure": one,
            "budget": run.spec["search"],
            "trials": sorted(ended, key=lambda row: -row["number"]),
            "now": [row for row in trials if row["state"] == "running"],
            "best": next((row for row in trials if best and row["number"] == best["number"]), None),
        }
    }


def found(result: Result) -> dict[str, Any]:
    """The leaderboard and what was gained, for the results page; {} without a search."""
    told = result.details.get("search")
    if not told:
        return {}
    one = figure(told["figure"], told.get("head", ""))
    rows = [_row(trial, one) for trial in sorted(told["trials"], key=_ranked(one))]
    for place, row in enumerate(rows, start=1):
        row["place"], row["best"] = place, row["number"] == told["best"]
    return {
        "search": {
            "figure": one,
            "rows": rows,
            "valid_rows": told["rows"],
            "seconds": told["seconds"],
            "verdict": verdict(told, one),
            "importance": importances(told),
            "settings": [setting_title(item["name"]) for item in told["space"]],
        }
    }


def verdict(told: Mapping[str, Any], one: Figure) -> str:
    """What was gained over the usual settings, in one plain sentence."""
    usual, best = told["usual"], told["value"]
    values = {"figure": one.title, "best": figure_value(best, one.form)}
    if usual is None:
        return _("%(figure)s on the validation rows: %(best)s.") % values
    values["usual"] = figure_value(usual, one.form)
    if told["best"] == 0:
        return _("Nothing was better than the usual settings: %(figure)s of %(best)s.") % values
    sentence = _(
        "%(figure)s on the validation rows: %(best)s, and %(usual)s with the usual settings."
    )
    if told["error"] is not None and abs(best - usual) < told["error"]:
        sentence = _(
            "%(figure)s on the validation rows: %(best)s, and %(usual)s with the usual settings. So small a "
            "difference may be chance."
        )
    return sentence % values


def importances(told: Mapping[str, Any]) -> list[tuple[str, float]]:
    """(setting, share of the difference between trials), the largest first."""
    found = told.get("importance") or {}
    return [
        (setting_title(name), share) for name, share in sorted(found.items(), key=lambda i: -i[1])
    ]


def _row(trial: Mapping[str, Any], one: Figure) -> dict[str, Any]:
    reason = str(trial.get("reason") or "")
    value = trial.get("value")
    return {
        "number": trial["number"],
        "usual": trial["number"] == 0,
        "state": trial["state"],
        "told": _told(trial["state"], reason),
        "settings": [(setting_title(n), shown(v)) for n, v in trial["settings"].items()],
        "value": figure_value(value, one.form),
        "epochs": len(trial.get("values") or ()),
        "seconds": trial["seconds"],
    }


def _told(state: str, reason: str) -> str:
    if state == "failed":
        return _("Failed: %(why)s") % {"why": _(TABLE[reason].title) if reason in TABLE else reason}
    if state == "pruned":
        return _("Time was over") if reason == "time" else _("Given up early")
    return _("Finished") if state == "complete" else _("Running")


def shown(value: Any) -> str:
    """A value as a person would write it: 0.00034 and not 3.4e-04."""
    if isinstance(value, float):
        digits = 3 - math.floor(math.log10(abs(value))) - 1 if value else 0
        return f"{value:.{max(0, digits)}f}".rstrip("0").rstrip(".") if value else "0"
    return str(setting_value(value))


def _ranked(one: Figure) -> Callable[[Mapping[str, Any]], tuple[int, float, int]]:
    """Finished ones by their score, then those given up, then failed ones."""
    order = ("complete", "pruned", "failed")

    def key(trial: Mapping[str, Any]) -> tuple[int, float, int]:
        value = trial["value"]
        score = math.inf if value is None else (value if one.lower else -value)
        return order.index(trial["state"]), score, trial["number"]

    return key


def _best(trials: Sequence[Mapping[str, Any]], one: Figure) -> Mapping[str, Any] | None:
    done = [trial for trial in trials if trial["state"] == "complete"]
    return min(done, key=_ranked(one), default=None)


# --- charts ----------------------------------------------------------------------------------------------------------


def chart(result: Result, name: str) -> Draw | None:
    return CHARTS.get(name) if result.details.get("search") else None


def parallel(result: Result, query: Mapping[str, str]) -> dict[str, Any]:
    """Every trial as a line through its settings to its score.

    Drawn with plain lines: plotly's own parallel coordinates make code at run time, which the page does not allow.
    """
    told = result.details["search"]
    one = figure(told["figure"], told.get("head", ""))
    trials = [trial for trial in told["trials"] if trial["value"] is not None]
    ranked = sorted(trials, key=_ranked(one))[:SHOWN]
    axes = [*told["space"], _scores(ranked, told["figure"])]
    lines = [_line(trial, axes, told["best"], one) for trial in reversed(ranked)]
    titles = [shorten(setting_title(axis["name"])) for axis in axes[:-1]]
    return {
        "data": lines,
        "layout": {
            "height": 380,
            "showlegend": False,
            "margin": {"l": 40, "r": 40, "t": 24, "b": 72},
            "xaxis": {
                "tickvals": list(range(len(axes))),
                "ticktext": [*titles, str(one.title)],
                "range": [-0.3, len(axes) - 0.7],
                "showgrid": True,
                "zeroline": False,
            },
            "yaxis": {"visible": False, "range": [-0.12, 1.12]},
            "annotations": [
                end for place, axis in enumerate(axes) for end in _ends(place, axis, one)
            ],
        },
        "min_width": 110 * len(axes),
    }


def _scores(trials: Sequence[Mapping[str, Any]], name: str) -> dict[str, Any]:
    values = [trial["value"] for trial in trials] or [0.0]
    return {"name": name, "low": min(values), "high": max(values), "choices": [], "score": True}


def _line(
    trial: Mapping[str, Any], axes: Sequence[Mapping[str, Any]], best: int, one: Figure
) -> dict[str, Any]:
    values = [
        trial["value"] if axis.get("score") else trial["settings"][axis["name"]] for axis in axes
    ]
    color, width, faint = "--chart-1", 1, 0.35
    if trial["number"] == 0:
        color, width, faint = "--chart-3", 3, 1
    if trial["number"] == best:
        color, width, faint = "--chart-2", 4, 1
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": _name(trial["number"], best),
        "x": list(range(len(axes))),
        "y": [_height(axis, value) for axis, value in zip(axes, values, strict=True)],
        "customdata": [*map(shown, values[:-1]), figure_value(values[-1], one.form)],
        "line": {
            "color": color,
            "width": width,
            "dash": "dash" if trial["number"] == 0 else "solid",
        },
        "marker": {"color": color, "size": 5},
        "opacity": faint,
        "hovertemplate": "%{x}: %{customdata}<extra>%{fullData.name}</extra>",
    }


def _name(number: int, best: int) -> str:
    if number == best:
        return _("The best")
    return _("The usual settings") if number == 0 else _("Trial %(number)s") % {"number": number}


def _height(axis: Mapping[str, Any], value: Any) -> float:
    """Where a value lies on its axis, 0 to 1."""
    if axis["choices"]:
        return axis["choices"].index(value) / max(1, len(axis["choices"]) - 1)
    low, high = axis["low"], axis["high"]
    if axis.get("log") and low > 0:
        low, high, value = math.log(low), math.log(high), math.log(value)
    return round((value - low) / (high - low), 4) if high > low else 0.5


def _ends(place: int, axis: Mapping[str, Any], one: Figure) -> list[dict[str, Any]]:
    """The lowest and the highest value of an axis, or all choices."""
    values = axis["choices"] or [axis["low"], axis["high"]]
    if not axis["choices"] and axis["low"] == axis["high"]:
        values = [axis["low"]]
    return [
        {
            "x": place,
            "y": _height(axis, value),
            "text": figure_value(value, one.form) if axis.get("score") else shown(value),
            "showarrow": False,
            "xanchor": "left",
            "xshift": 6,
            "font": {"size": 10},
        }
        for value in values
    ]


def bars(result: Result, query: Mapping[str, str]) -> dict[str, Any]:
    """How much each setting mattered."""
    found = list(reversed(importances(result.details["search"])))
    line = {
        "type": "bar",
        "orientation": "h",
        "x": [share for _title, share in found],
        "y": [shorten(title) for title, _share in found],
        "marker": {"color": "--chart-1"},
        "hovertemplate": "%{y}: %{x:.0%}<extra></extra>",
    }
    share = {"tickformat": ".0%", "range": [0, 1], "title": {"text": _("Share of the differences")}}
    return {"data": [line], "layout": {"height": 60 + 30 * max(2, len(found)), "xaxis": share}}


CHARTS: dict[str, Draw] = {"search": parallel, "importance": bars}
