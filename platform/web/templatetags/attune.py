"""Tags and filters that all pages share; a builtin of every template, so nothing has to be loaded."""

import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django import template
from django.template import Context
from django.utils import formats, timezone
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from lucide.templatetags import lucide as icons

from training.problems import TABLE
from web import countries
from web.errors import words

register = template.Library()

DASH = "–"
SEPARATOR = re.compile(r"([_/.:-])(?=.)")
TONES = {"blocking": "bad", "red": "bad", "amber": "warn", "info": "info"}
ICONS = {
    "blocking": "octagon-x",
    "red": "circle-alert",
    "amber": "triangle-alert",
    "info": "info",
}


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


@register.simple_tag
def lucide(name: str, *, size: int | None = 24, **attributes: Any) -> str:
    """As the tag of that name does it; each icon is drawn once, for a page has dozens."""
    return _icon(name, size, tuple((key, str(value)) for key, value in attributes.items()))


@lru_cache(maxsize=1024)
def _icon(name: str, size: int | None, attributes: tuple[tuple[str, str], ...]) -> str:
    return icons.lucide(name, size=size, **dict(attributes))


@register.filter
def country(letters: Any) -> str:
    """The name of a country in the reader's language, of its two letters."""
    return countries.country(str(letters or ""))


@register.filter
def breakable(value: Any) -> SafeString:
    """A name such as card_payment/fee-charged, with leave to go on in the next line after its separators."""
    return mark_safe(SEPARATOR.sub(r"\1<wbr>", conditional_escape(value)))  # noqa: S308


@register.filter
def plain(value: Any) -> str:
    """The number as HTML attributes want it: a full stop, no grouping, whatever the language."""
    number = _number(value)
    return "" if number is None else f"{number:.6f}".rstrip("0").rstrip(".")


@register.filter
def filesize(value: Any) -> str:
    """Bytes in decimal units, as disks and downloads show them: 1500000 -> 1.5 MB."""
    size = _number(value)
    if size is None:
        return DASH
    for unit in ("B", "kB", "MB", "GB"):
        if round(size, 0 if unit == "B" else 1) < 1000:
            break
        size /= 1000
    else:
        unit = "TB"
    shown = round(size, 0 if unit == "B" or size >= 100 else 1)
    return f"{formats.number_format(shown, 0 if shown == int(shown) else 1)} {unit}"


@register.filter
def duration(value: Any) -> str:
    """Seconds in at most two units: 200 -> 3 min 20 s; below ten seconds with one decimal."""
    seconds = _number(value)
    if seconds is None or seconds < 0:
        return DASH
    if seconds < 9.95:
        return _("%(seconds)s s") % {"seconds": formats.number_format(round(seconds, 1), 1)}
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    units = [(days, _("d")), (hours, _("h")), (minutes, _("min")), (rest, _("s"))]
    first = next((i for i, (amount, _unit) in enumerate(units) if amount), 3)
    shown = [units[first]] + [unit for unit in units[first + 1 : first + 2] if unit[0]]
    return " ".join(f"{amount} {unit}" for amount, unit in shown)


@register.filter
def ago(value: datetime | None) -> str:
    """How long ago, in one unit: “3 days ago”, “just now”."""
    if value is None:
        return ""
    if timezone.now() - value < timedelta(minutes=1):
        return _("just now")
    return _("%(time)s ago") % {"time": timesince(value, depth=1)}


@register.filter
def percent(value: Any, digits: int = 1) -> str:
    """A share between 0 and 1 as percent: 0.943 -> 94.3 %."""
    share = _number(value)
    if share is None:
        return DASH
    return _("%(number)s %%") % {
        "number": formats.number_format(round(share * 100, digits), digits)
    }


@register.filter
def points(value: Any) -> str:
    """A difference between two shares in percentage points, with its sign: 0.061 -> +6.1."""
    difference = _number(value)
    if difference is None:
        return DASH
    shown = formats.number_format(round(abs(difference) * 100, 1), 1)
    sign = "" if round(difference * 100, 1) == 0 else ("+" if difference > 0 else "−")
    return f"{sign}{shown}"


@register.filter
def amount(value: Any) -> str:
    """A whole number with its thousands grouped: 10003 -> 10,003."""
    number = _number(value)
    if number is None:
        return DASH
    return formats.number_format(round(number), 0, use_l10n=True, force_grouping=True)


@register.simple_tag(takes_context=True)
def active(context: Context, *names: str) -> str:
    """`page` (for aria-current) when the page being shown has one of these URL names, else ''."""
    match = getattr(context.get("request"), "resolver_match", None)
    return "page" if match is not None and match.view_name in names else ""


@register.filter
def tone(severity: str) -> str:
    """The tone of a severity or of a gate: blocking|red -> bad, amber -> warn, info -> info, else good."""
    return {**TONES, "blocked": "bad"}.get(severity, "good")


def _severity(code: str, severity: str) -> str:
    entry = TABLE.get(code)
    return severity or (entry.severity if entry else "blocking")


@register.inclusion_tag("errors/_problem.html")
def problem(
    code: str, values: Mapping[str, Any] | None = None, severity: str = "", **more: Any
) -> dict[str, Any]:
    """A problem with its words, as a banner. `severity` overrides that of the table."""
    severity = _severity(code, severity)
    text = words(code, dict(values or {}))
    return {
        "words": text,
        "code": code,
        "tone": tone(severity),
        "icon": ICONS.get(severity),
        "offer_url": (values or {}).get("offer_url", ""),
        **more,
    }


def _places(places: list[Any], shown: int) -> dict[str, Any]:
    return {"places": places[:shown], "more_places": max(0, len(places) - shown)}


@register.inclusion_tag("errors/_finding.html")
def finding(item: Any, shown: int = 5) -> dict[str, Any]:
    """One finding of the checks (an object or its dict): severity, what, how often, the first places."""

    def get(name: str, default: Any) -> Any:
        if isinstance(item, Mapping):
            return item.get(name, default)
        return getattr(item, name, default)

    code, count = get("code", ""), get("count", 0)
    severity = _severity(code, get("severity", ""))
    return {
        "words": words(code, dict(get("values", {}) or {}) | {"count": count}),
        "code": code,
        "severity": severity,
        "tone": tone(severity),
        "icon": ICONS.get(severity, "info"),
        "count": count,
        "times": ngettext("%(count)d place", "%(count)d places", count) % {"count": count},
        **_places(list(get("places", []) or []), shown),
    }
