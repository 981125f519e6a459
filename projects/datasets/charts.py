"""Figures of a version's health as plain dicts for plotly.js; see projects.runs.charts for the colours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from projects.datasets.models import DatasetVersion, HealthReport
from projects.datasets.selectors import SPLITS
from projects.figures import unique
from projects.templatetags.projects import split_title
from training import catalogue
from web.templatetags.attune import amount, percent

SHOWN = 40  # labels in the chart; of more, the most and the least frequent
COLORS = {"train": "--chart-1", "valid": "--chart-2", "test": "--chart-3"}
LANGUAGES = {
    "ar": gettext_noop("Arabic"), "bg": gettext_noop("Bulgarian"), "cs": gettext_noop("Czech"),
    "da": gettext_noop("Danish"), "de": gettext_noop("German"), "el": gettext_noop("Greek"),
    "en": gettext_noop("English"), "es": gettext_noop("Spanish"), "fa": gettext_noop("Persian"),
    "fi": gettext_noop("Finnish"), "fr": gettext_noop("French"), "he": gettext_noop("Hebrew"),
    "hi": gettext_noop("Hindi"), "hu": gettext_noop("Hungarian"), "id": gettext_noop("Indonesian"),
    "it": gettext_noop("Italian"), "ja": gettext_noop("Japanese"), "ko": gettext_noop("Korean"),
    "mr": gettext_noop("Marathi"), "ne": gettext_noop("Nepali"), "nl": gettext_noop("Dutch"),
    "no": gettext_noop("Norwegian"), "pl": gettext_noop("Polish"), "pt": gettext_noop("Portuguese"),
    "ro": gettext_noop("Romanian"), "ru": gettext_noop("Russian"), "sr": gettext_noop("Serbian"),
    "sv": gettext_noop("Swedish"), "th": gettext_noop("Thai"), "tr": gettext_noop("Turkish"),
    "uk": gettext_noop("Ukrainian"), "und": gettext_noop("cannot be told"), "ur": gettext_noop("Urdu"),
    "vi": gettext_noop("Vietnamese"), "zh": gettext_noop("Chinese"),
}  # fmt: skip
SCRIPTS = {
    "latin": gettext_noop("Latin"), "cjk": gettext_noop("Chinese characters"), "kana": gettext_noop("Kana"),
    "hangul": gettext_noop("Hangul"), "cyrillic": gettext_noop("Cyrillic"), "greek": gettext_noop("Greek"),
    "arabic": gettext_noop("Arabic"), "hebrew": gettext_noop("Hebrew"), "devanagari": gettext_noop("Devanagari"),
    "thai": gettext_noop("Thai"), "other": gettext_noop("other"),
}  # fmt: skip


@dataclass(frozen=True)
class Chart:
    """One plot and the same in words. `rows` are (name, figure …) for the table that stands for the plot."""

    name: str
    title: str
    subtitle: str
    heads: Sequence[str]
    rows: Sequence[tuple[Any, ...]]
    figure: Mapping[str, Any]
    notes: Sequence[str] = ()


def charts_of(version: DatasetVersion, report: HealthReport | None) -> dict[str, Chart]:
    """Those that there are figures for, in the order of the page."""
    found = (make(version, report.stats if report else {}) for make in CHARTS)
    return {chart.name: chart for chart in found if chart is not None}


def lengths(version: DatasetVersion, stats: Mapping[str, Any]) -> Chart | None:
    """Tokens where the base's tokenizer is here, else characters."""
    counted = "tokens" if stats.get("tokens") else "characters"
    found = stats.get(counted) or {}
    if not found.get("counts"):
        return None
    limit = stats.get("max_length") if counted == "tokens" else None
    title = _("Tokens in a text") if counted == "tokens" else _("Characters in a text")
    edges = found["edges"]
    ranges = [_range(a, b) for a, b in pairwise(edges)]
    return Chart(
        "lengths",
        title,
        _("Half of the texts have at most %(p50)s, 95 %% at most %(p95)s; the longest has %(max)s.")
        % {name: amount(found[name]) for name in ("p50", "p95", "max")},
        (title, _("Texts")),
        list(zip(ranges, found["counts"], strict=True)),
        _histogram(edges, ranges, found["counts"], title, limit),
        _lengths_notes(stats, limit),
    )


def _lengths_notes(stats: Mapping[str, Any], limit: int | None) -> list[str]:
    if not limit:
        return []
    base = catalogue.BASES.get(str(stats.get("base")))
    given = {"base": base.title if base else "", "limit": limit, "share": stats.get("truncated")}
    what = _("A token is a word or a part of one.")
    if not given["share"]:
        return [what, _("%(base)s reads %(limit)s tokens; no text is longer.") % given]
    return [
        what,
        _("%(base)s reads %(limit)s tokens; %(share)s %% of the texts are longer.") % given,
    ]


def _range(first: int, after: int) -> str:
    return f"{first}" if after - first == 1 else f"{first}–{after - 1}"


