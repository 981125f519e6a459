"""The meters of a plan in words, for pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.humanize.templatetags.humanize import intcomma
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.nearing import near
from billing.services import Allowance, Meter

LABELS = {
    "projects": gettext_lazy("Projects"),
    "rows": gettext_lazy("Rows a dataset"),
    "storage": gettext_lazy("Storage"),
    "runs": gettext_lazy("Runs at the same time"),
    "minutes": gettext_lazy("Training minutes this month"),
    "run_minutes": gettext_lazy("Minutes a run"),
    "run_memory": gettext_lazy("Memory a run"),
    "devices": gettext_lazy("Devices of a run"),
}
BYTES = ("storage", "run_memory")


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
    show: Callable[[int], str] = filesizeformat if meter.name in BYTES else intcomma
    countable = meter.used is not None and meter.limit is not None
    left = _("%(amount)s left") % {"amount": show(meter.left or 0)} if countable else ""
    return Line(
        name=meter.name,
        label=str(LABELS[meter.name]),
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
