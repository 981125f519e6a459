"""Payment with Stripe, against a fake that speaks as it does and Stripe's own client library."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, Workspace
from billing.invoices.models import CreditEntry, Invoice, Payment
from billing.models import Plan, Subscription
from billing.payment import collecting, stripes
from billing.payment.models import ProviderEvent
from billing.subscriptions import changing
from billing.sweeping import sweep
from tests.billing.fake_stripe import FakeStripe, client_of
from tests.billing.selling import agree, on_free, pay, sell, subscription
from training.problems import Problem

HOOK = "/billing/stripe/"
DAY = timedelta(days=1)


@pytest.fixture
def stripe(settings: Any, monkeypatch: Any, workspace: Workspace) -> FakeStripe:
    """A Stripe whose events wait until the test delivers them."""
    settings.PAYMENT = "stripe"
    settings.STRIPE_KEY, settings.STRIPE_WEBHOOK_SECRET = "sk_test_fake", "whsec_fake"
    fake = FakeStripe()
    monkeypatch.setattr(stripes, "client", lambda: client_of(fake))
    sell()
    on_free(workspace)
    return fake


def post(fake: FakeStripe, event: dict[str, Any], **headers: str) -> Any:
    body = json.dumps(event).encode()
    signed = {"Stripe-Signature": fake.signature(body)} | headers
    return Client().post(HOOK, body, content_type="application/json", headers=signed)


def deliver(fake: FakeStripe) -> list[str]:
    """All events that wait, in the order in which they happened: the outcomes."""
    events, fake.events = fake.events, []
    return [post(fake, event).json()["outcome"] for event in events]


def choose(workspace: Workspace, slug: str = "starter") -> Invoice:
    plan = Plan.objects.get(slug=slug)
    invoice = changing.choose(workspace=workspace, plan=plan, interval="month")
    assert invoice is not None
    return invoice


def session_of(invoice: Invoice) -> str:
    collecting.pay_or_lead(invoice)
    return Invoice.objects.get(pk=invoice.pk).checkout_ref


def subscribed(fake: FakeStripe, workspace: Workspace) -> Invoice:
    invoice = choose(workspace)
    fake.pay(session_of(invoice))
    deliver(fake)
    invoice.refresh_from_db()
    return invoice


def test_the_plan_begins_when_the_checkout_is_paid(stripe: FakeStripe, workspace: Any) -> None:
    invoice = choose(workspace)
    url = collecting.pay_or_lead(invoice)
    assert url.startswith("http://stripe.test/pay/cs_test_")
    assert subscription(workspace).plan.slug == "free"
    stripe.pay(session_of(invoice))
    assert deliver(stripe) == [
        "done",
        "done",
    ]  # the payment, and the page: one payment all the same
    mine = subscription(workspace)
    assert (mine.plan.slug, mine.provider) == ("starter", "stripe")
    assert mine.provider_ref.startswith("cus_")
    assert mine.provider_method.startswith("pm_")
    assert Payment.objects.get().amount == 2900
    agree(workspace)


def test_a_declined_card_changes_nothing_and_the_page_stays(
    stripe: FakeStripe, workspace: Any
) -> None:
    session = session_of(choose(workspace))
    stripe.declines = True
    stripe.pay(session)
    assert deliver(stripe) == ["done"]
    assert subscription(workspace).plan.slug == "free"
    assert AuditEntry.objects.filter(verb="payment.declined").exists()
    stripe.declines = False
    stripe.pay(session)
    deliver(stripe)
    assert subscription(workspace).plan.slug == "starter"


def test_an_upgrade_is_collected_from_the_card(stripe: FakeStripe, workspace: Any) -> None:
    subscribed(stripe, workspace)
    upgrade = choose(workspace, "team")
    assert collecting.pay_or_lead(upgrade) == ""
    assert subscription(workspace).plan.slug == "team"
    deliver(stripe)  # Stripe tells of it as well
    assert Payment.objects.filter(invoice=upgrade).count() == 1
    agree(workspace)


def test_whoever_pays_by_invoice_is_led_to_no_card(stripe: FakeStripe, workspace: Any) -> None:
    """An operator has agreed on that; now, and for each period to come."""
    Subscription.objects.filter(workspace=workspace).update(by_invoice=True)
    invoice = choose(workspace)
    assert collecting.pay_or_lead(invoice) == ""
    assert (invoice.provider, stripe.asked) == ("manual", [])
    pay(invoice, timezone.now())
    end = subscription(workspace).period_end
    assert end is not None
    sweep(end)
    assert Invoice.objects.get(kind="renewal").provider == "manual"
    Subscription.objects.filter(workspace=workspace).update(by_invoice=False, provider="stripe")
    assert choose(workspace, "team").provider == "stripe"


def test_a_renewal_is_collected_and_a_refused_one_is_tried_again(
    stripe: FakeStripe, workspace: Any
) -> None:
    subscribed(stripe, workspace)
    end = subscription(workspace).period_end
    assert end is not None
    stripe.declines = True
    sweep(end)
    invoice = Invoice.objects.get(kind="renewal")
    assert (invoice.status, invoice.tries) == ("open", 1)
    sweep(end + 1 * DAY)
    assert subscription(workspace).status == "past_due"
    sweep(end + 2 * DAY)  # due after a day, tried again one day later
    invoice.refresh_from_db()
    assert invoice.tries == 2
    stripe.declines = False
    sweep(end + 4 * DAY)
    invoice.refresh_from_db()
    assert (invoice.status, subscription(workspace).status) == ("paid", "active")
    agree(workspace)


def test_the_same_event_acts_once(stripe: FakeStripe, workspace: Any) -> None:
    stripe.pay(session_of(choose(workspace)))
    paid = stripe.events[0]
    for _time in range(3):
        assert post(stripe, paid).status_code == 200
    assert (Payment.objects.count(), ProviderEvent.objects.count()) == (1, 1)


def test_events_in_the_wrong_order_end_the_same(stripe: FakeStripe, workspace: Any) -> None:
    session = session_of(choose(workspace))
    stripe.declines = True
    stripe.pay(session)
    stripe.declines = False
    stripe.pay(session)
    stripe.events.reverse()
    deliver(stripe)
    assert subscription(workspace).plan.slug == "starter"
    assert Payment.objects.count() == 1


def test_an_older_state_never_overrides_a_newer_one(stripe: FakeStripe, workspace: Any) -> None:
    subscribed(stripe, workspace)
    customer = stripe.objects[subscription(workspace).provider_ref]
    now = int(time.time())
    for card, at in (("pm_new", now), ("pm_old", now - 60)):
        customer["invoice_settings"] = {"default_payment_method": card}
        stripe.tell("customer.updated", customer, created=at)
    assert deliver(stripe) == ["done", "stale"]
    assert subscription(workspace).provider_method == "pm_new"


def test_unknown_events_are_kept_and_ignored_without_secrets(
    stripe: FakeStripe, workspace: Any
) -> None:
    about = {"id": "x_1", "metadata": {"invoice": "no-uuid"}, "client_secret": "pi_secret"}
    for kind in ("radar.early_fraud_warning.created", "payment_intent.succeeded"):
        stripe.tell(kind, about)
    assert deliver(stripe) == ["ignored", "ignored"]
    assert "pi_secret" not in str(list(ProviderEvent.objects.values()))


def test_what_stripe_has_not_signed_is_refused(stripe: FakeStripe) -> None:
    event = stripe.tell("customer.updated", {"id": "cus_1"})
    body = json.dumps(event).encode()
    old = stripe.signature(body, at=int(time.time()) - 600)
    other = FakeStripe(secret="whsec_other").signature(body)
    for signature in ("", "nonsense", "t=x,v1=y", old, other, stripe.signature(body + b" ")):
        answer = post(stripe, event, **{"Stripe-Signature": signature})
        assert answer.status_code == 400, signature
    for wrong in (b"[]", b"{}", b"\xff", b"null"):
        signed = {"Stripe-Signature": stripe.signature(wrong)}
        said = Client().post(HOOK, wrong, content_type="application/json", headers=signed)
        assert said.status_code == 400
    assert not ProviderEvent.objects.exists()


def test_a_body_that_is_too_large_is_not_read(stripe: FakeStripe) -> None:
    answer = Client().post(HOOK, b"x" * (512 * 1024 + 1), content_type="application/json")
    assert answer.status_code == 413


def test_an_effect_that_fails_is_told_again(
    stripe: FakeStripe, workspace: Any, monkeypatch: Any
) -> None:
    stripe.pay(session_of(choose(workspace)))
    event = stripe.events[0]
    with monkeypatch.context() as broken:
        broken.setattr("billing.payment.events.issuing.pay", lambda *a, **k: 1 / 0)
        body = json.dumps(event).encode()
        client = Client(raise_request_exception=False)
        signed = {"Stripe-Signature": stripe.signature(body)}
        said = client.post(HOOK, body, content_type="application/json", headers=signed)
        assert said.status_code == 500
    assert not ProviderEvent.objects.exists(), "neither the event nor half of its effect"
    assert post(stripe, event).json() == {"outcome": "done"}


def test_money_for_a_void_invoice_becomes_a_credit(stripe: FakeStripe, workspace: Any) -> None:
    first = choose(workspace)
    session = session_of(first)
    choose(workspace, "team")  # the first is void, but its page was open in another tab
    stripe.objects[session]["status"] = "open"
    stripe.pay(session)
    deliver(stripe)
    assert CreditEntry.objects.get().amount == 2900
    agree(workspace)


def test_a_void_invoice_closes_its_page(
    stripe: FakeStripe, workspace: Any, django_capture_on_commit_callbacks: Any
) -> None:
    session = session_of(choose(workspace))
    with django_capture_on_commit_callbacks(execute=True):
        choose(workspace, "team")
    assert stripe.objects[session]["status"] == "expired"


def test_a_refund_goes_back_once_whoever_tells_of_it_first(
    stripe: FakeStripe, workspace: Any
) -> None:
    invoice = subscribed(stripe, workspace)
    note = collecting.refund(invoice, amount=900, reason="too slow", key="r1")
    again = collecting.refund(invoice, amount=900, reason="too slow", key="r1")
    deliver(stripe)
    assert note == again
    assert (note.total, Invoice.objects.filter(kind="credit_note").count()) == (-900, 1)
    intent = invoice.payments.get(amount__gt=0).reference
    stripe.answer(
        "POST",
        "/v1/refunds",
        {"payment_intent": intent, "amount": "2000"},
        {"authorization": "Bearer sk_test_fake"},
    )
    assert deliver(stripe) == ["done"], "sent in Stripe's dashboard"
    assert sum(p.amount for p in Payment.objects.all()) == 0
    with pytest.raises(Problem, match="Send back less"):
        collecting.refund(invoice, amount=1, reason="", key="r2")
    agree(workspace)


def test_a_stripe_that_is_away_is_said_and_nothing_is_charged(
    stripe: FakeStripe, workspace: Any
) -> None:
    stripe.key = "sk_test_another"
    invoice = choose(workspace)
    stripe.answer = lambda *a: (500, {"error": {"type": "api_error", "message": "down"}})  # type: ignore[method-assign]
    with pytest.raises(Problem) as caught:
        collecting.pay_or_lead(invoice)
    assert caught.value.code == "payment.unavailable"
    assert Invoice.objects.get().status == "open"


def test_the_portal_changes_the_card(stripe: FakeStripe, workspace: Any, alice_client: Any) -> None:
    subscribed(stripe, workspace)
    page = alice_client.post(f"/w/{workspace.slug}/billing/card/")
    assert page.url.startswith("http://stripe.test/portal/")
    stripe.tell("payment_method.detached", {"id": subscription(workspace).provider_method})
    assert deliver(stripe) == ["done"]
    assert subscription(workspace).provider_method == ""
    upgrade = choose(workspace, "team")
    assert collecting.pay_or_lead(upgrade).startswith("http://stripe.test/pay/")


def test_without_stripe_there_is_no_hook(db: None, settings: Any) -> None:
    settings.STRIPE_WEBHOOK_SECRET = ""
    assert Client().post(HOOK, b"{}", content_type="application/json").status_code == 404


def test_dates_of_a_collected_renewal_do_not_depend_on_the_hour(
    stripe: FakeStripe, workspace: Any
) -> None:
    subscribed(stripe, workspace)
    end = subscription(workspace).period_end
    assert end is not None
    assert end > timezone.now() + 27 * DAY
    sweep(end + timedelta(hours=5))
    assert subscription(workspace).period_start == end