def _histogram(
    edges: Sequence[int],
    ranges: Sequence[str],
    counts: Sequence[int],
    title: str,
    limit: int | None,
) -> dict[str, Any]:
    """The last bin, which holds all longer texts, is drawn as wide as the others."""
    width = edges[1] - edges[0]
    layout: dict[str, Any] = {
        "bargap": 0.06,
        "height": 280,
        "xaxis": {"title": {"text": title}},
        "yaxis": {"title": {"text": _("Texts")}, "rangemode": "tozero"},
    }
    if limit and edges[0] <= limit <= edges[-2] + width:
        line = {"color": "--chart-2", "width": 2, "dash": "dash"}
        layout["shapes"] = [
            {"type": "line", "x0": limit, "x1": limit, "y0": 0, "y1": 1, "yref": "paper"}
            | {"line": line}
        ]
    bars = {
        "type": "bar",
        "x": [edge + width / 2 for edge in edges[:-1]],
        "y": list(counts),
        "width": width * 0.94,
        "customdata": list(ranges),
        "marker": {"color": "--chart-1"},
        "hovertemplate": "%{customdata}: %{y}<extra></extra>",
    }
    return {"data": [bars], "layout": layout}


def labels(version: DatasetVersion, stats: Mapping[str, Any]) -> Chart | None:
    """Rows by label and split; of very many labels the most and the least frequent."""
    totals = {label: sum(counts.values()) for label, counts in version.labels.items()}
    if not totals:
        return None
    order = sorted(totals, key=lambda label: (-totals[label], label))
    shown = order if len(order) <= SHOWN else [*order[: SHOWN // 2], *order[-SHOWN // 2 :]]
    table = [(label, *(version.labels[label].get(name, 0) for name in SPLITS)) for label in order]
    cut = _("The %(half)s most and the %(half)s least frequent of %(count)s labels.")
    return Chart(
        "labels",
        _("Rows of each label"),
        cut % {"half": SHOWN // 2, "count": len(order)} if len(order) > SHOWN else "",
        (_("Label"), *(split_title(name) for name in SPLITS)),
        table,
        _label_bars(version, shown),
    )


def _label_bars(version: DatasetVersion, shown: Sequence[str]) -> dict[str, Any]:
    names = unique(shown)
    bars = [
        {
            "type": "bar",
            "orientation": "h",
            "name": split_title(split),
            "y": names,
            "x": [version.labels[label].get(split, 0) for label in shown],
            "customdata": [escape(label, quote=False) for label in shown],
            "marker": {"color": COLORS[split]},
            "hovertemplate": "%{customdata}: %{x}",
        }
        for split in SPLITS
        if version.splits.get(split)
    ]
    return {
        "data": bars,
        "layout": {
            "barmode": "stack",
            "bargap": 0.25,
            "height": max(240, 20 * len(names) + 116),
            "xaxis": {
                "side": "top",
                "rangemode": "tozero",
                "title": {"text": _("Rows")},
                "nticks": 5,
            },
            "yaxis": {
                "type": "category",
                "autorange": "reversed",
                "tickmode": "linear",
                "dtick": 1,
            },
            "legend": {"y": 1, "yref": "container", "yanchor": "top", "traceorder": "normal"},
            "margin": {"l": 48, "r": 16, "t": 84, "b": 8},
        },
    }


def languages(version: DatasetVersion, stats: Mapping[str, Any]) -> Chart | None:
    """Languages of the texts; until they are known, scripts of the letters, which the check has counted."""
    found, words = stats.get("languages"), LANGUAGES
    title, subtitle = _("Languages"), _("Of a sample of the texts.")
    if not found:
        found, words = version.stats.get("scripts"), SCRIPTS
        title, subtitle = _("Scripts"), _("Of the letters in a sample of the texts.")
    if not found:
        return None
    rows = [(_(words.get(name, name)), share) for name, share in found.items()]
    return Chart(
        "languages",
        title,
        subtitle,
        (title, _("Share")),
        [(name, percent(share)) for name, share in rows],
        _shares(
            rows,
            "--chart-1",
            _("Share of the texts") if stats.get("languages") else _("Share of the letters"),
        ),
    )


def unknown(version: DatasetVersion, stats: Mapping[str, Any]) -> Chart | None:
    """How much of the texts each base on this machine cannot read."""
    found = stats.get("unknown")
    if not found:
        return None
    rows = sorted(
        ((catalogue.BASES[name].title, share) for name, share in found.items()),
        key=lambda item: item[1],
    )
    return Chart(
        "unknown",
        _("Unknown to each base model"),
        _(
            "Share of the tokens (words or parts of words) that a base model does not know. Above 1 %, another one "
            "does better."
        ),
        (_("Base model"), _("Share")),
        [(name, percent(share)) for name, share in rows],
        _shares(rows, "--chart-2", _("Share of the tokens")),
    )


def _shares(rows: Sequence[tuple[str, float]], color: str, axis: str) -> dict[str, Any]:
    bars = {
        "type": "bar",
        "orientation": "h",
        "y": unique([name for name, _share in rows]),
        "x": [share for _name, share in rows],
        "text": [percent(share) for _name, share in rows],
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {"color": color},
        "hovertemplate": "%{y}: %{x:.1%}<extra></extra>",
    }
    # Room for the figure behind the longest bar; one that is nearly nothing must not fill the width.
    top = max(0.02, 1.2 * max((share for _name, share in rows), default=0))
    layout = {
        "height": 34 * len(rows) + 76,
        "bargap": 0.35,
        "xaxis": {
            "range": [0, top],
            "tickformat": ".1~%",
            "nticks": 5,
            "title": {"text": axis, "standoff": 8},
        },
        "yaxis": {"type": "category", "autorange": "reversed", "showgrid": False},
        "margin": {"l": 48, "r": 16, "t": 8, "b": 52},
    }
    return {"data": [bars], "layout": layout}


CHARTS: tuple[Callable[[DatasetVersion, Mapping[str, Any]], Chart | None], ...] = (
    lengths,
    labels,
    languages,
    unknown,
)
