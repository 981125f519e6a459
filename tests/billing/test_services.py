"""Plans, holds and the ledger."""

import uuid
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from accounts.models import Workspace
from billing import services, usage
from billing.allowing import of_plan
from billing.limits import FEATURES, LIMITS
from billing.models import Hold, LedgerEntry, Plan, Subscription
from billing.selectors import current_plans
from tests.at_once import at_once
from training.problems import TABLE, Problem, fill


def plan(workspace: Workspace, **limits: Any) -> Any:
    """Puts the workspace on a plan with these limits."""
    made = Plan.objects.create(slug="tight", name="Tight", features=list(FEATURES), **limits)
    Subscription.objects.filter(workspace=workspace).update(plan=made)
    return made


def hold(workspace: Workspace, run_id: Any = None) -> Any:
    return services.hold(
        workspace=workspace, run_id=run_id or uuid.uuid4(), project_id=uuid.uuid4()
    )


def refusal(call: Any, *args: Any) -> Any:
    with pytest.raises(Problem) as caught:
        call(*args)
    return caught.value


def book(workspace: Workspace, seconds: Any, at: Any = None) -> Any:
    given = {"at": datetime.fromisoformat(at).replace(tzinfo=UTC)} if at else {}
    return LedgerEntry.objects.create(
        workspace=workspace,
        meter=services.SECONDS,
        amount=Decimal(str(seconds)),
        run_id=uuid.uuid4(),
        **given,
    )


@pytest.fixture
def counts(monkeypatch: Any) -> Any:
    """What the parts above would count."""
    counts = {"projects": 0, "storage": 0}
    for name in counts:
        monkeypatch.setitem(usage._COUNTS, name, lambda workspace, name=name: counts[name])
    return counts


def test_there_are_five_plans_and_new_workspaces_are_unlimited(workspace: Workspace) -> None:
    assert set(Plan.objects.values_list("slug", flat=True)) == {
        "free", "starter", "team", "enterprise", "internal",
    }  # fmt: skip
    allowance = services.allowance(workspace)
    assert allowance.plan.slug == "internal"
    assert {(meter.limit, meter.left) for meter in allowance.meters} == {(None, None)}
    assert services.limits_of(workspace).features == FEATURES.keys()


def test_each_plan_allows_more_than_the_one_before(db: None) -> None:
    plans = current_plans()
    assert [plan.slug for plan in plans] == ["free", "starter", "team", "enterprise"]
    for one, larger in pairwise(plans):
        assert set(one.features) <= set(larger.features)
        for name in LIMITS.keys() - {"keep_days", "log_days"}:
            few, many = (of_plan(plan)[name] for plan in (one, larger))
            assert many is None or (few is not None and few <= many), name


def test_a_new_default_is_for_new_workspaces(workspace: Workspace, django_user_model: Any) -> None:
    services.make_default(plan=Plan.objects.get(slug="free"))
    newcomer = django_user_model.objects.create_user("new@example.org")
    assert services.plan_of(newcomer.workspaces.get()).slug == "free"
    assert services.plan_of(workspace).slug == "internal"


def test_a_workspace_without_a_plan_gets_the_default(workspace: Workspace) -> None:
    Subscription.objects.all().delete()
    assert services.plan_of(workspace).slug == "internal"
    Subscription.objects.all().delete()
    assert hold(workspace)


def test_allowance_says_what_is_left(workspace: Workspace, counts: Any) -> None:
    plan(workspace, max_projects=5, max_storage_bytes=100, max_concurrent_runs=2, max_rows=10)
    counts.update(projects=3, storage=130)
    hold(workspace)
    allowance = services.allowance(workspace)
    assert (allowance.projects.used, allowance.projects.left) == (3, 2)
    assert (allowance.storage.left, allowance.storage.full) == (0, True)
    assert (allowance.runs.used, allowance.runs.left) == (1, 1)
    assert (allowance.rows.used, allowance.rows.left) == (None, 10)
    assert (allowance.minutes.limit, allowance.minutes.left) == (None, None)


