"""What Stripe tells: verified on the raw body, kept under its id in the transaction of its effect.

The same event again does nothing; one that is older than what is known of its object changes nothing; one that nobody
knows is kept and ignored. What cannot be done raises, the answer is 500, and Stripe tells it again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts import audit
from billing.invoices import issuing
from billing.invoices.models import Invoice, Payment
from billing.invoices.telling import tell
from billing.models import Subscription
from billing.payment.collecting import refund_key
from billing.payment.models import ProviderEvent
from training.problems import Problem

log = logging.getLogger(__name__)
NAME = "stripe"
TOLERANCE = 300  # seconds that the clocks may differ, and a message may be under way
HIDDEN = ("client_secret",)
Outcome = ProviderEvent.Outcome


def verified(body: bytes, signature: str) -> dict[str, Any]:
    """The event. Raises Problem(`payment.signature`) unless Stripe has signed these very bytes not long ago."""
    import stripe

    try:
        stripe.WebhookSignature.verify_header(
            body.decode(), signature, settings.STRIPE_WEBHOOK_SECRET, TOLERANCE
        )
        event = json.loads(body)
        if isinstance(event["data"]["object"], dict) and event["id"] and event["type"]:
            return dict(event) | {"created": int(event["created"])}
    except (stripe.SignatureVerificationError, ValueError, KeyError, TypeError):
        pass
    raise Problem("payment.signature")


def receive(event: dict[str, Any]) -> str:
    """Keeps the event and does what it says, both or neither. Returns the outcome."""
    try:
        with transaction.atomic():
            kept = _keep(event)
            outcome = _act(kept, event["data"]["object"])
            ProviderEvent.objects.filter(pk=kept.pk).update(outcome=outcome)
            return outcome
    except IntegrityError:
        known = ProviderEvent.objects.filter(pk=event["id"]).first()
        if known is None:  # it was something else
            raise
        return str(known.outcome)


def _keep(event: dict[str, Any]) -> ProviderEvent:
    """Raises IntegrityError where it is kept already, or is being kept at this moment."""
    return ProviderEvent.objects.create(
        id=str(event["id"])[:120],
        provider=NAME,
        kind=str(event["type"])[:80],
        about=str(event["data"]["object"].get("id") or "")[:120],
        happened_at=datetime.fromtimestamp(event["created"], UTC),
        outcome=Outcome.IGNORED,
        body=_without_secrets(event),
    )


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_secrets(item) for key, item in value.items() if key not in HIDDEN}
    return [_without_secrets(item) for item in value] if isinstance(value, list) else value


def _act(kept: ProviderEvent, about: dict[str, Any]) -> str:
    act = ACTS.get(kept.kind)
    return act(kept, about) if act else Outcome.IGNORED


def _is_old(kept: ProviderEvent) -> bool:
    """Whether something later is known of the same object: events come in any order."""
    later = ProviderEvent.objects.filter(about=kept.about, outcome=Outcome.DONE)
    return later.filter(happened_at__gt=kept.happened_at, kind__in=STATES).exists()


def _invoice(about: dict[str, Any]) -> Invoice | None:
    """That which the object is about; None: it is not one of this site."""
    named = (about.get("metadata") or {}).get("invoice")
    try:
        return Invoice.objects.filter(pk=named).first() if named else None
    except ValidationError:
        return None


def _paid(kept: ProviderEvent, about: dict[str, Any]) -> str:
    """A payment intent has the money. Whatever was told before or comes after: money that came is booked, once."""
    invoice = _invoice(about)
    amount = int(about.get("amount_received") or about.get("amount") or 0)
    if invoice is None or amount <= 0:
        return Outcome.IGNORED
    _check_currency(invoice, about)
    issuing.pay(
        invoice,
        amount=amount,
        provider=NAME,
        reference=str(about["id"]),
        key=f"{NAME}:{about['id']}",
    )
    _remember_card(invoice, about)
    return Outcome.DONE


def _check_currency(invoice: Invoice, about: dict[str, Any]) -> None:
    if str(about.get("currency", "")).upper() != invoice.currency:
        raise RuntimeError(f"{about['id']} is in another currency than {invoice.number}")


def _remember_card(invoice: Invoice, about: dict[str, Any]) -> None:
    """From which the next invoices are collected."""
    card, customer = about.get("payment_method"), about.get("customer")
    if card and about.get("setup_future_usage") == "off_session":
        mine = Subscription.objects.filter(workspace=invoice.workspace, provider_ref=customer)
        mine.update(provider_method=str(card))


def _checked_out(kept: ProviderEvent, about: dict[str, Any]) -> str:
    """The page was left with success. With a card the money is there; a bank debit comes later, and is told then."""
    if about.get("payment_status") != "paid" or not about.get("payment_intent"):
        return Outcome.IGNORED
    intent = {"id": about["payment_intent"], "amount": about.get("amount_total")}
    return _paid(kept, {**about, "setup_future_usage": None, **intent})


def _declined(kept: ProviderEvent, about: dict[str, Any]) -> str:
    """What we tried ourselves is counted where it was tried; this is for the record of what was tried on the page."""
    invoice = _invoice(about)
    if invoice is None or _is_old(kept):
        return Outcome.IGNORED if invoice is None else Outcome.STALE
    error = about.get("last_payment_error") or {}
    if invoice.workspace:
        why = str(error.get("decline_code") or error.get("code") or "")
        audit.record(invoice.workspace, "payment.declined", about=invoice.number, reason=why)
    return Outcome.DONE


def _page_expired(kept: ProviderEvent, about: dict[str, Any]) -> str:
    mine = Invoice.objects.filter(checkout_ref=about.get("id") or "-")
    return Outcome.DONE if mine.update(checkout_ref="") else Outcome.IGNORED


def _refunded(kept: ProviderEvent, about: dict[str, Any]) -> str:
    """Money went back, by us or in Stripe's dashboard: the credit note is written, unless it is there."""
    if about.get("status") in ("failed", "canceled"):
        return Outcome.IGNORED
    came = Payment.objects.filter(provider=NAME, reference=about.get("payment_intent") or "-")
    payment = came.filter(amount__gt=0).select_related("invoice").first()
    if payment is None:
        return Outcome.IGNORED
    try:
        issuing.correct(
            payment.invoice,
            amount=int(about["amount"]),
            reason=str(about.get("reason") or ""),
            key=refund_key(NAME, str(about["id"])),
            reference=str(about["id"]),
        )
    except Problem as problem:  # it had become a credit: nothing that a repetition could mend
        _tell_operators(payment.invoice, about, problem)
        return Outcome.IGNORED
    return Outcome.DONE


