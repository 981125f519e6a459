"""The meters of a plan in words, for pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma, intword
from django.template.defaultfilters import filesizeformat
from django.utils.formats import date_format, number_format
from django.utils.translation import get_language, gettext_lazy, gettext_noop, ngettext
from django.utils.translation import gettext as _

from billing.allowing import Limits, of_plan
from billing.limits import BYTES, FEATURES, LARGE, LIMITS, METERED
from billing.meters import Allowance, Meter
from billing.models import Plan
from billing.money import format_money
from billing.nearing import near
from billing.offers import beyond
from billing.reports import Forecast, Receipt, Row


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
    show = _shown(meter.name)
    countable = meter.used is not None and meter.limit is not None
    left = _("%(amount)s left") % {"amount": show(meter.left or 0)} if countable else ""
    return Line(
        name=meter.name,
        label=str(LIMITS[meter.name].label),
        used=min(meter.used, meter.limit) if countable else None,  # type: ignore[type-var]
        limit=meter.limit if countable else None,
        text=_text(meter, show),
        left=left,
        tone=_tone(meter),
    )


def _shown(name: str) -> Callable[[int], Any]:
    """How amounts of a limit are written."""
    if LIMITS[name].unit == BYTES:
        return filesizeformat
    return large if name == "tokens" or LIMITS[name].unit == LARGE else counted


MYRIADS = (
    (10**8, "亿"),
    (10**4, "万"),
)  # by which Chinese counts, where English has millions and billions


def _by_myriads(value: int) -> str:
    size, unit = next((one for one in MYRIADS if value >= one[0]), (1, ""))
    return f"{round(value / size, 1):g} {unit}".strip()


def _is_chinese() -> bool:
    return (get_language() or "").startswith("zh")


def large(value: int) -> str:
    """To one decimal: “200 million”, “2 亿”; what is less than a million exactly: “500,000”."""
    if _is_chinese():
        return _by_myriads(value)
    return str(intword(value) if value >= 10**6 else intcomma(value)).replace(".0 ", " ")


def counted(value: int) -> str:
    """Exactly: “1,000,000”, “100 万”."""
    whole = value >= 10**5 and value % 10**4 == 0
    return _by_myriads(value) if whole and _is_chinese() else str(intcomma(value))


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


# --- the page of usage ----------------------------------------------------------------------------------------------

# Why a run, or a prediction, costs nothing.
REASONS = {
    "ours": gettext_lazy("it failed on our side"),
    "untrained": gettext_lazy("it ended before it had trained"),
    "unanswered": gettext_lazy("there was no answer"),
}


def amount(meter: str, value: Decimal) -> str:
    """In minutes, or by number: “12.5”."""
    if METERED[meter].per != 60:
        return str(intcomma(int(value)))
    minutes = value / 60
    return number_format(minutes.quantize(Decimal("0.1")), force_grouping=True)


@dataclass(frozen=True)
class Metered:
    name: str
    label: str
    unit: str
    total: str


def meters_in(found: Sequence[Row]) -> list[Metered]:
    """Those of which something was used, in their order."""
    sums: dict[str, Decimal] = {}
    for row in found:
        sums[row.meter] = sums.get(row.meter, Decimal(0)) + row.amount
    return [
        Metered(
            name, str(one.label), _("minutes") if one.per == 60 else "", amount(name, sums[name])
        )
        for name, one in METERED.items()
        if name in sums
    ]


def by_project(found: Sequence[tuple[str, dict[str, Decimal]]]) -> list[tuple[str, list[str]]]:
    """(project, an amount for every meter that is used anywhere)."""
    used = [name for name in METERED if any(name in sums for _project, sums in found)]
    return [
        (project, [amount(name, sums[name]) if name in sums else "–" for name in used])
        for project, sums in found
    ]


def by_day(found: Sequence[Row]) -> list[tuple[date, list[str]]]:
    """(day, an amount for every meter that is used anywhere), the newest first."""
    used = [name for name in METERED if any(row.meter == name for row in found)]
    sums: dict[date, dict[str, Decimal]] = {}
    for row in found:
        mine = sums.setdefault(row.day, {})
        mine[row.meter] = mine.get(row.meter, Decimal(0)) + row.amount
    return [
        (day, [amount(name, sums[day][name]) if name in sums[day] else "–" for name in used])
        for day in sorted(sums, reverse=True)
    ]


@dataclass(frozen=True)
class Expected:
    label: str
    text: str
    basis: str
    tone: str


def forecasts(found: Sequence[Forecast]) -> list[Expected]:
    return [_expected(one) for one in found]


def _expected(one: Forecast) -> Expected:
    values = {"expected": intcomma(one.expected), "limit": intcomma(one.limit or 0)}
    text = _("about %(expected)s by the end of the month") % values
    if one.limit is not None:
        text = _("about %(expected)s of %(limit)s by the end of the month") % values
    if one.spent:
        text = _("all of %(limit)s is used") % values
    elif one.full_on:
        text += " · " + _("used up about %(day)s") % {
            "day": date_format(one.full_on, "MONTH_DAY_FORMAT")
        }
    basis = ngettext(
        "from the mean of the last day", "from the mean of the last %(days)s days", one.days
    ) % {"days": one.days}
    return Expected(str(LIMITS[one.name].label), text, basis, "warn" if one.over else "")


def held(holds: Any) -> list[tuple[str, str]]:
    """(meter, how much) of what runs that have not ended hold."""
    sums: dict[str, int] = {}
    for one in holds:
        sums[one.meter] = sums.get(one.meter, 0) + one.seconds
    return [
        (str(METERED[name].label), amount(name, Decimal(sums[name]))) for name in sums if sums[name]
    ]


def features(limits: Limits) -> list[tuple[str, bool]]:
    """(words, whether the plan has it) of all that are there to be had."""
    return [
        (str(one.label), name in limits.features) for name, one in FEATURES.items() if not one.later
    ]


# What the plans say that an installation begins with. What an operator has written is shown as written.
DESCRIPTIONS = frozenset(
    {
        gettext_noop("To try it out: a first model of your own."),
        gettext_noop("For one person with a product that uses models."),
        gettext_noop("For several people who label, train and compare together."),
        gettext_noop("With single sign-on, and limits that are agreed on."),
        gettext_noop("Everything, for an installation of one's own."),
    }
)


def described(plan: Plan) -> str:
    return _(plan.description) if plan.description in DESCRIPTIONS else plan.description


def prices(plan: Plan) -> list[tuple[str, str]]:
    """(meter, its price beyond the plan)."""
    return [(str(one.label), text) for one in METERED.values() if (text := beyond(plan, one.limit))]


def limit_text(name: str, value: int | None) -> str:
    """What a plan says of a limit: “1 GB”, “120”, “unlimited”."""
    if value is None:
        return str(_("unlimited"))
    return str(_shown(name)(value))


def plan_rows(plan: Plan) -> list[tuple[str, str]]:
    """(words, what the plan says) of every limit that is there, for a list of what a plan has."""
    values = of_plan(plan)
    return [
        (str(limit.label), limit_text(name, values[name]))
        for name, limit in LIMITS.items()
        if not limit.later
    ]


# --- one run --------------------------------------------------------------------------------------------------------


def estimate_text(state: Allowance, limit: str, minutes: int) -> str:
    """What a run is about to cost: “This run costs about 14 of your 60 minutes; 46 are left.”"""
    meter = state.every[limit]
    values = {"minutes": intcomma(minutes), "limit": intcomma(meter.limit or 0)}
    if meter.limit is None:
        said = ngettext(
            "This run costs about %(minutes)s minute; your plan has no limit.",
            "This run costs about %(minutes)s minutes; your plan has no limit.",
            minutes,
        )
        return said % values
    values["left"] = intcomma(meter.left or 0)
    if minutes > (meter.left or 0):
        return (
            _("This run costs about %(minutes)s of your %(limit)s minutes, and %(left)s are left.")
            % values
        )
    values["after"] = intcomma((meter.left or 0) - minutes)
    return (
        _(
            "This run costs about %(minutes)s of your %(limit)s minutes; %(after)s are left after it."
        )
        % values
    )


def _spent(meter: str, value: Decimal) -> str:
    """A few seconds are more than nothing."""
    least = Decimal("0.1")
    if METERED[meter].per == 60 and 0 < value < 60 * least / 2:
        return _("under %(least)s") % {"least": number_format(least)}
    return amount(meter, value)


def receipt_text(found: Receipt | None, ended: bool) -> str:
    """What a run has cost, or that it was refunded and why; "" where there is nothing to say."""
    if found is None:
        return ""
    values = {
        "used": _spent(found.meter, found.used),
        "paid": _spent(found.meter, found.paid),
        "held": amount(found.meter, Decimal(found.held)),
        "reason": str(REASONS.get(found.reason, found.reason)),
        "money": format_money(found.cost, found.currency),
    }
    if found.refunded:
        return _("Refunded in full, since %(reason)s: %(used)s minutes.") % values
    if found.held and not ended:
        return _("It holds %(held)s minutes of your plan until it ends.") % values
    if not ended and not found.used:
        return ""
    if found.cost:
        return _("It cost %(paid)s minutes of your plan, of which %(money)s beyond it.") % values
    return _("It cost %(paid)s minutes of your plan.") % values
