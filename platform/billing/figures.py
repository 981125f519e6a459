"""The chart of usage as a plain dict for plotly.js; see static/js/charts.js for the names of colours."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from html import escape
from typing import Any

from django.utils.translation import gettext as _

from billing.limits import METERED
from billing.reports import Row

HUES = 6
OTHERS = 5  # projects that have a colour of their own


def by_day(found: list[Row], meter: str, month: date, until: date) -> dict[str, Any]:
    """Bars of the days of a month, stacked by project; in minutes, or by number."""
    per = 60 if METERED[meter].per == 60 else 1
    mine = [row for row in found if row.meter == meter]
    days = [month + timedelta(days=n) for n in range((until - month).days + 1)]
    sums: dict[str, dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in mine:
        sums[row.project or _("Projects that are gone")][row.day] += row.amount
    most = sorted(sums, key=lambda name: -sum(sums[name].values()))
    for name in most[OTHERS:]:
        for day, amount in sums.pop(name).items():
            sums[_("Others")][day] += amount
    bars = [_bar(name, sums[name], days, per, n) for n, name in enumerate(sums)]
    title = _("Minutes") if per == 60 else str(METERED[meter].label)
    layout = {
        "barmode": "relative",
        "height": 240,
        "showlegend": len(bars) > 1,
        "xaxis": {"type": "category", "tickangle": 0, "nticks": 10},
        "yaxis": {"title": {"text": title}, "rangemode": "tozero"},
    }
    return {"data": bars, "layout": layout}


def _bar(
    name: str, amounts: dict[date, Decimal], days: list[date], per: int, place: int
) -> dict[str, Any]:
    return {
        "type": "bar",
        "name": escape(name if len(name) < 40 else f"{name[:38]}…", quote=False),
        "x": [f"{day:%m-%d}" for day in days],
        "y": [round(float(amounts.get(day, 0) / per), 2) for day in days],
        "marker": {"color": f"--chart-{place % HUES + 1}"},
        "hovertemplate": "%{x}: %{y}<extra></extra>",
    }
