"""The operator's figures: each adds up against rows that were written by hand, and names what it counts."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from accounts.models import User, Workspace
from billing.invoices import issuing
from billing.invoices.drafts import Draft, Line, Tax
from billing.invoices.models import Invoice
from billing.models import LedgerEntry, Plan
from billing.subscriptions import changing
from projects.portal.dashboard import as_csv, written
from projects.portal.figures import FIGURES, Period
from projects.portal.figures.money import at, churn, cost_a_run, recurring
from projects.portal.figures.people import activation, sign_ups
from projects.portal.figures.shape import COUNT, MONEY, TEXT, Table
from projects.portal.figures.work import failures, hours, queue_wait, runs_by_state
from projects.portal.models import Price
from projects.runs.models import Run
from tests.billing.selling import on_free, pay, sell

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
PERIOD = Period(30, NOW)


@pytest.fixture(autouse=True)
def _no_cache(db: None) -> None:
    cache.clear()


def invoice(workspace: Workspace, plan: Plan, begin: datetime, days: int = 30) -> Invoice:
    number = Invoice.objects.count() + 1
    given = {"number": f"T-{number}", "series": "T", "year": 2026, "running": number}
    given |= {"kind": Invoice.Kind.RENEWAL, "key": uuid4().hex, "currency": "USD"}
    given |= {"subtotal": plan.price_monthly, "total": plan.price_monthly, "provider": "manual"}
    given |= {"plan": plan, "interval": "month", "issued_at": begin, "due_at": begin}
    return Invoice.objects.create(
        workspace=workspace, period_start=begin, period_end=begin + timedelta(days=days), **given
    )


@pytest.fixture
def plan(db: None) -> Plan:
    return Plan.objects.get(family="starter", version=1)


def test_every_figure_explains_itself_on_an_empty_site(operator_client: Client) -> None:
    for name, figure in FIGURES.items():
        answer = operator_client.get(f"/panel/figures/{name}/")
        table = figure.make(Period.of(30))
        assert not table.empty or escape(str(figure.nothing)) in answer.content.decode()
        assert operator_client.get(f"/panel/figures/{name}.csv").status_code == 200


def test_days_begin_at_the_sites_midnight(settings: Any, alice: User) -> None:
    """23:30 in UTC is tomorrow in Shanghai."""
    settings.TIME_ZONE = "Asia/Shanghai"
    timezone.get_default_timezone.cache_clear()
    try:
        joined = datetime(2026, 6, 14, 23, 30, tzinfo=UTC)
        User.objects.filter(pk=alice.pk).update(date_joined=joined)
        table = sign_ups(Period(7, NOW))
        assert [day.isoformat() for day, count in table.rows if count] == ["2026-06-15"]
        assert Period(7, NOW).start == datetime(2026, 6, 9, tzinfo=ZoneInfo("Asia/Shanghai"))
    finally:
        timezone.get_default_timezone.cache_clear()


def test_activation_counts_workspaces_with_a_model(
    a_run: Callable[..., Run], charlies_workspace: Workspace
) -> None:
    Workspace.objects.update(created_at=NOW - timedelta(days=3))
    a_run("succeeded")
    table = activation(PERIOD)
    assert (table.value, sum(row[1] for row in table.rows)) == (0.5, 2)


def test_runs_and_failures_lead_to_their_rows(
    a_run: Callable[..., Run], operator_client: Client
) -> None:
    recent = timezone.now() - timedelta(days=1)
    for status, problem in (
        ("succeeded", None),
        ("failed", {"code": "run.lost", "values": {}}),
        ("failed", {"incident": "abc2345"}),
    ):
        a_run(status, created_at=recent, ended_at=recent, problem=problem)
    period = Period.of(30)
    assert dict(row[:2] for row in runs_by_state(period).rows) == {"Succeeded": 1, "Failed": 2}
    table = failures(period)
    assert {row[2]: row[1] for row in table.rows} == {"run.lost": 1, "internal": 1}
    for link, row in zip(table.links, table.rows, strict=True):
        page = operator_client.get(link)
        assert page.status_code == 200
        assert page.context["cl"].result_count == row[1]


def test_the_wait_is_that_of_first_attempts(a_run: Callable[..., Run]) -> None:
    for seconds, attempt in ((10, 1), (20, 1), (90, 1), (9000, 2)):
        start = NOW - timedelta(days=1)
        a_run(
            "running",
            attempt=attempt,
            created_at=start,
            started_at=start + timedelta(seconds=seconds),
        )
    table = queue_wait(PERIOD)
    assert table.rows[0][1:] == (3, 20.0, 90.0, 90.0)


def test_hours_are_those_of_the_ledger_without_what_was_refunded(workspace: Workspace) -> None:
    run = uuid4()
    for kind, amount in (("settle", 7200), ("refund", -3600), ("hold", 9999)):
        given = {
            "meter": "training_seconds",
            "kind": kind,
            "amount": Decimal(amount),
            "run_id": run,
        }
        LedgerEntry.objects.create(workspace=workspace, at=NOW - timedelta(days=1), **given)
    assert hours(PERIOD).value == pytest.approx(1.0)


def test_a_run_costs_what_the_hour_costs_on_its_day(
    workspace: Workspace, a_run: Callable[..., Run]
) -> None:
    Price.objects.create(device="cpu", since=NOW.date() - timedelta(days=20), per_hour=100)
    Price.objects.create(device="cpu", since=NOW.date() - timedelta(days=5), per_hour=300)
    for days in (10, 2):
        given = {"meter": "training_seconds", "kind": "settle", "amount": Decimal(3600)}
        when = NOW - timedelta(days=days)
        LedgerEntry.objects.create(workspace=workspace, run_id=uuid4(), at=when, **given)
        a_run("succeeded", ended_at=when)
    table = cost_a_run(PERIOD)
    assert (table.value, sum(row[5] for row in table.rows)) == (200, 400)


def test_recurring_revenue_and_churn_of_two_customers(
    workspace: Workspace, charlies_workspace: Workspace, plan: Plan
) -> None:
    for month in (3, 4, 5):
        invoice(workspace, plan, datetime(2026, month, 10, tzinfo=UTC), 31)
    invoice(charlies_workspace, plan, datetime(2026, 4, 2, tzinfo=UTC))
    period = Period(30, datetime(2026, 6, 5, tzinfo=UTC))
    found = {row[0]: row[1:3] for row in recurring(period).rows}
    assert found["2026-04"] == (2 * plan.price_monthly, 2)
    assert found["2026-05"] == (plan.price_monthly, 1)
    lost = {row[0]: row[1:] for row in churn(period).rows}
    assert lost["2026-05"] == (0.5, 2, 1, 0)


def test_a_first_period_counts_from_the_day_on_which_it_is_paid(workspace: Workspace) -> None:
    plan = sell()["starter"]
    on_free(workspace)
    chosen = {"plan": plan, "interval": "month", "now": NOW - timedelta(days=10)}
    made = changing.choose(workspace=workspace, **chosen)
    assert made
    assert recurring(PERIOD).value == 0
    pay(made, NOW - timedelta(days=5))
    assert recurring(PERIOD).value == plan.price_monthly
    assert recurring(Period(30, NOW + timedelta(days=26))).value == 0, "it was not renewed"


def test_a_void_invoice_is_no_revenue(workspace: Workspace, plan: Plan) -> None:
    made = invoice(workspace, plan, NOW - timedelta(days=3))
    Invoice.objects.filter(pk=made.pk).update(status=Invoice.Status.VOID)
    assert recurring(PERIOD).value == 0
    assert at(NOW, []) == {}


def test_nobody_pays_what_was_given_up_or_for_a_workspace_that_is_gone(
    workspace: Workspace, charlies_workspace: Workspace, plan: Plan
) -> None:
    made = invoice(workspace, plan, NOW - timedelta(days=3))
    Invoice.objects.filter(pk=made.pk).update(status=Invoice.Status.UNCOLLECTIBLE)
    invoice(charlies_workspace, plan, NOW - timedelta(days=3))
    assert recurring(PERIOD).value == plan.price_monthly
    Workspace.objects.filter(pk=charlies_workspace.pk).update(deleted_at=NOW - timedelta(days=1))
    assert recurring(PERIOD).value == 0


def test_an_invoice_that_is_for_no_plan_is_no_recurring_revenue(workspace: Workspace) -> None:
    line = Line(Invoice.Kind.CHANGE, 100)
    draft = Draft(Invoice.Kind.CHANGE, "USD", (line,), Tax(Decimal(0)))
    given = {"key": "k", "provider": "manual", "due_at": NOW, "now": NOW, "applied": True}
    issuing.issue(workspace, draft, **given)
    assert recurring(PERIOD).value == 0


def test_csv_holds_plain_values_and_no_formula() -> None:
    rows = [("=HYPERLINK()", 12345, 3), ("+1", None, 0)]
    table = Table(("Name", "Sum", "Rows"), (TEXT, MONEY, COUNT), rows, currency="USD")
    first, *lines = csv.reader(StringIO(as_csv(table).removeprefix("\ufeff")))
    assert first == ["Name", "Sum", "Rows"]
    assert [line[1:] for line in lines] == [["123.45", "3"], ["", "0"]]
    assert not [line for line in lines if line[0][0] in "=+"]
    assert written(12345, MONEY, "JPY") == "¥12,345"


def test_strangers_find_no_dashboard(alice_client: Client) -> None:
    assert alice_client.get("/panel/").status_code == 404


def test_figures_ask_a_fixed_number_of_questions(
    operator_client: Client, a_run: Callable[..., Run], django_assert_max_num_queries: Any
) -> None:
    for _n in range(12):
        a_run("failed", ended_at=timezone.now(), started_at=timezone.now(), attempt=1)
    period = Period.of(365)
    for figure in FIGURES.values():
        with django_assert_max_num_queries(14):
            figure.make(period)
