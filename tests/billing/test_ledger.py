"""The ledger: hold, settle, refund; what lies beyond the plan; balances by replay; the lines of an invoice."""

from __future__ import annotations

import uuid
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Workspace
from billing import replaying, services, statement
from billing.metering import used
from billing.models import Balance, LedgerEntry, Plan, Subscription, month_start
from billing.spending import spent_of
from training.problems import Problem

LATER = timedelta(days=400)


def on(workspace: Workspace, cap: int = 0, **terms: Any) -> Plan:
    """Puts the workspace on a plan with these terms and this spending cap."""
    plan, _made = Plan.objects.update_or_create(slug="priced", defaults={"name": "Priced", **terms})
    Subscription.objects.filter(workspace=workspace).update(plan=plan, spending_cap=cap)
    return plan


def train(workspace: Workspace, held: float, took: float) -> uuid.UUID:
    run = uuid.uuid4()
    services.hold(workspace=workspace, run_id=run, project_id=uuid.uuid4(), seconds=held)
    services.settle(run_id=run, attempt=1, seconds=took)
    services.release(run_id=run)
    return run


def predict(workspace: Workspace, number: int, tokens: int = 0) -> None:
    ids = {"run_id": uuid.uuid4(), "project_id": uuid.uuid4()}
    with used(workspace, predictions=number, **ids) as use:
        use.tokens = tokens


def whole(workspace: Workspace) -> list[statement.Line]:
    return statement.lines(workspace, timezone.now() - LATER, timezone.now() + LATER)


def kinds(run: uuid.UUID) -> list[tuple[str, Decimal]]:
    rows = LedgerEntry.objects.filter(run_id=run).order_by("pk")
    return [(row.kind, row.amount) for row in rows]


def test_a_run_is_held_settled_and_given_back(workspace: Workspace) -> None:
    run = train(workspace, 600, 61.5)
    assert kinds(run) == [("hold", 600), ("settle", Decimal("61.5")), ("release", -600)]
    assert not list(replaying.differences())


def test_a_refund_gives_everything_back_once(workspace: Workspace) -> None:
    run = train(workspace, 600, 61.5)
    for _twice in range(2):
        services.refund(run_id=run, reason="ours")
    assert kinds(run)[-1] == ("refund", Decimal("-61.5"))
    assert len(kinds(run)) == 4
    assert services.allowance(workspace).minutes.used == 0
    assert not list(replaying.differences())


def test_beyond_the_limit_costs_under_a_cap_and_what_was_booked_keeps_its_price(
    workspace: Workspace,
) -> None:
    plan = on(workspace, cap=30, max_training_minutes=10, price_minute=Decimal("2.5"))
    train(workspace, 600, 720)  # two minutes more than it was thought to take
    (line,) = whole(workspace)
    assert (line.included, line.overage, line.unit_price, line.amount) == (
        600,
        120,
        Decimal("2.5"),
        5,
    )
    Plan.objects.filter(pk=plan.pk).update(price_minute=Decimal(100), max_training_minutes=0)
    assert statement.total(whole(workspace)) == 5
    Plan.objects.filter(pk=plan.pk).update(price_minute=Decimal("2.5"))
    assert spent_of(workspace) == 5
    train(workspace, 600, 600)  # 25 more: just the cap
    with pytest.raises(Problem) as caught:
        train(workspace, 1, 1)
    assert (caught.value.code, caught.value.values["spent_text"]) == ("quota.spending", "$0.30")


def test_without_a_cap_the_limit_is_hard(workspace: Workspace) -> None:
    on(workspace, max_training_minutes=10, price_minute=Decimal(2))
    with pytest.raises(Problem) as caught:
        train(workspace, 601, 1)
    assert caught.value.code == "quota.minutes"
    assert "$0.02 a minute" in caught.value.values["offer"]
    assert "alice@example.org can change that." in caught.value.values["offer"]


def test_a_refund_of_what_had_taken_the_included_gives_back_what_others_paid(
    workspace: Workspace,
) -> None:
    on(workspace, cap=1000, max_training_minutes=10, price_minute=Decimal(2))
    first = train(workspace, 480, 480)
    train(workspace, 300, 300)  # three minutes of it beyond
    assert statement.total(whole(workspace)) == 6
    services.refund(run_id=first, reason="ours")
    assert statement.total(whole(workspace)) == 0
    assert not list(replaying.differences())


def test_a_refund_after_the_month_counts_in_the_month_of_what_it_refunds(
    workspace: Workspace,
) -> None:
    on(workspace, cap=1000, max_training_minutes=0, price_minute=Decimal(2))
    then, run = month_start() - timedelta(days=3), uuid.uuid4()
    entry = LedgerEntry.objects.create(
        workspace=workspace, meter="training_seconds", amount=600, beyond=600, price=2, run_id=run, at=then,
    )  # fmt: skip
    before = month_start(then), month_start()
    assert statement.total(statement.lines(workspace, *before)) == 20
    (back,) = services.refund(run_id=run, reason="ours")
    assert (back.month, back.beyond) == (entry.month, -600)
    assert statement.total(statement.lines(workspace, *before)) == 0
    assert statement.lines(workspace, month_start(), timezone.now() + LATER) == []
    assert not list(replaying.differences())


