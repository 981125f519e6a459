"""Whose turn it is: nobody starves, a plan with more gets more, and the page is told the truth about the place."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User, Workspace
from billing.models import Plan, Subscription
from projects.datasets.models import DatasetVersion
from projects.jobs.health import CPU
from projects.models import Project
from projects.runs import lifecycle, services, turns, worker
from projects.runs.models import Run, Status

pytestmark = pytest.mark.django_db
Queue = Callable[..., list[Run]]


@pytest.fixture(autouse=True)
def slots(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Of the cluster that trains: one, or as many as a test says."""
    given = {"workers": 1}
    monkeypatch.setitem(settings.Q_CLUSTER["ALT_CLUSTERS"], CPU, given)
    return given


@pytest.fixture
def queue() -> Queue:
    """Puts runs of a workspace into the queue, without a start."""

    def put(workspace: Workspace, count: int, seconds: float = 100.0) -> list[Run]:
        given: dict[str, Any] = {"workspace": workspace, "task": "text-classification"}
        project = Project.objects.create(name="P", **given)
        version = DatasetVersion.objects.create(
            project=project, number=1, name="a", path="a", sha256="0" * 64, size=1, rows=1,
            splits={}, labels={},
        )  # fmt: skip
        made = [
            Run(project=project, version=version, number=number, start_key=uuid.uuid4().hex,
                spec={}, status=Status.QUEUED, estimated_seconds=seconds)
            for number in range(1, count + 1)
        ]  # fmt: skip
        return Run.objects.bulk_create(made)

    return put


@pytest.fixture
def others(charlie: User) -> list[Workspace]:
    users = [charlie, *(User.objects.create_user(f"{n}@example.org", "x") for n in range(3))]
    return [user.workspaces.get() for user in users]


def begin(run_id: Any) -> None:
    """As if a worker had had it for its whole estimate."""
    attempt = lifecycle.claim(run_id)
    lifecycle.move(run_id, Status.RUNNING, attempt=attempt)
    run = Run.objects.get(pk=run_id)
    lifecycle.move(run_id, Status.SUCCEEDED, attempt=attempt)
    now = timezone.now()
    started = now - timedelta(seconds=run.estimated_seconds or 0)
    Run.objects.filter(pk=run_id).update(started_at=started, ended_at=now)


def served(count: int) -> list[Any]:
    """The workspaces of the next runs, in the order in which they are carried out."""
    found = []
    for _turn in range(count):
        chosen = turns.next_run(CPU)
        assert chosen
        found.append(Run.objects.get(pk=chosen).project.workspace_id)
        begin(chosen)
    return found


def test_the_oldest_comes_first(workspace: Workspace, queue: Queue) -> None:
    runs = queue(workspace, 3)
    assert [turn.run_id for turn in turns.turns(CPU)] == [run.pk for run in runs]


def test_nothing_waits(workspace: Workspace) -> None:
    assert turns.next_run(CPU) is None


def test_another_cluster_has_a_queue_of_its_own(workspace: Workspace, queue: Queue) -> None:
    queue(workspace, 1)
    assert turns.next_run("train-gpu") is None


def test_of_five_workspaces_of_which_one_sends_nearly_all_each_gets_its_share(
    workspace: Workspace, others: list[Workspace], queue: Queue
) -> None:
    queue(workspace, 990)
    for other in others:
        queue(other, 2)
    first = Counter(served(10))
    assert first == Counter({workspace.pk: 2, **{other.pk: 2 for other in others}})


def test_who_used_little_of_late_comes_first(
    workspace: Workspace, others: list[Workspace], queue: Queue
) -> None:
    queue(workspace, 3, seconds=600)
    assert served(2) == [workspace.pk] * 2
    queue(others[0], 3, seconds=100)
    assert served(3) == [others[0].pk] * 3


def test_what_was_used_long_ago_is_forgotten(
    workspace: Workspace, others: list[Workspace], queue: Queue
) -> None:
    queue(workspace, 2, seconds=600)
    served(1)
    long_ago = timezone.now() - turns.OF_LATE - timedelta(seconds=1)
    Run.objects.filter(status=Status.SUCCEEDED).update(started_at=long_ago, ended_at=long_ago)
    queue(others[0], 1)
    assert served(1) == [workspace.pk]


def test_a_run_under_way_counts_with_all_that_it_is_expected_to_take(
    workspace: Workspace, others: list[Workspace], queue: Queue
) -> None:
    first, *_rest = queue(workspace, 3)
    queue(others[0], 1)
    lifecycle.claim(first.pk)
    assert served(1) == [others[0].pk]


def test_a_plan_with_twice_the_share_gets_twice_the_time(
    workspace: Workspace, others: list[Workspace], queue: Queue
) -> None:
    plan = Plan.objects.create(slug="large", name="Large", share=2)
    Subscription.objects.update_or_create(workspace=workspace, defaults={"plan": plan})
    queue(others[0], 9)
    queue(workspace, 9)
    assert Counter(served(9)) == Counter({workspace.pk: 6, others[0].pk: 3})


def test_place_and_start_are_expected(
    workspace: Workspace, others: list[Workspace], queue: Queue, slots: dict[str, int]
) -> None:
    mine, theirs = queue(workspace, 2), queue(others[0], 1, seconds=50)
    told = [(turn.run_id, turn.place, turn.starts_in) for turn in turns.turns(CPU)]
    assert told == [(mine[0].pk, 1, 0), (theirs[0].pk, 2, 100), (mine[1].pk, 3, 150)]
    slots["workers"] = 2
    assert [turn.starts_in for turn in turns.turns(CPU)] == [0, 0, 50]


def test_it_starts_when_what_is_under_way_is_done(workspace: Workspace, queue: Queue) -> None:
    first, second = queue(workspace, 2)
    lifecycle.claim(first.pk)
    Run.objects.filter(pk=first.pk).update(seconds_left=33)
    turn = turns.turn_of(second)
    assert turn
    assert (turn.place, turn.starts_in) == (1, 33)


def test_a_turn_is_for_whoever_has_it(
    workspace: Workspace, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = queue(workspace, 2)
    done: list[Any] = []
    monkeypatch.setattr(worker, "execute", lambda run_id: bool(done.append(run_id)) or True)
    worker.take_turn(second.pk)
    assert done == [first.pk]


def test_a_turn_for_nobody_does_nothing(workspace: Workspace, queue: Queue) -> None:
    [run] = queue(workspace, 1)
    services.end(run.pk, Status.CANCELLED)
    worker.take_turn(run.pk)
    run.refresh_from_db()
    assert run.attempt == 0


def test_the_api_tells_what_a_run_waits_for(
    workspace: Workspace, queue: Queue, api: APIClient
) -> None:
    first, second = queue(workspace, 2)
    Run.objects.filter(pk=second.pk).update(status=Status.WAITING, waits_for="runs")
    url = "/api/v1/runs/{}/"
    slot = {"waits_for": "slot", "place": 1, "starts_in": 0.0}
    assert api.get(url.format(first.pk)).json()["queue"] == slot
    plan = {"waits_for": "runs", "place": None, "starts_in": None}
    assert api.get(url.format(second.pk)).json()["queue"] == plan
    begin(first.pk)
    assert api.get(url.format(first.pk)).json()["queue"] is None