def _tell_operators(invoice: Invoice, about: dict[str, Any], problem: Problem) -> None:
    log.error("The refund %s of %s has no credit note: %s", about["id"], invoice.number, problem)
    if invoice.workspace:
        said = {"amount": int(about["amount"]), "refund": str(about["id"])}
        audit.record(invoice.workspace, "invoice.refund_unbooked", about=invoice.number, **said)


def _refund_failed(kept: ProviderEvent, about: dict[str, Any]) -> str:
    """The bank did not take it: operators send it another way."""
    note = Invoice.objects.filter(key=refund_key(NAME, str(about.get("id")))).first()
    if note is None:
        return Outcome.IGNORED
    tell("invoice.refund_failed", note)
    return Outcome.DONE


def _card_changed(kept: ProviderEvent, about: dict[str, Any]) -> str:
    """In the portal, the customer has chosen the card that is charged from now on."""
    if _is_old(kept):
        return Outcome.STALE
    card = (about.get("invoice_settings") or {}).get("default_payment_method")
    mine = Subscription.objects.filter(provider_ref=about.get("id") or "-")
    return Outcome.DONE if card and mine.update(provider_method=str(card)) else Outcome.IGNORED


def _card_gone(kept: ProviderEvent, about: dict[str, Any]) -> str:
    mine = Subscription.objects.filter(provider_method=about.get("id") or "-")
    return Outcome.DONE if mine.update(provider_method="") else Outcome.IGNORED


Act = Callable[[ProviderEvent, dict[str, Any]], str]
ACTS: dict[str, Act] = {
    "checkout.session.completed": _checked_out,
    "checkout.session.async_payment_succeeded": _checked_out,
    "checkout.session.expired": _page_expired,
    "payment_intent.succeeded": _paid,
    "payment_intent.payment_failed": _declined,
    "refund.created": _refunded,
    "refund.failed": _refund_failed,
    "customer.updated": _card_changed,
    "payment_method.detached": _card_gone,
}
# Those that say how an object is, rather than that something was done: of these, the newest counts.
STATES = ("payment_intent.succeeded", "payment_intent.payment_failed", "customer.updated")
