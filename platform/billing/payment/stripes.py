"""Payment by card with Stripe. The invoices are ours; Stripe takes the money for them and keeps the card.

The first invoice is paid on Stripe's Checkout, which keeps the card; the next ones are collected from it. What became
of a payment is told by events (see events.py), so that nothing depends on the customer's browser coming back.
"""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings

from accounts.models import Workspace
from billing.invoices.models import BillingDetails, Invoice
from billing.models import Subscription
from billing.payment.providers import Collected
from training.problems import Problem

log = logging.getLogger(__name__)
TERMS = 1  # day: a card is charged at once
SETTLED = "succeeded"


def client() -> Any:
    """Stripe's own client, with the key from the settings."""
    import stripe

    elsewhere: dict[str, Any] = (
        {"base_addresses": {"api": settings.STRIPE_API}} if settings.STRIPE_API else {}
    )
    return stripe.StripeClient(settings.STRIPE_KEY, max_network_retries=2, **elsewhere)


def _once(key: str) -> dict[str, str]:
    """Stripe does what has the same key once, also when the answer was lost on its way."""
    return {"idempotency_key": key}


class Stripe:
    name = "stripe"
    collects = True

    def terms(self) -> int:
        return TERMS

    def checkout(self, invoice: Invoice, amount: int, back: str) -> str:
        import stripe

        try:
            return self._checkout(invoice, amount, back)
        except stripe.StripeError as error:
            log.error("Stripe refuses a payment page for %s: %s", invoice.number, error.code)
            raise Problem("payment.unavailable", provider="Stripe") from error

    def _checkout(self, invoice: Invoice, amount: int, back: str) -> str:
        about = {"invoice": str(invoice.pk), "number": invoice.number}
        price = {
            "currency": invoice.currency.lower(),
            "unit_amount": amount,
            "product_data": {"name": invoice.number},
        }
        session = client().v1.checkout.sessions.create(
            params={
                "mode": "payment",
                "customer": self.customer(invoice.workspace),
                "client_reference_id": str(invoice.pk),
                "line_items": [{"price_data": price, "quantity": 1}],
                "payment_intent_data": {"setup_future_usage": "off_session", "metadata": about},
                "metadata": about,
                "success_url": f"{back}?paid=1",
                "cancel_url": back,
            },
        )
        Invoice.objects.filter(pk=invoice.pk).update(checkout_ref=session.id)
        return str(session.url)

    def customer(self, workspace: Workspace | None) -> str:
        """Stripe's id of the workspace, made with the first payment."""
        if workspace is None:
            raise Problem("payment.unavailable", provider="Stripe")
        mine = Subscription.objects.filter(workspace=workspace)
        known = mine.values_list("provider_ref", flat=True).first()
        if known:
            return str(known)
        details = BillingDetails.objects.filter(workspace=workspace).first() or BillingDetails()
        params: dict[str, Any] = {"name": details.name or workspace.name}
        params |= {"email": details.email} if details.email else {}
        made = client().v1.customers.create(
            params={**params, "metadata": {"workspace": str(workspace.pk)}},
            options=_once(f"customer:{workspace.pk}"),
        )
        mine.update(provider_ref=made.id)
        return str(made.id)

    def collect(self, invoice: Invoice, amount: int) -> Collected | None:
        import stripe

        card = _card(invoice)
        if card is None:
            return None
        try:
            intent = client().v1.payment_intents.create(
                params={
                    "amount": amount,
                    "currency": invoice.currency.lower(),
                    **card,
                    "off_session": True,
                    "confirm": True,
                    "description": invoice.number,
                    "metadata": {"invoice": str(invoice.pk), "number": invoice.number},
                },
                options=_once(f"collect:{invoice.pk}:{amount}:{invoice.tries}"),
            )
        except (stripe.CardError, stripe.InvalidRequestError) as error:
            # Declined, or the card is gone: somebody has to pay on the page.
            return Collected(declined=error.code or "card_declined")
        except stripe.StripeError as error:
            log.error("Stripe cannot collect %s: %s", invoice.number, type(error).__name__)
            raise Problem("payment.unavailable", provider="Stripe") from error
        return Collected(reference=intent.id, pending=intent.status != SETTLED)

    def refund(self, invoice: Invoice, amount: int, key: str) -> str:
        import stripe

        came = invoice.payments.filter(provider=self.name, amount__gte=amount).first()
        if came is None:
            raise Problem("payment.no_single", number=invoice.number)
        try:
            sent = client().v1.refunds.create(
                params={"payment_intent": came.reference, "amount": amount},
                options=_once(f"refund:{key}"),
            )
        except stripe.StripeError as error:
            log.error("Stripe refuses a refund of %s: %s", invoice.number, error.code)
            raise Problem("payment.unavailable", provider="Stripe") from error
        return str(sent.id)

    def forget(self, invoice: Invoice) -> None:
        if not invoice.checkout_ref:
            return
        try:
            client().v1.checkout.sessions.expire(invoice.checkout_ref)
        except Exception as error:
            # What is paid there all the same becomes a credit.
            log.warning(
                "The payment page of %s stays open: %s", invoice.number, type(error).__name__
            )

    def portal(self, workspace: Workspace, back: str) -> str:
        import stripe

        params = {"customer": self.customer(workspace), "return_url": back}
        try:
            return str(client().v1.billing_portal.sessions.create(params=params).url)
        except stripe.StripeError as error:
            log.error("Stripe refuses its portal: %s", error.code)
            raise Problem("payment.unavailable", provider="Stripe") from error


def _card(invoice: Invoice) -> dict[str, str] | None:
    mine = Subscription.objects.filter(workspace=invoice.workspace).first()
    if mine is None or not (mine.provider_ref and mine.provider_method):
        return None
    return {"customer": mine.provider_ref, "payment_method": mine.provider_method}
