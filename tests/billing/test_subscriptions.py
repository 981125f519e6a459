"""The life of a subscription: begin, change, renew, pay late, end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.members import delete_workspace
from accounts.models import User, Workspace
from billing.invoices.models import Invoice
from billing.models import Plan
from billing.subscriptions import changing, dunning, renewing, standing
from billing.subscriptions.table import NEXT, READ_ONLY, Status
from billing.subscriptions.terms import is_upgrade, part, period_end
from billing.sweeping import sweep
from tests.billing.selling import BEGIN, agree, on_free, pay, sell, subscription
from training.problems import Problem

DAY = timedelta(days=1)
MONTH_1 = datetime(2026, 2, 28, 12, tzinfo=UTC)
MONTH_2 = datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.fixture
def plans(workspace: Workspace) -> dict[str, Plan]:
    plans = sell()
    on_free(workspace)
    return plans


@pytest.fixture
def team(workspace: Workspace, plans: dict[str, Plan]) -> Any:
    """Has paid for a month of Starter since BEGIN."""
    invoice = choose(workspace, plans["starter"])
    pay(invoice, BEGIN)
    return workspace


def choose(workspace: Workspace, plan: Plan, interval: str = "month", now: datetime = BEGIN) -> Any:
    return changing.choose(workspace=workspace, plan=plan, interval=interval, now=now)


def refusal(call: Any, *args: Any, **kwargs: Any) -> str:
    with pytest.raises(Problem) as caught:
        call(*args, **kwargs)
    return caught.value.code


def test_a_newcomers_plan_begins_with_the_payment(
    workspace: Workspace, plans: dict[str, Plan]
) -> None:
    invoice = choose(workspace, plans["starter"])
    assert (invoice.status, invoice.total, invoice.applied_at) == ("open", 2900, None)
    assert subscription(workspace).plan.slug == "free"
    pay(invoice, BEGIN + DAY)
    mine = subscription(workspace)
    assert (mine.plan.slug, mine.status, mine.interval) == ("starter", "active", "month")
    assert (mine.period_start, mine.period_end) == (
        BEGIN + DAY,
        datetime(2026, 3, 1, 12, tzinfo=UTC),
    )
    agree(workspace)


def test_with_trust_it_begins_with_the_invoice(
    workspace: Workspace, plans: dict[str, Plan], settings: Any
) -> None:
    settings.PLAN_STARTS = "invoiced"
    assert choose(workspace, plans["team"]).applied_at
    assert subscription(workspace).plan.slug == "team"


def test_a_choice_that_is_not_paid_lapses_and_nobody_owes_anything(
    workspace: Workspace, plans: dict[str, Plan]
) -> None:
    invoice = choose(workspace, plans["starter"])
    sweep(BEGIN + 15 * DAY)
    invoice.refresh_from_db()
    assert invoice.status == Invoice.Status.VOID
    assert subscription(workspace).status == Status.ACTIVE


def test_another_choice_takes_the_place_of_the_first(
    workspace: Workspace, plans: dict[str, Plan]
) -> None:
    first, second = choose(workspace, plans["starter"]), choose(workspace, plans["team"])
    first.refresh_from_db()
    assert (first.status, second.status) == ("void", "open")
    pay(
        first, BEGIN, key="late transfer", amount=2900
    )  # money for what is void is kept as a credit
    assert subscription(workspace).plan.slug == "free"
    agree(workspace)


def test_an_upgrade_charges_the_rest_at_the_new_price_and_gives_the_old_rest_back(
    team: Workspace, plans: dict[str, Plan]
) -> None:
    now = BEGIN + 7 * DAY  # of 28: three quarters are left
    invoice = choose(team, plans["team"], now=now)
    assert [line.amount for line in invoice.lines.all()] == [14900 * 3 // 4, -2900 * 3 // 4]
    mine = subscription(team)
    assert mine.plan.slug == "team", "who pays already has it at once"
    assert (mine.period_end, mine.value) == (MONTH_1, 11175)
    agree(team)


def test_parts_of_a_period_are_exact_to_the_half() -> None:
    end = BEGIN + timedelta(seconds=6)
    assert part(3, BEGIN, end, BEGIN + timedelta(seconds=1)) == 3  # 2.5
    assert part(3, BEGIN, end, BEGIN + timedelta(seconds=5)) == 1  # 0.5
    assert part(1, BEGIN, end, BEGIN + timedelta(seconds=5)) == 0
    assert (part(3, BEGIN, end, BEGIN), part(3, BEGIN, end, end + DAY)) == (3, 0)


def test_a_year_in_place_of_a_month_begins_now(team: Workspace, plans: dict[str, Plan]) -> None:
    invoice = choose(team, plans["starter"], "year", BEGIN + 14 * DAY)
    assert [line.amount for line in invoice.lines.all()] == [29000, -1450]
    assert subscription(team).period_end == datetime(2027, 2, 14, 12, tzinfo=UTC)


def test_a_smaller_plan_comes_at_the_end_of_the_period(
    team: Workspace, plans: dict[str, Plan]
) -> None:
    choose(team, plans["team"], now=BEGIN + DAY)
    assert choose(team, plans["starter"], now=BEGIN + 2 * DAY) is None
    mine = subscription(team)
    assert (mine.plan.slug, mine.next_plan and mine.next_plan.slug) == ("team", "starter")
    pay(Invoice.objects.filter(status="open").get(), BEGIN + 2 * DAY)
    renewing.renew(team, MONTH_1)
    assert subscription(team).plan.slug == "starter"
    assert Invoice.objects.get(kind="renewal").total == 2900


def test_which_change_is_an_upgrade(plans: dict[str, Plan]) -> None:
    starter, team = plans["starter"], plans["team"]
    assert is_upgrade(starter, "month", team, "month")
    assert is_upgrade(starter, "month", starter, "year")
    assert not is_upgrade(starter, "year", starter, "month")
    assert not is_upgrade(team, "month", starter, "month")
    assert not is_upgrade(team, "month", starter, "year")
    assert not is_upgrade(starter, "year", team, "month"), "never to a shorter period"


def test_cancelled_at_the_end_of_the_period_and_undone(
    team: Workspace, plans: dict[str, Plan]
) -> None:
    changing.cancel(workspace=team)
    changing.undo(workspace=team)
    assert refusal(changing.undo, workspace=team) == "plan.nothing_to_undo"
    changing.cancel(workspace=team)
    sweep(MONTH_1 - timedelta(seconds=1))
    assert subscription(team).plan.slug == "starter"
    sweep(MONTH_1)
    mine = subscription(team)
    assert (mine.plan.slug, mine.status, mine.period_end) == ("free", "active", None)
    assert refusal(changing.cancel, workspace=team) == "plan.nothing_to_cancel"


def test_without_a_free_plan_it_ends_read_only(team: Workspace, plans: dict[str, Plan]) -> None:
    Plan.objects.filter(slug="free").update(public=False, is_default=False)
    changing.cancel(workspace=team)
    sweep(MONTH_1)
    assert subscription(team).status == Status.ENDED
    assert refusal(standing.require_open, team) == "plan.ended"
    pay(choose(team, plans["team"], now=MONTH_1 + DAY), MONTH_1 + 2 * DAY)
    assert subscription(team).status == Status.ACTIVE
    standing.require_open(team)


def test_a_deleted_workspace_is_charged_no_more(
    team: Workspace, plans: dict[str, Plan], alice: User
) -> None:
    delete_workspace(workspace=team, user=alice, typed=team.name)
    sweep(MONTH_2 + DAY)
    mine = subscription(team)
    assert (mine.plan.slug, mine.period_end) == ("free", None)
    assert not Invoice.objects.filter(workspace=team, kind=Invoice.Kind.RENEWAL).exists()
    agree(team)


def test_with_the_workspace_goes_what_was_chosen_and_not_paid(
    workspace: Workspace, plans: dict[str, Plan], alice: User
) -> None:
    offer = choose(workspace, plans["starter"])
    delete_workspace(workspace=workspace, user=alice, typed=workspace.name)
    offer.refresh_from_db()
    assert offer.status == "void"


def test_periods_end_on_the_day_they_began_also_after_february() -> None:
    ends = [BEGIN]
    for _month in range(3):
        ends.append(period_end(BEGIN, "month", ends[-1]))
    assert [f"{end:%m-%d}" for end in ends] == ["01-31", "02-28", "03-31", "04-30"]


def test_a_period_is_renewed_once_however_often_the_job_runs(team: Workspace) -> None:
    for _time in range(3):
        sweep(MONTH_1)
    assert Invoice.objects.filter(kind="renewal").count() == 1
    mine = subscription(team)
    assert (mine.period_start, mine.period_end, mine.status) == (MONTH_1, MONTH_2, "active")


def test_after_a_stand_still_every_period_is_claimed_once(team: Workspace) -> None:
    renewing.renew_all(MONTH_2 + DAY)
    starts = Invoice.objects.filter(kind="renewal").values_list("period_start", flat=True)
    assert set(starts) == {MONTH_1, MONTH_2}


def test_what_happens_when_nobody_pays(team: Workspace, settings: Any) -> None:
    """Due after 14 days; late; reminded after 3 and 7; read-only after 14; the free plan after 14 more."""
    sweep(MONTH_1)
    invoice = Invoice.objects.get(kind="renewal")
    seen = []
    for day in range(44):
        sweep(MONTH_1 + day * DAY)
        invoice.refresh_from_db()
        seen.append((subscription(team).status, invoice.reminded, invoice.status))
    assert seen[13] == ("active", 0, "open")
    assert seen[14] == ("past_due", 0, "open")
    assert (seen[17][1], seen[21][1]) == (1, 2)
    assert (seen[27][0], seen[28][0]) == ("past_due", "grace")
    assert seen[41] == ("grace", 2, "open")
    assert seen[42] == ("active", 2, "uncollectible")
    assert subscription(team).plan.slug == "free"
    pay(invoice, MONTH_1 + 50 * DAY)  # it still can be
    invoice.refresh_from_db()
    assert invoice.status == "paid"
    agree(team)


def test_paying_opens_the_workspace_at_once(team: Workspace, plans: dict[str, Plan]) -> None:
    sweep(MONTH_1)
    sweep(MONTH_1 + 29 * DAY)
    assert refusal(standing.require_open, team) == "plan.read_only"
    assert refusal(choose, team, plans["team"], now=MONTH_1 + 29 * DAY) == "plan.arrears"
    pay(Invoice.objects.get(kind="renewal"), MONTH_1 + 30 * DAY)
    standing.require_open(team)
    assert subscription(team).grace_ends is None


def test_one_that_fails_holds_nobody_up(
    team: Workspace, charlies_workspace: Workspace, plans: dict[str, Plan], monkeypatch: Any
) -> None:
    on_free(charlies_workspace)
    pay(choose(charlies_workspace, plans["starter"], now=BEGIN - DAY), BEGIN - DAY)
    real = renewing.renew

    def broken(workspace: Workspace, now: datetime) -> int:
        if workspace == charlies_workspace:
            raise RuntimeError("broken")
        return real(workspace, now)

    monkeypatch.setattr(renewing, "renew", broken)
    assert renewing.renew_all(MONTH_1) == 1


def test_every_state_can_be_left_and_the_read_only_ones_by_paying() -> None:
    assert set(NEXT) == set(Status)
    assert all(Status.ACTIVE in NEXT[status] for status in READ_ONLY)


@pytest.mark.parametrize("interval", ["", "week", "year"])
def test_what_is_not_sold_is_refused(
    workspace: Workspace, plans: dict[str, Plan], interval: str
) -> None:
    Plan.objects.filter(slug="starter").update(price_yearly=None)
    plan = Plan.objects.get(slug="starter")
    assert refusal(choose, workspace, plan, interval) == "plan.interval"
    enterprise = Plan.objects.get(slug="enterprise")
    assert refusal(choose, workspace, enterprise, interval) == "plan.not_offered"
    assert refusal(choose, workspace, plans["free"], "") == "plan.same"


def test_a_dunning_of_a_workspace_without_debts_changes_nothing(team: Workspace) -> None:
    before = subscription(team).status
    dunning.remind(team, BEGIN + 100 * DAY)
    assert subscription(team).status == before