def test_predictions_are_booked_before_and_given_back_without_an_answer(
    workspace: Workspace,
) -> None:
    on(workspace, max_predictions=5, max_tokens=100)
    predict(workspace, 3, tokens=40)
    with pytest.raises(Problem) as caught:
        predict(workspace, 3)
    assert (caught.value.code, caught.value.values["used"]) == ("quota.predictions", 3)
    with pytest.raises(OSError, match="away"):
        fail(workspace)
    state = services.allowance(workspace)
    assert (state.predictions.used, state.tokens.used) == (3, 40)
    predict(workspace, 2, tokens=60)
    with pytest.raises(Problem) as caught:
        predict(workspace, 0)
    assert caught.value.code == "quota.tokens"


def fail(workspace: Workspace) -> None:
    ids = {"run_id": uuid.uuid4(), "project_id": uuid.uuid4()}
    with used(workspace, predictions=2, **ids):
        raise OSError("away")


def test_the_nightly_replay_finds_a_balance_that_is_wrong_and_tells(
    workspace: Workspace, django_user_model: Any
) -> None:
    django_user_model.objects.create_superuser("operator@example.org", "secret")
    train(workspace, 60, 30)
    Balance.objects.update(used_thousandths=1)
    (found,) = replaying.check()
    assert (found.kept, found.replayed) == (Decimal("0.001"), 30)


AMOUNTS = st.decimals(0, 2000, places=3).map(float)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("train"), AMOUNTS, AMOUNTS),
        st.tuples(st.just("again"), st.integers(0, 5), AMOUNTS),
        st.tuples(st.just("refund"), st.integers(0, 5)),
        st.tuples(st.just("predict"), st.integers(1, 900), st.integers(0, 3000)),
        st.tuples(st.just("plan"), st.integers(0, 30), st.decimals(0, 9, places=4)),
    ),
    max_size=14,
)


def step(workspace: Workspace, runs: list[uuid.UUID], kind: str, *given: Any) -> None:
    if kind == "train":
        runs.append(train(workspace, *given))
    elif kind == "predict":
        predict(workspace, *given)
    elif kind == "plan":
        on(workspace, cap=100_000, max_training_minutes=given[0], price_minute=given[1])
    elif runs and kind == "again":  # delivered twice, or another attempt
        services.settle(
            run_id=runs[given[0] % len(runs)], attempt=1 + given[0] % 2, seconds=given[1]
        )
    elif runs:
        services.refund(run_id=runs[given[0] % len(runs)], reason="ours")


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS, cuts=st.lists(st.integers(0, 20), max_size=3))
@pytest.mark.django_db
def test_whatever_happens_ledger_holds_balances_and_invoices_agree(
    workspace: Workspace, steps: list[Any], cuts: list[int]
) -> None:
    LedgerEntry.objects.all()._raw_delete(using="default")  # type: ignore[attr-defined]
    Balance.objects.all().delete()
    on(workspace, cap=100_000, max_training_minutes=20, price_minute=Decimal("1.2345"),
       max_predictions=1000, price_predictions=Decimal("7.77"))  # fmt: skip
    runs: list[uuid.UUID] = []
    for one in steps:
        with suppress(Problem):  # a limit, or the cap
            step(workspace, runs, *one)
    assert not list(replaying.differences())
    entries = list(LedgerEntry.objects.filter(workspace=workspace).order_by("at", "pk"))
    lines = whole(workspace)
    counted = {"settle", "use", "refund"}
    assert sum(line.quantity for line in lines) == sum(
        entry.amount for entry in entries if entry.kind in counted
    )
    assert sum(balance.used for balance in Balance.objects.all()) == sum(
        line.quantity for line in lines
    )
    # The lines of periods side by side add up to those of the whole, to the cent.
    begin, end = timezone.now() - LATER, timezone.now() + LATER
    marks = sorted(entries[cut].at for cut in cuts if cut < len(entries))
    edges = [begin, *marks, end]
    parts = [statement.lines(workspace, *pair) for pair in pairwise(edges)]
    assert sum(map(statement.total, parts)) == statement.total(lines)
    assert sum(line.overage for part in parts for line in part) == sum(
        line.overage for line in lines
    )
    # … and no more than half a cent a line away from the exact sum.
    exact = sum((entry.cost for entry in entries if entry.kind in counted), Decimal(0))
    assert abs(statement.total(lines) - exact) <= Decimal("0.5") * max(1, len(lines))
