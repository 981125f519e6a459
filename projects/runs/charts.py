"""Figures as plain dicts for plotly.js; the page gives them its colours. plotly itself is never imported here.

A colour is written as the name of a token ("--chart-1"): static/js/charts.js puts in its value and does so again when
the theme changes. Texts of users are escaped, since plotly.js renders a part of HTML in labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from django.utils.translation import gettext as _

LONGEST = 28  # characters of a label on an axis
TEXT_UP_TO = 20  # labels up to which the cells of the matrix carry their numbers


def shorten(label: str) -> str:
    """A label for an axis: escaped, and cut in the middle so that both ends stay readable."""
    if len(label) > LONGEST:
        half = LONGEST // 2
        label = f"{label[: half - 1]}…{label[-half:]}"
    return escape(label, quote=False)


def unique(labels: Sequence[str]) -> list[str]:
    """Short labels, all different: plotly would draw two equal categories as one."""
    seen: dict[str, int] = {}
    result = []
    for label in map(shorten, labels):
        seen[label] = seen.get(label, 0) + 1
        result.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return result


def live() -> dict[str, dict[str, Any]]:
    """The two charts that grow while a run trains; the browser adds the points (see charts.js: `extend`)."""
    epoch = {"title": {"text": _("Epoch")}, "rangemode": "tozero"}
    loss = [
        _line(_("Training loss, every step"), "--chart-1", "lines", faint=True),
        _line(_("Training loss, smoothed"), "--chart-1", "lines"),
        _line(_("Validation loss"), "--chart-2", "lines+markers"),
    ]
    scores = [
        _line(_("Accuracy"), "--chart-1", "lines+markers"),
        _line(_("Macro F1"), "--chart-2", "lines+markers"),
    ]
    return {
        "loss": {
            "data": loss,
            "layout": {
                "xaxis": epoch,
                "yaxis": {"title": {"text": _("Loss")}, "rangemode": "tozero"},
            },
        },
        "scores": {
            "data": scores,
            "layout": {
                "xaxis": epoch,
                "yaxis": {
                    "title": {"text": _("Validation score")},
                    "tickformat": ".1~%",
                    # Without a point yet, the axis would run from -100 % to 400 %.
                    "minallowed": 0,
                    "maxallowed": 1,
                },
            },
        },
    }


def _line(name: str, color: str, mode: str, faint: bool = False) -> dict[str, Any]:
    # Single steps are a quiet ground; the trend and what is measured once an epoch stand out.
    return {
        "type": "scatter",
        "mode": mode,
        "name": name,
        "x": [],
        "y": [],
        "line": {"color": color, "width": 1 if faint else 2},
        "opacity": 0.3 if faint else 1,
        "marker": {"color": color, "size": 7},
        "hovertemplate": "%{y:.4f}",
        "connectgaps": False,
    }


def label_bars(per_label: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """Precision and recall of every label, the weakest F1 on top: that is where to look first."""
    ranked = sorted(per_label.items(), key=lambda item: (-item[1]["f1"], item[0]), reverse=False)
    names = unique([label for label, _scores in ranked])
    bars = [
        {
            "type": "bar",
            "orientation": "h",
            "name": title,
            "y": names,
            "x": [scores[key] for _label, scores in ranked],
            "marker": {"color": color},
            "hovertemplate": "%{y}: %{x:.1%}",
        }
        for key, title, color in (
            ("recall", _("Recall"), "--chart-2"),
            ("precision", _("Precision"), "--chart-1"),
        )
    ]
    return {
        "data": bars,
        "layout": {
            "barmode": "group",
            "bargap": 0.3,
            "height": max(260, 26 * len(names) + 90),
            "xaxis": {"range": [0, 1], "tickformat": ".0%", "side": "top"},
            "yaxis": {"automargin": True, "type": "category"},
            "legend": {"traceorder": "reversed", "y": -0.01, "yanchor": "top"},
            "margin": {"l": 48, "r": 16, "t": 24, "b": 32},
        },
    }


def confusion(labels: Sequence[str], matrix: Sequence[Sequence[int]]) -> dict[str, Any]:
    """Rows are true labels, columns what was predicted; a cell's colour is its share of its row."""
    names = unique(labels)
    shares = [[cell / (sum(row) or 1) for cell in row] for row in matrix]
    heat: dict[str, Any] = {
        "type": "heatmap",
        "x": names,
        "y": names,
        "z": shares,
        "customdata": [list(row) for row in matrix],
        "zmin": 0,
        "zmax": 1,
        "colorscale": [[0, "--chart-low"], [1, "--chart-high"]],
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "hovertemplate": _("True: %{y}<br>Predicted: %{x}<br>Rows: %{customdata}")
        + "<extra></extra>",
    }
    if len(names) <= TEXT_UP_TO:
        heat |= {"text": [list(row) for row in matrix], "texttemplate": "%{text}"}
    return {
        "data": [heat],
        "layout": {
            "height": max(320, min(1100, 18 * len(names) + 190)),
            "xaxis": {
                "title": {"text": _("Predicted label"), "standoff": 12},
                "type": "category",
                "tickangle": -45,
                "automargin": True,
                "showgrid": False,
            },
            "yaxis": {
                "title": {"text": _("True label"), "standoff": 16},
                "type": "category",
                "autorange": "reversed",
                "automargin": True,
                "showgrid": False,
            },
        },
    }
