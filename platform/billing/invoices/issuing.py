"""Writes invoices, and what happens to them: paid, void, given up, corrected. Every call may be repeated."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import User, Workspace
from billing import coupons, credits
from billing.invoices import drafts, numbering
from billing.invoices.drafts import Draft, Line, Tax
from billing.invoices.models import Invoice, InvoiceLine, Payment
from billing.invoices.selectors import corrected, due, paid
from billing.invoices.telling import tell
from billing.money import format_money, rounded
from billing.signals import invoice_paid, invoice_voided
from billing.subscriptions.table import lock
from training.problems import Problem

Status = Invoice.Status


@transaction.atomic
def issue(
    workspace: Workspace,
    draft: Draft,
    *,
    key: str,
    provider: str,
    due_at: datetime,
    now: datetime | None = None,
    applied: bool = False,
) -> Invoice:
    """Writes the invoice, once a `key`, and pays of it what credits can. With nothing left to pay it is paid.

    `applied`: the plan that it is for has begun; otherwise that happens when it is paid.
    """
    lock(workspace)
    found = Invoice.objects.filter(key=key).first()
    if found is not None:
        return found
    moment = now or timezone.now()
    credit = min(credits.balance(workspace, draft.currency), max(0, draft.total))
    invoice = _write(
        draft,
        workspace=workspace,
        key=key,
        provider=provider,
        issued_at=moment,
        due_at=due_at,
        credit=credit,
        applied_at=moment if applied else None,
    )
    if credit:
        credits.spend(workspace, invoice, credit)
    if draft.redemption:
        coupons.spend(draft.redemption, invoice)
    _note(invoice, "invoice.issued", total=invoice.total, currency=invoice.currency)
    tell("invoice.created", invoice)
    if due(invoice) == 0:
        _close(invoice, moment)
    return invoice


def _write(draft: Draft, *, workspace: Workspace, issued_at: datetime, **given: Any) -> Invoice:
    credit_note = draft.kind == Invoice.Kind.CREDIT_NOTE
    number = numbering.take(numbering.series_of(credit_note=credit_note), issued_at)
    invoice = Invoice.objects.create(
        workspace=workspace,
        number=str(number),
        series=number.series,
        year=number.year,
        running=number.running,
        kind=draft.kind,
        currency=draft.currency,
        subtotal=draft.subtotal,
        tax_percent=draft.tax_rate.percent,
        tax=draft.tax,
        total=draft.total,
        note=draft.tax_rate.note,
        plan=draft.plan,
        interval=draft.interval,
        period_start=draft.period_start,
        period_end=draft.period_end,
        value=draft.value,
        left_over=draft.gross_left_over,
        issued_at=issued_at,
        **drafts.parties(workspace),
        **given,
    )
    _write_lines(invoice, draft.lines)
    return invoice


def _write_lines(invoice: Invoice, lines: tuple[Line, ...]) -> None:
    InvoiceLine.objects.bulk_create(
        InvoiceLine(
            invoice=invoice,
            position=position,
            kind=line.kind,
            values=line.values,
            quantity=line.quantity,
            unit_price=line.price,
            amount=line.amount,
        )
        for position, line in enumerate(lines, 1)
    )


@transaction.atomic
def pay(
    invoice: Invoice,
    *,
    amount: int | None = None,
    provider: str,
    reference: str = "",
    key: str,
    user: User | None = None,
    now: datetime | None = None,
) -> Invoice:
    """Books money that came, once a `key`. `amount` None: all that is due.

    What comes for an invoice that is paid or void, or beyond what is due, is not lost: it becomes a credit.
    """
    moment = now or timezone.now()
    current = _locked(invoice)
    if Payment.objects.filter(key=key).exists():
        return current
    open_amount = due(current)
    came = open_amount if amount is None else amount
    if came <= 0:
        raise Problem("invoice.closed", number=current.number, status=current.status)
    _book(current, came, provider, reference, key, moment)
    _keep_excess(current, came - open_amount, key)
    spoken = {"amount": came, "currency": current.currency, "reference": reference}
    _note(current, "invoice.payment", user=user, **spoken)
    if open_amount and came >= open_amount:
        _close(current, moment)
    return current


def _book(
    invoice: Invoice, amount: int, provider: str, reference: str, key: str, at: datetime
) -> None:
    Payment.objects.create(
        invoice=invoice, amount=amount, provider=provider, reference=reference[:120], key=key, at=at
    )


def _keep_excess(invoice: Invoice, excess: int, key: str) -> None:
    if excess > 0 and invoice.workspace:
        reason = f"Paid beyond {invoice.number}"
        given = (invoice.workspace, excess, invoice.currency, reason, f"excess:{key}")
        credits.grant(*given, invoice=invoice)


def _close(invoice: Invoice, at: datetime) -> None:
    """Paid, in the transaction of the payment that did it; what waits for it happens in the same."""
    _become(invoice, Status.PAID, at, {Status.OPEN, Status.UNCOLLECTIBLE}, paid_at=at, try_at=None)
    _note(invoice, "invoice.paid")
    tell("invoice.paid", invoice)
    invoice_paid.send(Invoice, invoice=invoice, now=at)


@transaction.atomic
def void(
    invoice: Invoice, *, reason: str = "", user: User | None = None, now: datetime | None = None
) -> Invoice:
    """Takes an open invoice back of which nothing was paid. Its number stays; its credits and coupon come back."""
    moment = now or timezone.now()
    current = _locked(invoice)
    if current.status == Status.VOID:
        return current
    if current.status != Status.OPEN or paid(current):
        raise Problem("invoice.closed", number=current.number, status=current.status)
    _become(current, Status.VOID, moment, {Status.OPEN}, closed_at=moment, try_at=None)
    _return_credit(current)
    coupons.give_back(current)
    _note(current, "invoice.voided", user=user, reason=reason)
    invoice_voided.send(Invoice, invoice=current, now=moment)
    return current


def _return_credit(invoice: Invoice) -> None:
    if invoice.credit and invoice.workspace:
        given = (invoice.workspace, invoice.credit, invoice.currency, invoice.number)
        credits.grant(*given, f"void:{invoice.pk}", invoice=invoice)


@transaction.atomic
def give_up(invoice: Invoice, *, user: User | None = None, now: datetime | None = None) -> Invoice:
    """Nobody expects it to be paid any more. It can be: then it is paid."""
    moment = now or timezone.now()
    current = _locked(invoice)
    if current.status == Status.OPEN:
        _become(current, Status.UNCOLLECTIBLE, moment, {Status.OPEN}, closed_at=moment, try_at=None)
        _note(current, "invoice.uncollectible", user=user)
    return current


@transaction.atomic
def correct(
    invoice: Invoice,
    *,
    amount: int,
    reason: str,
    key: str,
    to_credits: bool = False,
    reference: str = "",
    user: User | None = None,
    now: datetime | None = None,
) -> Invoice:
    """A credit note over `amount` (with tax, above zero), once a `key`, and the money that goes back with it.

    The tax of all notes together is that of the invoice when all of it is taken back: each note takes what the sum so
    far makes due. Raises Problem(`invoice.refund_too_much`) beyond what is paid and not yet taken back.
    """
    moment = now or timezone.now()
    current = _locked(invoice)
    found = Invoice.objects.filter(key=key).first()
    if found is not None:
        return found
    check_refund(current, amount, to_credits=to_credits)
    note = _write(
        _note_draft(current, amount),
        workspace=current.workspace,  # type: ignore[arg-type]
        key=key,
        provider=current.provider,
        issued_at=moment,
        due_at=moment,
        status=Status.PAID,
        paid_at=moment,
        corrects=current,
        reason=reason[:200],
    )
    _send_back(note, to_credits, reference, moment)
    _note(note, "invoice.refunded", user=user, amount=amount, currency=note.currency, reason=reason)
    tell("invoice.created", note)
    return note


def check_refund(invoice: Invoice, amount: int, *, to_credits: bool = False) -> None:
    """Raises Problem(`invoice.refund_too_much`)."""
    most = refundable(invoice, to_credits=to_credits)
    if not 0 < amount <= most:
        said = {"most": most, "asked": amount}
        shown = {name: format_money(one, invoice.currency) for name, one in said.items()}
        raise Problem("invoice.refund_too_much", number=invoice.number, **shown)


def refundable(invoice: Invoice, *, to_credits: bool = False) -> int:
    """What may still go back, in minor units: as money, what came as money; as credits, all that was paid."""
    if invoice.status != Status.PAID or invoice.is_credit_note:
        return 0
    back, _tax = corrected(invoice)
    left = invoice.total - back
    if to_credits:
        return left
    returned = -sum(paid(note) for note in invoice.credit_notes.all())
    return max(0, min(left, invoice.total - invoice.credit - returned))


def _note_draft(invoice: Invoice, amount: int) -> Draft:
    back, back_tax = corrected(invoice)
    tax = rounded(Decimal(invoice.tax * (back + amount)) / invoice.total) - back_tax
    line = Line(InvoiceLine.Kind.CORRECTION, -(amount - tax), {"number": invoice.number})
    rate = Tax(invoice.tax_percent, invoice.note)
    lines = (line,)
    return Draft(Invoice.Kind.CREDIT_NOTE, invoice.currency, lines, rate, fixed_tax=-tax)


def _send_back(note: Invoice, to_credits: bool, reference: str, at: datetime) -> None:
    if to_credits and note.workspace:
        given = (note.workspace, -note.total, note.currency, note.number, f"note:{note.pk}")
        credits.grant(*given, invoice=note)
    else:
        _book(note, note.total, note.provider, reference, f"note:{note.pk}", at)


def _locked(invoice: Invoice) -> Invoice:
    """The invoice as it is now; until this transaction ends, nobody else changes it or its workspace's money."""
    if invoice.workspace:
        lock(invoice.workspace)
    return Invoice.objects.select_for_update().get(pk=invoice.pk)


def _become(invoice: Invoice, status: str, at: datetime, before: set[str], **fields: Any) -> None:
    mine = Invoice.objects.filter(pk=invoice.pk, status__in=before)
    if not mine.update(status=status, **fields):
        raise Problem("invoice.closed", number=invoice.number, status=invoice.status)
    for name, value in {"status": status, **fields}.items():
        setattr(invoice, name, value)


def _note(invoice: Invoice, verb: str, *, user: User | None = None, **values: Any) -> None:
    if invoice.workspace:
        audit.record(invoice.workspace, verb, user=user, about=invoice.number, **values)