def test_projects(workspace: Workspace, counts: Any) -> None:
    plan(workspace, max_projects=2)
    counts["projects"] = 1
    services.check_projects(workspace)
    counts["projects"] = 2
    problem = refusal(services.check_projects, workspace)
    assert problem.code == "quota.projects"
    assert problem.values == {
        "limit": 2, "used": 2, "wanted": 1, "plan": "Tight",
        "offer": "Ask the operator of this site for more.", "offer_plan": "", "offer_url": "",
    }  # fmt: skip


def test_rows(workspace: Workspace) -> None:
    plan(workspace, max_rows=100)
    services.check_rows(workspace, 100)
    assert refusal(services.check_rows, workspace, 101).code == "quota.rows"


def test_storage(workspace: Workspace, counts: Any) -> None:
    plan(workspace, max_storage_bytes=100)
    counts["storage"] = 60
    services.check_storage(workspace, 40)
    problem = refusal(services.check_storage, workspace, 41)
    assert problem.code == "quota.storage"
    assert (problem.values["used"], problem.values["wanted"]) == (60, 41)
    assert "60\xa0bytes are in use and 41\xa0bytes more are needed" in str(problem)


def test_runs_and_release(workspace: Workspace) -> None:
    plan(workspace, max_concurrent_runs=1)
    first = hold(workspace)
    problem = refusal(hold, workspace)
    assert problem.code == "quota.runs"
    assert (problem.values["limit"], problem.values["used"]) == (1, 1)
    assert Hold.objects.count() == 1
    services.release(run_id=first.run_id)
    assert hold(workspace)


def test_a_plan_with_no_room_for_two_still_keeps_a_hold_that_is_asked_for_twice(
    workspace: Workspace,
) -> None:
    plan(workspace, max_concurrent_runs=1)
    first = hold(workspace)
    assert hold(workspace, first.run_id) == first
    assert Hold.objects.filter(released_at=None).count() == 1


def test_a_hold_of_another_workspace_does_not_count(
    workspace: Workspace, charlies_workspace: Workspace
) -> None:
    hold(charlies_workspace)
    plan(workspace, max_concurrent_runs=1)
    assert hold(workspace)


def test_releasing_twice_keeps_the_first_time(workspace: Workspace) -> None:
    held = hold(workspace)
    services.release(run_id=held.run_id)
    first = Hold.objects.get().released_at
    services.release(run_id=held.run_id)
    assert Hold.objects.get().released_at == first is not None


def test_minutes_of_this_month(workspace: Workspace) -> None:
    plan(workspace, max_training_minutes=10)
    book(workspace, 9 * 60)
    services.release(run_id=hold(workspace).run_id)
    book(workspace, 60)
    problem = refusal(hold, workspace)
    assert problem.code == "quota.minutes"
    assert (problem.values["limit"], problem.values["used"]) == (10, 10)
    assert services.allowance(workspace).minutes.full


def test_kept_minutes_are_not_given_twice(workspace: Workspace) -> None:
    plan(workspace, max_training_minutes=10)
    ids = {"workspace": workspace, "project_id": uuid.uuid4()}
    first = services.hold(run_id=uuid.uuid4(), seconds=480, **ids)
    assert services.allowance(workspace).minutes.left == 2
    with pytest.raises(Problem) as caught:
        services.hold(run_id=uuid.uuid4(), seconds=121, **ids)
    assert (caught.value.code, caught.value.values["used"]) == ("quota.minutes", 8)
    services.release(run_id=first.run_id)
    assert services.hold(run_id=uuid.uuid4(), seconds=600, **ids)


def test_devices_of_a_run(workspace: Workspace) -> None:
    services.check_devices(workspace, 8)
    plan(workspace, max_devices=2)
    services.check_devices(workspace, 2)
    problem = refusal(services.check_devices, workspace, 3)
    assert problem.code == "quota.devices"
    assert services.allowance(workspace).devices in services.allowance(workspace).meters


def test_the_months_begin_in_the_sites_time_zone(workspace: Workspace, settings: Any) -> None:
    settings.TIME_ZONE = "Asia/Shanghai"
    now = datetime(2026, 3, 15, tzinfo=UTC)
    book(workspace, 600, at="2026-02-28 15:59:59")  # 23:59:59 in Shanghai
    assert services.minutes_used(workspace, now) == 0
    book(workspace, 60, at="2026-02-28 16:00:00")
    assert services.minutes_used(workspace, now) == 1


