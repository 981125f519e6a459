"""Invoices in words, in the language of the moment: for pages, the PDF and mail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from billing.invoices.drafts import Draft
from billing.invoices.drafts import Line as DraftLine
from billing.invoices.models import Invoice, InvoiceLine
from billing.invoices.selectors import due, paid
from billing.invoices.telling import day
from billing.limits import METERED
from billing.money import format_money, format_price
from web.countries import country

TONES = {"open": "info", "paid": "good", "void": "neutral", "uncollectible": "bad"}
INTERVALS = {
    "month": pgettext_lazy("of a plan", "one month"),
    "year": pgettext_lazy("of a plan", "one year"),
}
NOTES = {
    "reverse_charge": gettext_lazy("Reverse charge: the recipient of the service owes the tax."),
    "exempt": gettext_lazy("Exempt from tax."),
}


@dataclass(frozen=True)
class Row:
    title: str
    quantity: str
    price: str
    amount: str
    several: bool = False


@dataclass(frozen=True)
class Sum:
    label: str
    amount: str
    strong: bool = False


def rows(invoice: Invoice) -> list[Row]:
    return [row(line, invoice.currency) for line in invoice.lines.all()]


def row(line: InvoiceLine | DraftLine, currency: str) -> Row:
    price = line.unit_price if isinstance(line, InvoiceLine) else line.price
    single = line.quantity == 1
    return Row(
        title=title(line.kind, line.values),
        quantity=number(line.quantity),
        price=format_money(line.amount, currency) if single else format_price(price, currency),
        amount=format_money(line.amount, currency),
        several=not single,
    )


def number(value: Decimal) -> str:
    return str(number_format(Decimal(value).normalize(), use_l10n=True, force_grouping=True))


def title(kind: str, values: dict[str, Any]) -> str:
    return str(_TITLES[InvoiceLine.Kind(kind)](values))


def _plan(values: dict[str, Any]) -> str:
    name = _("Plan %(plan)s") % {"plan": values.get("plan", "")}
    if values.get("from") and values.get("to"):
        span = {"begin": _day(values["from"]), "end": _day(values["to"])}
        return f"{name}, " + _("%(begin)s to %(end)s") % span
    interval = INTERVALS.get(str(values.get("interval")), "")
    return f"{name}, {interval}" if interval else name


def _unused(values: dict[str, Any]) -> str:
    said = {"plan": values.get("plan", ""), "end": _day(values.get("to", ""))}
    return _("Unused time of the plan %(plan)s until %(end)s") % said


def _usage(values: dict[str, Any]) -> str:
    meter = METERED.get(str(values.get("meter")))
    what = str(meter.label) if meter else str(values.get("meter"))
    unit = f" ({meter.unit})" if meter else ""
    month = datetime.strptime(str(values["month"]), "%Y-%m").replace(tzinfo=UTC)
    said = {"what": what + unit, "month": date_format(month, "YEAR_MONTH_FORMAT")}
    return _("%(what)s beyond the plan, %(month)s") % said


def _student(values: dict[str, Any]) -> str:
    return _("Reduced price, %(percent)s %%") % {"percent": values.get("percent")}


def _coupon(values: dict[str, Any]) -> str:
    return _("Coupon %(code)s") % {"code": values.get("code")}


def _correction(values: dict[str, Any]) -> str:
    return _("Correction of invoice %(number)s") % {"number": values.get("number")}


_TITLES: dict[str, Callable[[dict[str, Any]], str]] = {
    InvoiceLine.Kind.PLAN: _plan,
    InvoiceLine.Kind.UNUSED: _unused,
    InvoiceLine.Kind.USAGE: _usage,
    InvoiceLine.Kind.STUDENT: _student,
    InvoiceLine.Kind.COUPON: _coupon,
    InvoiceLine.Kind.CORRECTION: _correction,
}


def _day(text: str) -> str:
    return day(datetime.fromisoformat(text)) if text else ""


def sums(invoice: Invoice) -> list[Sum]:
    """What stands below the lines, down to what is still to be paid."""
    found = _sums(
        invoice.subtotal, invoice.tax_percent, invoice.tax, invoice.total, invoice.currency
    )
    return found + _below(invoice.credit, paid(invoice), due(invoice), invoice.currency)


def draft_sums(draft: Draft, credit: int) -> list[Sum]:
    found = _sums(draft.subtotal, draft.tax_rate.percent, draft.tax, draft.total, draft.currency)
    return found + _below(credit, 0, draft.total - credit, draft.currency)


def _sums(net: int, percent: Decimal, tax: int, total: int, currency: str) -> list[Sum]:
    if not percent:
        return [Sum(_("Total"), format_money(total, currency), True)]
    rate = _("Tax, %(percent)s %%") % {"percent": number(percent)}
    return [
        Sum(_("Net"), format_money(net, currency)),
        Sum(rate, format_money(tax, currency)),
        Sum(_("Total"), format_money(total, currency), True),
    ]


def _below(credit: int, came: int, left: int, currency: str) -> list[Sum]:
    found = []
    if credit:
        found.append(Sum(_("Paid with credits"), format_money(-credit, currency)))
    if came > 0:
        found.append(Sum(_("Paid"), format_money(-came, currency)))
    if credit or came > 0:
        found.append(Sum(_("To be paid"), format_money(left, currency), True))
    return found


def heading(invoice: Invoice) -> str:
    return _("Credit note") if invoice.is_credit_note else _("Invoice")


def is_late(invoice: Invoice) -> bool:
    """By the clock, so that the page does not say “open” until a job has come round to it."""
    owed = invoice.status == Invoice.Status.OPEN and not invoice.is_offer
    return owed and invoice.due_at <= timezone.now()


def state(invoice: Invoice) -> str:
    """In one word; for what is late, that it is."""
    if is_late(invoice):
        return _("overdue")
    return str(invoice.get_status_display())


def tone(invoice: Invoice) -> str:
    return "warn" if is_late(invoice) else TONES[invoice.status]


def party(who: dict[str, str]) -> Iterator[str]:
    """Seller or customer as they stand on the invoice."""
    for name in ("name", "address"):
        if who.get(name):
            yield who[name]
    if who.get("country"):
        yield country(who["country"])
    if who.get("tax_id"):
        yield _("Tax number %(number)s") % {"number": who["tax_id"]}
