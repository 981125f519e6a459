"""The operator's dashboard: every figure as a card of its own, as a chart, and as a CSV file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.formats import date_format, number_format
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from billing.money import format_money, major
from projects.portal.figures import DAYS, FIGURES, Figure, Period, Table, drawn
from projects.portal.figures.shape import COUNT, DAY, HOURS, MONEY, SECONDS, SHARE
from projects.portal.staff import staff_only
from training.exports.shape import csv_lines, harmless
from web.templatetags.attune import DASH, amount, duration, percent

FRESH = (
    30  # seconds that a figure is kept: its card, its chart and its file ask one after the other
)
GROUPS = {"money": _("Money"), "people": _("People"), "work": _("Machines")}
TITLES = {7: _("7 days"), 30: _("30 days"), 90: _("90 days"), 365: _("A year")}


@require_GET
@staff_only
def dashboard(request: HttpRequest) -> HttpResponse:
    period = Period.of(request.GET.get("days"))
    groups = [
        (name, title, [figure for figure in FIGURES.values() if figure.group == name])
        for name, title in GROUPS.items()
    ]
    values = {
        "section": "dashboard",
        "period": period,
        "choices": [(days, TITLES[days]) for days in DAYS],
        "groups": [group for group in groups if group[2]],
    }
    return render(request, "portal/panel/dashboard.html", values)


@require_GET
@staff_only
def figure_card(request: HttpRequest, name: str) -> HttpResponse:
    """A fragment: each card is asked for when it comes into sight."""
    figure, period, table = _asked(request, name)
    values = {
        "figure": figure,
        "period": period,
        "table": table,
        "value": written(table.value, table.form, table.currency) if table.value is not None else "",
        "lines": lines(table),
        "numeric": [form not in ("text", DAY) for form in table.forms],
        "has_chart": drawn(figure, table) is not None,
    }  # fmt: skip
    response = render(request, "portal/panel/_figure.html", values)
    response["Cache-Control"] = "no-store"
    return response


@require_GET
@staff_only
def figure_chart(request: HttpRequest, name: str) -> JsonResponse:
    figure, _period, table = _asked(request, name)
    found = drawn(figure, table)
    if found is None:
        raise Http404
    return JsonResponse(found)


@require_GET
@staff_only
def figure_csv(request: HttpRequest, name: str) -> HttpResponse:
    """The same rows with plain values; money in whole units of the currency, times in seconds."""
    _figure, period, table = _asked(request, name)
    response = HttpResponse(as_csv(table), content_type="text/csv; charset=utf-8")
    file = f"{name}-{period.start:%Y-%m-%d}-{period.days}d.csv"
    response["Content-Disposition"] = f'attachment; filename="{file}"'
    return response


def _asked(request: HttpRequest, name: str) -> tuple[Figure, Period, Table]:
    figure = FIGURES.get(name)
    if figure is None:
        raise Http404
    period = Period.of(request.GET.get("days"))
    key = f"figure:{name}:{period.days}:{get_language()}"
    table = cache.get(key)
    if table is None:
        table = figure.make(period)
        cache.set(key, table, FRESH)
    return figure, period, table


# --- how it is written ------------------------------------------------------------------------------------------------


def written(value: Any, form: str, currency: str = "") -> str:
    """For a person."""
    if value is None:
        return DASH
    if form == DAY:
        return date_format(value, "SHORT_DATE_FORMAT")
    if form == MONEY:
        return format_money(int(value), currency)
    forms = {COUNT: amount, SECONDS: duration, SHARE: percent}
    if form == HOURS:
        return number_format(round(float(value), 1), 1)
    return str(forms[form](value)) if form in forms else str(value)


def lines(table: Table) -> list[dict[str, Any]]:
    """Rows as they are shown, each with its link."""
    links = [*table.links, *([""] * len(table.rows))]
    return [
        {"link": link, "cells": _cells(table, row)}
        for row, link in zip(table.rows, links, strict=False)
    ]


def _cells(table: Table, row: tuple[Any, ...]) -> list[str]:
    pairs = zip(row, table.forms, strict=True)
    return [written(cell, form, table.currency) for cell, form in pairs]


def as_csv(table: Table) -> str:
    """Nothing in it is taken for a formula by a spreadsheet. A BOM, since spreadsheets guess wrong without."""
    return "\ufeff" + csv_lines(_plain_rows(table), safe=False)


def _plain_rows(table: Table) -> Iterator[list[str]]:
    yield [harmless(str(head)) for head in table.heads]
    for row in table.rows:
        yield [
            _plain(cell, form, table.currency) for cell, form in zip(row, table.forms, strict=True)
        ]


def _plain(value: Any, form: str, currency: str) -> str:
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    if form == MONEY:
        return str(major(int(value), currency))
    return str(value) if isinstance(value, int | float) else harmless(str(value))
