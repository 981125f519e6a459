"""Curves, histograms and point clouds of predicted test rows, as figures for plotly.js (see charts.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from projects.figures import shorten, unique

COLORS = tuple(f"--chart-{number}" for number in range(1, 7))
DASHES = ("solid", "dash", "dot")  # told apart without colours too
DRAWN = 5  # labels whose curves are drawn at first; a click in the legend shows the others
BINS = 20
POINTS = 2000  # of a point cloud


def figure(found: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """`found` as scoring.curves gives it; `kind`: pr or roc."""
    named = {_("All labels"): found["micro"], **found["labels"]} if found["labels"] else {}
    names = unique(list(named))
    lines = [
        _curve(names[number], curve[kind], number)
        for number, curve in enumerate(named.values())
        if curve[kind]["points"]
    ]
    across, up = _axes(kind)
    return {
        "data": lines,
        "layout": {
            "height": 420,
            "xaxis": {"title": {"text": across}, "range": [-0.01, 1.01], "tickformat": ".0%"},
            "yaxis": {"title": {"text": up}, "range": [-0.01, 1.03], "tickformat": ".0%"},
            **_LEGEND,
        },
    }


def _axes(kind: str) -> tuple[str, str]:
    if kind == "roc":
        return _("False alarms"), _("Recall")
    return _("Recall"), _("Precision")


def _curve(name: str, curve: Mapping[str, Any], number: int) -> dict[str, Any]:
    across, up = zip(*curve["points"], strict=True)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": f"{name} · {curve['area']:.3f}",
        "x": list(across),
        "y": list(up),
        "line": {
            "color": COLORS[number % len(COLORS)],
            "width": 3 if number == 0 else 1.5,
            "dash": DASHES[number // len(COLORS) % len(DASHES)],
        },
        "visible": True if number < DRAWN else "legendonly",
        "hovertemplate": "%{y:.1%}, %{x:.1%}",
    }


def thresholds(points: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """What one threshold for all labels would give."""
    lines = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": title,
            "x": [point["threshold"] for point in points],
            "y": [point[name] for point in points],
            "line": {"color": color, "width": 2},
            "marker": {"color": color, "size": 6},
            "hovertemplate": "%{x:.0%}: %{y:.1%}",
        }
        for name, title, color in (
            ("micro_f1", _("Micro F1"), COLORS[0]),
            ("macro_f1", _("Macro F1"), COLORS[1]),
        )
    ]
    share = {"tickformat": ".0%", "range": [0, 1]}
    return {
        "data": lines,
        "layout": {
            "height": 320,
            "xaxis": {"title": {"text": _("Threshold")}, **share},
            "yaxis": {"title": {"text": _("F1")}, **share},
            **_LEGEND,
        },
    }


def histogram(
    groups: Mapping[str, Sequence[float]], ends: tuple[float, float], of: str = ""
) -> dict[str, Any]:
    """Values of each group, side by side in the same bins. `of`: whose probability it is."""
    low, high = ends
    width = (high - low) / BINS
    names = unique(list(groups))
    title = _("Probability of %(label)s") % {"label": shorten(of)} if of else _("Predicted")
    bars = [
        {
            "type": "bar",
            "name": names[number],
            "x": [low + (place + 0.5) * width for place in range(BINS)],
            "y": _counts(values, low, width),
            "marker": {"color": COLORS[number % len(COLORS)]},
            "opacity": 0.85,
            "hovertemplate": "%{x:.3g}: %{y}",
        }
        for number, values in enumerate(groups.values())
    ]
    return {
        "data": bars,
        "layout": {
            "height": 320,
            "barmode": "group",
            "bargap": 0.15,
            "xaxis": {"title": {"text": title}, "range": [low, high]},
            "yaxis": {"title": {"text": _("Test rows")}, "rangemode": "tozero"},
            **_LEGEND,
        },
    }


def _counts(values: Sequence[float], low: float, width: float) -> list[int]:
    found = [0] * BINS
    for value in values:
        found[min(BINS - 1, max(0, int((value - low) / width)))] += 1
    return found


def scatter(pairs: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """True scores against predicted ones, with the line on which all would lie."""
    kept = pairs[:: -(-len(pairs) // POINTS)] if pairs else []
    ends = [min(map(min, kept)), max(map(max, kept))] if kept else [0.0, 1.0]
    cloud = {
        "type": "scatter",
        "mode": "markers",
        "name": _("Test rows"),
        "x": [true for true, _found in kept],
        "y": [found for _true, found in kept],
        "marker": {"color": COLORS[0], "size": 6, "opacity": 0.5},
        "hovertemplate": "%{x:.3g} → %{y:.3g}",
    }
    line = {
        "type": "scatter",
        "mode": "lines",
        "name": _("No mistake"),
        "x": ends,
        "y": ends,
        "line": {"color": COLORS[1], "width": 1.5, "dash": "dash"},
        "hoverinfo": "skip",
    }
    return {
        "data": [cloud, line],
        "layout": {
            "height": 380,
            "xaxis": {"title": {"text": _("True score")}},
            "yaxis": {"title": {"text": _("Predicted score")}},
            **_LEGEND,
        },
    }


_LEGEND: dict[str, Any] = {
    "legend": {"y": 1, "yref": "container", "yanchor": "top"},
    "margin": {"l": 56, "r": 16, "t": 56, "b": 44},
}
