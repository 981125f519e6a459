"""Starts, workers, stops and losses in any order: whatever comes, every run ends once and truly.

The machine plays two workspaces, three workers that may stall and wake up late, and the watch that gives them up. It
knows from the table alone what must happen. On PostgreSQL the same is run when ATTUNE_TEST_POSTGRES names a database.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
    run_state_machine_as_test,
)

from accounts.models import User
from billing.models import Hold, LedgerEntry, Plan, Subscription
from projects.datasets.models import DatasetVersion
from projects.models import Project
from projects.runs import lifecycle, services, turns
from projects.runs.lifecycle import AHEAD, FINAL, HELD, NEXT
from projects.runs.models import Artifact, Run, RunEvent, Status
from projects.runs.recorder import Recorder
from tests.at_once import at_once
from tests.on_postgres import HINT, SERVER, passes

PLACES = 2  # of the plan
CLUSTER = "train-cpu"


def artifact() -> Artifact:
    return Artifact(folder="a", zip_path="a.zip", size=1, sha256="0" * 64)


class World:
    """What stands before the machine begins: two projects in two workspaces with a plan for two runs at once."""

    def __init__(self, users: list[User]) -> None:
        plan = Plan.objects.create(slug="tight", name="Tight", max_concurrent_runs=PLACES)
        self.users = users
        self.projects = [self._project(user, plan) for user in users]

    def _project(self, user: User, plan: Plan) -> tuple[Project, DatasetVersion]:
        workspace = user.workspaces.get()
        Subscription.objects.update_or_create(workspace=workspace, defaults={"plan": plan})
        given: dict[str, Any] = {"workspace": workspace, "task": "text-classification"}
        project = Project.objects.create(name="P", created_by=user, **given)
        counts = {"train": 6, "valid": 2, "test": 4}
        version = DatasetVersion.objects.create(
            project=project, number=1, name="a.csv", path="a", sha256="0" * 64, size=3, rows=12,
            splits=counts, labels={"no": counts, "yes": counts},
        )  # fmt: skip
        return project, version

    def clear(self) -> None:
        """Between two examples. The ledger knows no deletion but that of its workspace, so it is emptied below it."""
        Run.objects.all().delete()
        Hold.objects.all().delete()
        LedgerEntry.objects.all()._raw_delete(using="default")  # type: ignore[attr-defined]


class Lives(RuleBasedStateMachine):
    world: World
    claims = Bundle("claims")  # (run, attempt) of workers that believe they have a run

    def __init__(self) -> None:
        super().__init__()
        self.world.clear()
        self.ended: dict[UUID, str] = {}

    def run_of(self, number: int) -> Run | None:
        runs = list(Run.objects.order_by("created_at", "pk"))
        return runs[number % len(runs)] if runs else None

    @rule(who=st.integers(0, 1))
    def start(self, who: int) -> None:
        project, version = self.world.projects[who]
        given: dict[str, Any] = {"user": self.world.users[who], "base": "minilm-l6"}
        services.start(project=project, version=version, effort="quick", **given)

    @rule(target=claims)
    def take_turn(self) -> tuple[UUID, int] | None:
        chosen = turns.next_run(CLUSTER)
        assert (chosen is None) == (not Run.objects.filter(status=Status.QUEUED).exists())
        attempt = lifecycle.claim(chosen) if chosen else None
        return (chosen, attempt) if chosen and attempt else None

    @rule(claim=claims, checkpoint=st.booleans())
    def hear(self, claim: Any, checkpoint: bool) -> None:
        """The child says something; a worker that has lost its run is told so."""
        if claim is None:
            return
        run, mine = self.mine(claim)
        keeper = Recorder(*claim)
        keeper.note({"event": "checkpoint" if checkpoint else "stage", "name": "training"})
        assert keeper.flush(now=True) == mine
        if mine and checkpoint:
            assert self.fresh(run).losses == 0

    @rule(claim=consumes(claims), how=st.sampled_from(["succeed", "fail", "give back", "cancel"]))
    def end(self, claim: Any, how: str) -> None:
        """The worker writes the end, perhaps long after it was given up for dead."""
        if claim is None:
            return
        run, mine = self.mine(claim)
        before = self.fresh(run) if run else None
        written = self.write_end(how, *claim)
        to = {"succeed": "succeeded", "fail": "failed", "give back": "queued"}.get(how, "cancelled")
        allowed = before is not None and to in NEXT[Status(before.status)]
        assert written == (mine and allowed)

    def write_end(self, how: str, run_id: UUID, attempt: int) -> bool:
        if how == "succeed":
            run = Run(pk=run_id)
            return services.succeed(
                run=run, attempt=attempt, seconds=60, report={}, artifact=artifact()
            )
        if how == "give back":
            return services.requeue(run_id, attempt=attempt, reason="shutdown")
        to = Status.FAILED if how == "fail" else Status.CANCELLED
        return services.end(run_id, to, attempt=attempt, seconds=60)

    @rule(claim=claims)
    def lose(self, claim: Any) -> None:
        """The watch gives the worker up; the worker does not know."""
        if claim is None:
            return
        run, mine = self.mine(claim)
        before = self.fresh(run) if run else None
        assert services.lose(claim[0], attempt=claim[1]) == mine
        if mine and before:
            after, last = self.fresh(run), before.losses + 1 >= services.LOSSES
            stopping = before.status == Status.STOPPING
            expected = Status.CANCELLED if stopping else Status.FAILED if last else Status.QUEUED
            assert after.status == expected

    @rule(number=st.integers(0, 7), who=st.integers(0, 1))
    def stop(self, number: int, who: int) -> None:
        run = self.run_of(number)
        if run is None:
            return
        after = services.request_stop(run=run, user=self.world.users[who])
        if run.status in AHEAD:
            assert after.status == Status.CANCELLED
        elif run.status in HELD:
            assert after.status == Status.STOPPING
        else:
            assert after.status == run.status

    @rule(who=st.integers(0, 1))
    def admit(self, who: int) -> None:
        services.admit(self.world.projects[who][0].workspace)

    def mine(self, claim: tuple[UUID, int]) -> tuple[Run | None, bool]:
        run = Run.objects.filter(pk=claim[0]).first()
        return run, bool(run and run.attempt == claim[1] and run.status in HELD)

    def fresh(self, run: Run | None) -> Run:
        assert run
        return Run.objects.get(pk=run.pk)

    @invariant()
    def history_is_a_walk_through_the_table(self) -> None:
        for run in Run.objects.all():
            status = Status.WAITING
            for event in RunEvent.objects.filter(run=run, kind="status").order_by("seq"):
                to = Status(event.data["status"])
                assert to in NEXT[status], f"{status} -> {to}"
                status = to
            assert run.status == status

    @invariant()
    def the_end_is_the_end(self) -> None:
        now = dict(Run.objects.filter(status__in=FINAL).values_list("pk", "status"))
        assert {pk: now.get(pk) for pk in self.ended} == self.ended
        self.ended = now
        succeeded = {pk for pk, status in now.items() if status == Status.SUCCEEDED}
        assert set(Artifact.objects.values_list("run", flat=True)) == succeeded

    @invariant()
    def places_are_taken_by_what_is_under_way(self) -> None:
        under_way = Run.objects.filter(status__in=(Status.QUEUED, *HELD))
        held = set(Hold.objects.filter(released_at=None).values_list("run_id", flat=True))
        assert held == set(under_way.values_list("pk", flat=True))
        for project, _version in self.world.projects:
            assert under_way.filter(project=project).count() <= PLACES

    @invariant()
    def nobody_is_lost_more_often_than_allowed(self) -> None:
        assert not Run.objects.filter(losses__gte=services.LOSSES).exists()


@pytest.fixture
def world(alice: User, charlie: User) -> World:
    return World([alice, charlie])


@pytest.mark.django_db
def test_in_any_order_every_run_ends_once_and_truly(world: World) -> None:
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    machine = type("Machine", (Lives,), {"world": world})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=int(os.environ.get("ATTUNE_TEST_EXAMPLES", "5")),
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=checks,
        ),
    )


@pytest.mark.django_db(transaction=True)
def test_eight_workers_that_claim_at_once_have_one_winner(world: World) -> None:
    for _round in range(3):
        project, version = world.projects[0]
        given: dict[str, Any] = {"user": world.users[0], "base": "minilm-l6", "effort": "quick"}
        run = services.start(project=project, version=version, **given)
        won, _refused = at_once(8, lambda _hand, run=run: lifecycle.claim(run.pk))
        assert sorted(won, key=str) == [1, *[None] * 7]
        services.end(run.pk, Status.FAILED, attempt=1)


@pytest.mark.django_db(transaction=True)
def test_a_stop_that_races_with_the_end_leaves_one_end(world: World) -> None:
    for _round in range(3):
        project, version = world.projects[0]
        given: dict[str, Any] = {"user": world.users[0], "base": "minilm-l6", "effort": "quick"}
        run = services.start(project=project, version=version, **given)
        attempt = lifecycle.claim(run.pk)
        assert attempt
        Recorder(run.pk, attempt).note({"event": "stage"})
        lifecycle.move(run.pk, Status.RUNNING, attempt=attempt)
        acts = [
            lambda run=run: services.request_stop(run=run, user=world.users[0]),
            lambda run=run: services.succeed(
                run=run, attempt=1, seconds=60, report={}, artifact=artifact()
            ),
            lambda run=run: services.lose(run.pk, attempt=1),
        ]
        at_once(3, lambda hand, acts=acts: acts[hand]())
        run.refresh_from_db()
        done = run.status == Status.SUCCEEDED
        assert Artifact.objects.filter(run=run).exists() == done
        assert LedgerEntry.objects.filter(run_id=run.pk, kind="settle").count() == int(done)
        held = Hold.objects.get(run_id=run.pk).released_at is None
        assert held == (run.status not in FINAL)
        services.end(run.pk, Status.CANCELLED)
        services.request_stop(run=run, user=world.users[0])


@pytest.mark.skipif(not SERVER, reason=HINT)
def test_the_same_holds_on_postgresql() -> None:
    passes("interleavings", [Path(__file__)])
