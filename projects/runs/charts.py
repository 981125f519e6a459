"""Figures as plain dicts for plotly.js; the page gives them its colours. plotly itself is never imported here.

A colour is written as the name of a token ("--chart-1"): static/js/charts.js puts in its value and does so again when
the theme changes. Texts of users are escaped, since plotly.js renders a part of HTML in labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from django.utils.translation import gettext as _

from projects.figures import unique
from projects.runs.names import SHARE, Figure, figure

SHOWN = 20  # labels that a chart shows at once and still in full; of more, it shows those to look at first
TICKS_UP_TO = 100  # labels up to which every row of the whole matrix is named
FAINTEST = 0.1  # share of a row below which the most frequent mistake is not drawn in full colour


def live(figures: Sequence[str] = ("accuracy", "macro_f1"), head: str = "") -> dict[str, Any]:
    """The two charts that grow while a run trains; the browser adds the points (see charts.js: `extend`).

    `figures` are the names of the scores of an epoch; a line says in `meta` which of them it is.
    """
    epoch = {"title": {"text": _("Epoch")}, "rangemode": "tozero"}
    loss = [
        _line(_("Training loss, every step"), "--chart-1", "lines", faint=True),
        _line(_("Training loss, smoothed"), "--chart-1", "lines"),
        _line(_("Validation loss"), "--chart-2", "lines+markers"),
    ]
    known = [(name, figure(name, head)) for name in figures]
    loss += [_scored(name, one, 3 + n) for n, (name, one) in enumerate(known) if is_loss(name)]
    scores = [_scored(name, one, n) for n, (name, one) in enumerate(known) if not is_loss(name)]
    _on_two_axes(scores)
    below = {"title": {"text": _("Loss")}, "rangemode": "tozero"}
    return {
        "loss": {"data": loss, "layout": {"xaxis": epoch, "yaxis": below}},
        "scores": {"data": scores, "layout": {"xaxis": epoch, **_score_axes(scores)}},
    }


def usage() -> dict[str, Any]:
    """The charts of what a run takes of the machine, over the minutes of the attempt."""
    minutes = {"title": {"text": _("Minutes")}, "rangemode": "tozero"}
    right = {"overlaying": "y", "side": "right", "rangemode": "tozero", "showgrid": False}
    right |= {"tickformat": ".1f"}

    def figure_of(first: str, unit: str, hover: str, **axis: Any) -> dict[str, Any]:
        lines = [
            _line(first, "--chart-1", "lines") | {"hovertemplate": hover},
            _line(_("Memory"), "--chart-2", "lines")
            | {"yaxis": "y2", "hovertemplate": "%{y:.2f} GB"},
        ]
        left = {"title": {"text": unit}, "rangemode": "tozero", **axis}
        axes = {"xaxis": minutes, "yaxis": left, "yaxis2": {**right, "title": {"text": "GB"}}}
        return {"data": lines, "layout": axes}

    return {
        "machine": figure_of(_("Processor"), _("Cores"), "%{y:.1f}"),
        "gpu": figure_of(_("GPU"), _("Busy"), "%{y:.0%}", tickformat=".0%", range=[0, 1]),
    }


def is_loss(name: str) -> bool:
    return name == "loss" or name.endswith("_loss")


def _scored(name: str, one: Figure, number: int) -> dict[str, Any]:
    """A line of scores; `form` says how its numbers are written."""
    line = _line(str(one.title), f"--chart-{number % 6 + 1}", "lines+markers")
    hover = "%{y:.1%}" if one.form == SHARE else "%{y:.2f}"
    return line | {"meta": name, "form": one.form, "hovertemplate": hover}


def _on_two_axes(lines: list[dict[str, Any]]) -> None:
    """What is no share, or of two scales, gets the axis on the right."""
    first = lines[0]["form"] if lines else SHARE
    for line in lines:
        if line["form"] != first:
            line["yaxis"] = "y2"


def _score_axes(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """Without a point yet, the axis of shares would run from -100 % to 400 %."""
    axes: dict[str, Any] = {}
    for name, place in (("yaxis", None), ("yaxis2", "y2")):
        here = [line for line in lines if line.get("yaxis") == place]
        if not here and place:
            continue
        share = not here or here[0]["form"] == SHARE
        title = _("Validation score") if share else " · ".join(one["name"] for one in here)
        axes[name] = {"title": {"text": title}}
        if share:
            axes[name] |= {"tickformat": ".1~%", "minallowed": 0, "maxallowed": 1}
        if place:
            axes[name] |= {"overlaying": "y", "side": "right", "showgrid": False}
    return axes


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
    """Precision and recall of the weakest labels, the lowest F1 on top: that is where to look first."""
    ranked = sorted(per_label.items(), key=lambda item: (-item[1]["f1"], item[0]))[-SHOWN:]
    names = unique([label for label, _scores in ranked])
    bars = [
        {
            "type": "bar",
            "orientation": "h",
            "name": title,
            "y": names,
            "x": [scores[key] for _label, scores in ranked],
            "customdata": [escape(label, quote=False) for label, _scores in ranked],
            "marker": {"color": color},
            "hovertemplate": "%{customdata}: %{x:.1%}",
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
            "legend": {"traceorder": "reversed", "y": 1, "yref": "container", "yanchor": "top"},
            "margin": {"l": 48, "r": 16, "t": 64, "b": 8},
        },
    }


def confusion(
    labels: Sequence[str], matrix: Sequence[Sequence[int]], whole: bool = True
) -> dict[str, Any]:
    """Rows are true labels, columns what was predicted. Not `whole`: of many labels, those most often confused."""
    if not whole and len(labels) > SHOWN and (chosen := confused(matrix)):
        labels = [labels[i] for i in chosen]
        full = [sum(row) for row in matrix]
        return _matrix(
            labels, [[matrix[i][j] for j in chosen] for i in chosen], [full[i] for i in chosen]
        )
    return _matrix(labels, matrix, [sum(row) for row in matrix])


def confused(matrix: Sequence[Sequence[int]], limit: int = SHOWN) -> list[int]:
    """Numbers of the labels of the most frequent mistakes, pair by pair, so that pairs stand near the diagonal."""
    wrong = [
        (-cell, i, j)
        for i, row in enumerate(matrix)
        for j, cell in enumerate(row)
        if cell and i != j
    ]
    chosen: dict[int, None] = {}
    for _cell, *pair in sorted(wrong):
        if len(chosen.keys() | set(pair)) > limit:
            break
        chosen |= dict.fromkeys(pair)
    return list(chosen)


def _matrix(
    labels: Sequence[str], counts: Sequence[Sequence[int]], sums: Sequence[int]
) -> dict[str, Any]:
    names, many = unique(labels), len(labels) > SHOWN
    heat: dict[str, Any] = {
        "type": "heatmap",
        "x": names,
        "y": names,
        "z": _tints(counts, sums),
        "customdata": [list(row) for row in counts],
        # What a click on a cell chooses: the labels as they are, which the axes cut.
        "meta": list(labels),
        "zmin": -1,
        "zmax": 1,
        "colorscale": [[0, "--chart-2"], [0.5, "--chart-low"], [1, "--chart-high"]],
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "hovertemplate": _("True: %{y}<br>Predicted: %{x}<br>Rows: %{customdata}")
        + "<extra></extra>",
    }
    if not many:
        heat |= {
            "text": [[cell or "" for cell in row] for row in counts],
            "texttemplate": "%{text}",
        }
    layout = {
        "height": max(320, min(1500, (14 if many else 26) * len(names) + 190)),
        "xaxis": {
            **_names(_("Predicted label"), 12, len(names)),
            "tickangle": -90 if many else -45,
        },
        "yaxis": {**_names(_("True label"), 16, len(names)), "autorange": "reversed"},
    }
    return {"data": [heat], "layout": layout, "min_width": min(1000, 26 * len(names) + 190)}


def _tints(counts: Sequence[Sequence[int]], sums: Sequence[int]) -> list[list[float]]:
    """0 to 1, the share of its row, for what is right; 0 to -1 for mistakes, which would vanish beside it."""
    shares = [
        [cell / (total or 1) for cell in row] for row, total in zip(counts, sums, strict=True)
    ]
    wrong = (cell for i, row in enumerate(shares) for j, cell in enumerate(row) if i != j)
    most = max(max(wrong, default=0), FAINTEST)
    return [
        [round(cell if i == j else 0 - cell / most, 4) for j, cell in enumerate(row)]
        for i, row in enumerate(shares)
    ]


def _names(title: str, standoff: int, count: int) -> dict[str, Any]:
    """An axis of labels; many of them stand small and close, and can be drawn near."""
    axis: dict[str, Any] = {
        "title": {"text": title, "standoff": standoff},
        "type": "category",
        "automargin": True,
        "showgrid": False,
    }
    if count > SHOWN:
        axis |= {"fixedrange": False, "tickfont": {"size": 9}}
    if count <= TICKS_UP_TO:
        axis |= {"tickmode": "linear", "dtick": 1}
    return axis


def together(labels: Sequence[str], counts: Sequence[Sequence[int]]) -> dict[str, Any]:
    """How often rows have two labels at once, of the labels that are shown; alone, a label is not with itself."""
    chosen = sorted(range(len(counts)), key=lambda place: -counts[place][place])[:SHOWN]
    names = unique([labels[place] for place in chosen])
    cells = [[counts[i][j] if i != j else 0 for j in chosen] for i in chosen]
    most = max((cell for row in cells for cell in row), default=0)
    heat = {
        "type": "heatmap",
        "x": names,
        "y": names,
        "z": [[cell / most if most else 0 for cell in row] for row in cells],
        "customdata": cells,
        "text": [[cell or "" for cell in row] for row in cells],
        "texttemplate": "%{text}",
        "zmin": 0,
        "zmax": 1,
        "colorscale": [[0, "--chart-low"], [1, "--chart-high"]],
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "hovertemplate": "%{y} · %{x}: %{customdata}<extra></extra>",
    }
    layout = {
        "height": max(320, 26 * len(names) + 150),
        "xaxis": {**_names("", 0, len(names)), "tickangle": -45},
        "yaxis": {**_names("", 0, len(names)), "autorange": "reversed"},
        "margin": {"l": 48, "r": 16, "t": 12, "b": 48},
    }
    return {"data": [heat], "layout": layout}