def test_minutes_of_others_do_not_count(
    workspace: Workspace, charlies_workspace: Workspace
) -> None:
    book(charlies_workspace, 600)
    assert services.minutes_used(workspace) == 0


def test_settling_is_booked_once(workspace: Workspace) -> None:
    held = hold(workspace)
    first = services.settle(run_id=held.run_id, attempt=1, seconds=61.2346)
    again = services.settle(run_id=held.run_id, attempt=1, seconds=99)
    assert again == first
    entry = LedgerEntry.objects.get(kind="settle")
    assert (entry.workspace, entry.amount) == (workspace, Decimal("61.235"))
    assert (entry.run_id, entry.project_id) == (held.run_id, held.project_id)


def test_every_attempt_is_booked(workspace: Workspace) -> None:
    held = hold(workspace)
    services.settle(run_id=held.run_id, attempt=1, seconds=90)
    services.settle(run_id=held.run_id, attempt=2, seconds=30)
    assert services.minutes_used(workspace) == 2


def test_settling_after_release_works(workspace: Workspace) -> None:
    held = hold(workspace)
    services.release(run_id=held.run_id)
    assert services.settle(run_id=held.run_id, attempt=1, seconds=-1).amount == 0


def test_a_run_without_a_hold_cannot_be_settled(workspace: Workspace) -> None:
    with pytest.raises(Hold.DoesNotExist):
        services.settle(run_id=uuid.uuid4(), attempt=1, seconds=1)


def test_the_ledger_is_append_only(workspace: Workspace) -> None:
    entry = book(workspace, 1)
    entry.amount = 2
    for change in (
        entry.save,
        entry.delete,
        lambda: LedgerEntry.objects.update(amount=2),
        lambda: LedgerEntry.objects.filter(pk=entry.pk).delete(),
        lambda: LedgerEntry.objects.bulk_update([entry], ["amount"]),
        lambda: workspace.ledger.update(amount=2),
    ):
        with pytest.raises(TypeError, match="append-only"):
            change()
    assert LedgerEntry.objects.get().amount == 1


@pytest.mark.parametrize(
    "code", [limit.problem for limit in LIMITS.values() if limit.problem.startswith("quota.")]
)
def test_every_quota_has_words_with_limit_and_plan(code: str) -> None:
    entry = TABLE[code]
    numbers = {"limit": 7, "used": 5, "wanted": 3}
    spoken = {f"{key}_text": f"{number} bytes" for key, number in numbers.items()}
    values = {**numbers, **spoken, "plan": "Tight"}
    expected = fill(entry.expected, values)
    assert "7" in expected
    assert "Tight" in expected
    assert any(number in fill(entry.found, values) for number in ("5", "3"))


def test_usage_refuses_what_nobody_counts() -> None:
    with pytest.raises(ValueError, match="expected one of"):
        usage.register("rows", lambda workspace: 0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("limit", "taken"), [(1, 0), (3, 2)])
def test_of_eight_parallel_starts_one_gets_the_last_place(
    workspace: Workspace, limit: Any, taken: Any
) -> None:
    plan(workspace, max_concurrent_runs=limit)
    for _place in range(taken):
        hold(workspace)
    results, problems = at_once(8, lambda index: hold(workspace))
    assert len(results) == 1
    assert problems == ["quota.runs"] * 7
    assert Hold.objects.filter(released_at=None).count() == limit


@pytest.mark.django_db(transaction=True)
def test_parallel_settlements_of_one_attempt_are_booked_once(workspace: Workspace) -> None:
    held = hold(workspace)
    results, _problems = at_once(
        8, lambda index: services.settle(run_id=held.run_id, attempt=1, seconds=60)
    )
    assert len({entry.pk for entry in results}) == 1
    assert services.minutes_used(workspace) == 1


@pytest.mark.django_db(transaction=True)
def test_the_plans_are_there_after_a_transactional_test(workspace: Workspace) -> None:
    assert services.plan_of(workspace).slug == "internal"
