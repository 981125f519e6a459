"""The meters of a plan in words, for pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.humanize.templatetags.humanize import intcomma
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from billing.limits import BYTES, LIMITS
from billing.meters import Allowance, Meter
from billing.nearing import near


@dataclass(frozen=True)
class Line:
    """One meter for a page. `limit` is None where there is no bar to draw."""

    name: str
    label: str
    used: int | None
    limit: int | None
    text: str  # “3 of 5”
    left: str  # “2 left”; empty where nothing can run out
    tone: str  # of the bar: "", warn or bad


def lines(allowance: Allowance) -> list[Line]:
    return [line(meter) for meter in allowance.meters]


def line(meter: Meter) -> Line:
    limit = LIMITS[meter.name]
    show: Callable[[int], str] = filesizeformat if limit.unit == BYTES else intcomma
    countable = meter.used is not None and meter.limit is not None
    left = _("%(amount)s left") % {"amount": show(meter.left or 0)} if countable else ""
    return Line(
        name=meter.name,
        label=str(limit.label),
        used=min(meter.used, meter.limit) if countable else None,  # type: ignore[type-var]
        limit=meter.limit if countable else None,
        text=_text(meter, show),
        left=left,
        tone=_tone(meter),
    )


def _text(meter: Meter, show: Callable[[int], str]) -> str:
    if meter.limit is None:
        return (
            _("unlimited")
            if meter.used is None
            else _("%(used)s, unlimited") % {"used": show(meter.used)}
        )
    if meter.used is None:
        return _("up to %(limit)s") % {"limit": show(meter.limit)}
    return _("%(used)s of %(limit)s") % {"used": show(meter.used), "limit": show(meter.limit)}


def _tone(meter: Meter) -> str:
    if not meter.limit or meter.used is None:
        return ""
    if meter.full:
        return "bad"
    return "warn" if near(meter) else ""
