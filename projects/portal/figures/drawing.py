"""Figures as plain dicts for plotly.js; see projects.runs.charts for the colours."""

from __future__ import annotations

from datetime import date
from typing import Any

from billing.money import major
from projects.figures import unique
from projects.portal.figures.shape import HOURS, MONEY, SHARE, Figure, Table

COLORS = ("--chart-1", "--chart-2", "--chart-3", "--chart-4")


def drawn(figure: Figure, table: Table) -> dict[str, Any] | None:
    """None for what is a table alone, and for nothing at all."""
    kind = KINDS.get(figure.chart)
    return kind(table) if kind and not table.empty else None


def _labels(table: Table) -> list[str]:
    return [
        value.isoformat() if isinstance(value, date) else str(value) for value, *_rest in table.rows
    ]


def _columns(table: Table) -> list[tuple[str, list[Any]]]:
    """(title, values) of the columns that are drawn: those of the first column's kind of figure."""
    form = table.forms[1]
    places = [place for place in range(1, len(table.heads)) if table.forms[place] == form]
    return [
        (str(table.heads[n]), [_drawn(row[n], table, form) for row in table.rows]) for n in places
    ]


def _drawn(value: Any, table: Table, form: str) -> Any:
    """Money in units of its currency: a picture may round."""
    return float(major(value or 0, table.currency)) if form == MONEY else value or 0


def _axis(table: Table) -> dict[str, Any]:
    forms = {SHARE: ".0%", HOURS: ".1f", MONEY: ",.2f"}
    return {"rangemode": "tozero", "tickformat": forms.get(table.forms[1], "d"), "nticks": 5}


def _dates(table: Table) -> dict[str, Any]:
    dated = bool(table.rows) and isinstance(table.rows[0][0], date)
    return {"type": "date" if dated else "category", "showgrid": False}


def _bars(table: Table, mode: str = "group") -> dict[str, Any]:
    columns = _columns(table)
    data = [
        {
            "type": "bar",
            "name": title,
            "x": _labels(table),
            "y": values,
            "marker": {"color": COLORS[place % len(COLORS)]},
            "hovertemplate": "%{x}: %{y}<extra>" + title + "</extra>",
        }
        for place, (title, values) in enumerate(columns)
    ]
    layout = {"height": 240, "barmode": mode, "bargap": 0.25, "showlegend": len(columns) > 1}
    return {"data": data, "layout": layout | {"xaxis": _dates(table), "yaxis": _axis(table)}}


def _stack(table: Table) -> dict[str, Any]:
    return _bars(table, "stack")


def _lines(table: Table) -> dict[str, Any]:
    figure = _bars(table)
    for place, line in enumerate(figure["data"]):
        line.pop("marker")
        line |= {"type": "scatter", "mode": "lines+markers"}
        line["line"] = {"color": COLORS[place % len(COLORS)], "width": 2}
    return figure


def _across(table: Table) -> dict[str, Any]:
    title, values = _columns(table)[0]
    bars = {
        "type": "bar",
        "orientation": "h",
        "y": unique(_labels(table)),
        "x": values,
        "text": [f"{value:,.1f}" if isinstance(value, float) else f"{value:,}" for value in values],
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {"color": COLORS[0]},
        "hovertemplate": "%{y}: %{x}<extra>" + title + "</extra>",
    }
    top = 1.2 * max(values, default=0)
    layout = {
        "height": 30 * len(values) + 60,
        "bargap": 0.35,
        "xaxis": {**_axis(table), "range": [0, top]},
        "yaxis": {"type": "category", "autorange": "reversed", "showgrid": False},
        "margin": {"l": 48, "r": 24, "t": 8, "b": 32},
    }
    return {"data": [bars], "layout": layout}


def _heat(table: Table) -> dict[str, Any]:
    cells = [list(row[2:]) for row in table.rows]
    data = {
        "type": "heatmap",
        "x": list(range(len(table.heads) - 2)),
        "y": _labels(table),
        "z": cells,
        "zmin": 0,
        "zmax": 1,
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "colorscale": [[0, "--chart-grid"], [1, "--chart-1"]],
        "hovertemplate": "%{y} + %{x}: %{z:.0%}<extra></extra>",
        "hoverongaps": False,
    }
    layout = {
        "height": 28 * len(table.rows) + 70,
        "xaxis": {"dtick": 1, "showgrid": False, "side": "top"},
        "yaxis": {"type": "category", "autorange": "reversed", "showgrid": False},
        "margin": {"l": 64, "r": 8, "t": 32, "b": 8},
    }
    return {"data": [data], "layout": layout}


KINDS = {"bars": _bars, "stack": _stack, "lines": _lines, "across": _across, "heat": _heat}
