"""What the admin shows of an invoice, written for people: amounts with their currency, addresses in lines."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from billing.invoices.models import Invoice
from billing.money import format_money


def written(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT")


def named(title: Any) -> type[admin.AllValuesFieldListFilter]:
    """A filter by a column that has no name of its own."""

    class Named(admin.AllValuesFieldListFilter):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.title = title

    return Named


def day(name: str, title: Any) -> Any:
    @admin.display(description=title, ordering=name)
    def shown(invoice: Invoice) -> str:
        return date_format(timezone.localtime(getattr(invoice, name)), "DATE_FORMAT")

    return shown


def money(name: str, title: Any) -> Any:
    @admin.display(description=title)
    def shown(invoice: Invoice) -> str:
        return format_money(getattr(invoice, name), invoice.currency)

    return shown


def as_is(name: str, title: Any) -> Any:
    @admin.display(description=title)
    def shown(invoice: Invoice) -> Any:
        found = getattr(invoice, name)
        return written(found) if isinstance(found, datetime) else found or "–"

    return shown


def party(name: str, title: Any) -> Any:
    """Of the words that were copied onto the invoice, those of the address."""

    @admin.display(description=title)
    def shown(invoice: Invoice) -> str:
        found = getattr(invoice, name)
        parts = (found.get(part) for part in ("name", "address", "country", "tax_id", "email"))
        return "\n".join(filter(None, parts)) or "–"

    return shown


ISSUED = day("issued_at", _("issued"))
DUE = day("due_at", _("due"))
NET = money("subtotal", _("Net"))
TAX = money("tax", _("Tax"))
CREDIT = money("credit", _("Paid with credits"))
PARTIES = (party("customer", _("Bill to")), party("seller", _("Issued by")))
CLAIM = (
    as_is("plan", _("plan")),
    as_is("corrects", _("Corrects")),
    as_is("reason", _("Reason")),
)
TIMES = (
    as_is("period_start", _("period since")),
    as_is("period_end", _("period until")),
    as_is("applied_at", _("plan begun")),
    as_is("paid_at", _("paid on")),
    as_is("closed_at", _("void or given up on")),
)
WAY = (
    as_is("provider", _("payment by")),
    as_is("reminded", _("reminders sent")),
    as_is("tries", _("tries of the card")),
)
