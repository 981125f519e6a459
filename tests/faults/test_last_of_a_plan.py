"""Fifty rounds in which eight hands want the last of a plan at once; fewer with ATTUNE_RACE_ROUNDS."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Workspace
from billing import replaying, services
from billing.metering import used
from billing.models import Balance, Hold, LedgerEntry, Plan, Subscription
from tests.at_once import at_once

ROUNDS = int(os.environ.get("ATTUNE_RACE_ROUNDS", "50"))
HANDS = 8
pytestmark = pytest.mark.django_db(transaction=True)


def hands(act: Callable[[int], Any]) -> list[Any]:
    """What each hand got: True, or the code of its problem."""
    results, problems = at_once(HANDS, act)
    got = [True for _result in results] + problems
    assert len(got) == HANDS
    return got


def on(workspace: Workspace, **terms: Any) -> None:
    plan = Plan.objects.create(slug="tight", name="Tight", **terms)
    Subscription.objects.filter(workspace=workspace).update(plan=plan)


def hold(workspace: Workspace, seconds: int = 60) -> None:
    ids = {"run_id": uuid.uuid4(), "project_id": uuid.uuid4()}
    services.hold(workspace=workspace, seconds=seconds, **ids)


def test_of_eight_starts_one_gets_the_last_place(workspace: Workspace) -> None:
    on(workspace, max_concurrent_runs=1)
    for _round in range(ROUNDS):
        got = hands(lambda _number: hold(workspace))
        assert sorted(map(str, got)) == ["True", *["quota.runs"] * 7]
        (held,) = Hold.objects.filter(released_at=None)
        services.release(run_id=held.run_id)
    assert not list(replaying.differences())


def test_of_eight_starts_one_gets_the_last_minutes_while_another_run_ends(
    workspace: Workspace,
) -> None:
    """It settles and gives back in the very instant in which the others count."""
    on(workspace, max_training_minutes=10)
    for _round in range(ROUNDS):
        ending = hold_one(workspace, 600)

        def act(hand: int, ending: uuid.UUID = ending) -> None:
            if hand == 0:
                services.settle(run_id=ending, attempt=1, seconds=300)
                services.release(run_id=ending)
            else:
                hold(workspace, 300)

        got = hands(act)
        assert got.count(True) <= 2  # the end, and one start where it came early enough
        assert (services.allowance(workspace).minutes.used or 0) <= 10
        assert not list(replaying.differences())
        clear()


def clear() -> None:
    Hold.objects.all().delete()
    LedgerEntry.objects.all()._raw_delete(using="default")  # type: ignore[attr-defined]
    Balance.objects.all().delete()


def hold_one(workspace: Workspace, seconds: int = 1) -> uuid.UUID:
    run = uuid.uuid4()
    services.hold(workspace=workspace, run_id=run, project_id=uuid.uuid4(), seconds=seconds)
    return run


def test_of_eight_predictions_one_gets_the_last(workspace: Workspace) -> None:
    on(workspace, max_predictions=ROUNDS)

    def act(_hand: int) -> None:
        ids = {"run_id": uuid.uuid4(), "project_id": uuid.uuid4()}
        with used(workspace, predictions=1, **ids) as use:
            use.tokens = 5

    booked: list[Any] = []
    for _round in range(-(-ROUNDS // HANDS) + 1):
        booked += hands(act)
    assert booked.count(True) == ROUNDS
    assert services.allowance(workspace).predictions.used == ROUNDS
    assert not list(replaying.differences())


def test_a_settlement_that_comes_eight_times_is_booked_once(workspace: Workspace) -> None:
    for _round in range(ROUNDS):
        run = hold_one(workspace)
        hands(lambda _hand, run=run: services.settle(run_id=run, attempt=1, seconds=60))
        hands(lambda _hand, run=run: services.refund(run_id=run, reason="ours"))
        services.release(run_id=run)
        kinds = LedgerEntry.objects.filter(run_id=run).values_list("kind", flat=True)
        assert sorted(kinds) == ["hold", "refund", "release", "settle"]
    assert services.allowance(workspace).minutes.used == 0
    assert not list(replaying.differences())
