"""Whatever happens in whatever order: ledger of credits, invoices, payments and plans agree to the minor unit."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Workspace
from billing import coupons, credits
from billing.invoices import issuing
from billing.invoices.models import BillingDetails, Coupon, CreditEntry, Invoice, Seller, TaxRate
from billing.models import Plan
from billing.subscriptions import changing
from billing.sweeping import sweep
from tests.billing.selling import BEGIN, agree, money_of, on_free, pay, sell, subscription
from training.problems import Problem

CHOICES = [
    ("starter", "month"),
    ("starter", "year"),
    ("team", "month"),
    ("team", "year"),
    ("free", ""),
]
step = st.one_of(
    st.tuples(st.just("choose"), st.sampled_from(CHOICES)),
    st.tuples(st.just("pay"), st.sampled_from([None, 1, 777, 99_999])),
    st.tuples(st.just("pass"), st.integers(1, 45 * 86_400)),
    st.tuples(st.just("refund"), st.tuples(st.integers(1, 20_000), st.booleans())),
    st.tuples(st.just("coupon"), st.sampled_from(["HALF", "FIVE", "GONE"])),
    st.tuples(st.just("grant"), st.integers(1, 5_000)),
    st.tuples(st.just("void"), st.none()),
    st.tuples(st.just("cancel"), st.none()),
    st.tuples(st.just("undo"), st.none()),
)


class Site:
    """One workspace and a clock."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace, self.now, self.number = workspace, BEGIN, 0

    def do(self, name: str, given: Any) -> None:
        self.number += 1
        with suppress(Problem):  # refused, in words; what matters is that nothing is half done
            getattr(self, name)(given)

    def choose(self, wanted: tuple[str, str]) -> None:
        plan = Plan.objects.get(slug=wanted[0])
        said = {"plan": plan, "interval": wanted[1], "now": self.now}
        quoted = changing.quote(subscription=subscription(self.workspace), **said)
        invoice = changing.choose(workspace=self.workspace, **said)
        assert (invoice is None) == (quoted.draft is None)
        if invoice and quoted.draft:
            assert invoice.total == quoted.draft.total >= 0, "as it was said before"

    def pay(self, amount: int | None) -> None:
        invoice = Invoice.objects.filter(status__in=["open", "uncollectible"]).first()
        if invoice:
            pay(invoice, self.now, key=f"p{self.number}", amount=amount)

    def refund(self, wanted: tuple[int, bool]) -> None:
        invoice = Invoice.objects.filter(status="paid").exclude(kind="credit_note").first()
        if invoice:
            said = {"amount": wanted[0], "to_credits": wanted[1], "now": self.now}
            issuing.correct(invoice, reason="", key=f"n{self.number}", **said)

    def coupon(self, code: str) -> None:
        coupons.redeem(workspace=self.workspace, code=code, now=self.now)

    def grant(self, amount: int) -> None:
        credits.grant(self.workspace, amount, "USD", "gift", f"g{self.number}")

    def void(self, _none: None) -> None:
        invoice = Invoice.objects.filter(status="open").first()
        if invoice:
            issuing.void(invoice, now=self.now)

    def cancel(self, _none: None) -> None:
        changing.cancel(workspace=self.workspace)

    def undo(self, _none: None) -> None:
        changing.undo(workspace=self.workspace)

    def after(self, seconds: int) -> datetime:
        return self.now + timedelta(seconds=seconds)


def passes(site: Site, seconds: int) -> None:
    site.now = site.after(seconds)
    sweep(site.now)
    before = list(Invoice.objects.values_list("pk", "status"))
    sweep(site.now)
    assert list(Invoice.objects.values_list("pk", "status")) == before, "a job that runs twice"


def conserved(workspace: Workspace) -> None:
    """What came in is what was claimed and paid, plus what is kept as credits, less what was given."""
    entries = list(CreditEntry.objects.filter(workspace=workspace))
    gifts = sum(e.amount for e in entries if e.key.startswith(("g", "left:")))
    settled = Invoice.objects.filter(workspace=workspace, status="paid")
    claimed = sum(invoice.total for invoice in settled)
    pending = Invoice.objects.filter(workspace=workspace, status__in=["open", "uncollectible"])
    in_parts = sum(i.credit + sum(p.amount for p in i.payments.all()) for i in pending)
    kept = sum(entry.amount for entry in entries)
    assert money_of(workspace) + gifts == claimed + in_parts + kept


def consistent(site: Site) -> None:
    mine = subscription(site.workspace)
    assert mine.value >= 0
    if mine.period_end and mine.status == "active":
        assert mine.interval
        assert mine.value_from is not None
        assert mine.period_start <= mine.value_from < mine.period_end  # type: ignore[operator]
    waiting = Invoice.objects.filter(kind="change", status="open", applied_at=None)
    assert waiting.count() <= 1 or waiting.filter(payments__isnull=False).exists()


@pytest.mark.django_db
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(step, min_size=4, max_size=14), percent=st.sampled_from(["0", "7.5", "19"]))
def test_money_agrees_whatever_happens(workspace: Workspace, steps: Any, percent: str) -> None:
    with transaction.atomic():
        sell()
        on_free(workspace)
        Seller.objects.create(country="DE")
        TaxRate.objects.create(country="DE", percent=Decimal(percent))
        BillingDetails.objects.create(workspace=workspace)
        Coupon.objects.create(code="HALF", percent=50, duration="months", months=2)
        Coupon.objects.create(code="FIVE", amount=500, currency="USD", duration="forever")
        Coupon.objects.create(code="GONE", percent=100)
        site = Site(workspace)
        for name, value in steps:
            if name == "pass":
                passes(site, value)
            else:
                site.do(name, value)
            agree(workspace)
            conserved(workspace)
            consistent(site)
        transaction.set_rollback(True)
