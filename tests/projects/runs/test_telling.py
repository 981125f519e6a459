"""The end of a run is told once, to whoever started it, and a failure to tell is none of the run."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from accounts.models import User
from billing import nearing
from billing.models import LedgerEntry, Plan
from notify.models import News
from projects import room
from projects.runs import services, telling, worker
from projects.runs.models import Run, Status
from training.problems import Problem

Child = Callable[[str], None]


def test_success_is_told_with_its_figures(succeeded: Run, alice: User) -> None:
    news = News.objects.get(key=f"run:{succeeded.pk}")
    assert (news.kind, news.audience) == ("run.succeeded", [str(alice.pk)])
    assert news.path.endswith(f"/runs/{succeeded.pk}/")
    assert news.values["seconds"] is not None
    assert all(isinstance(value, int | float) for value in news.values["metrics"].values())


def test_failure_is_told_with_its_cause(queued: Run) -> None:
    problem = {"code": "run.memory", "values": {}}
    services.end(queued.pk, Status.FAILED, problem=problem)
    news = News.objects.get()
    assert (news.kind, news.values["problem"]) == ("run.failed", problem)


def test_an_end_is_told_once(queued: Run, child: Child) -> None:
    services.end(queued.pk, Status.CANCELLED)
    child("good")
    worker.execute(queued.pk)
    services.end(queued.pk, Status.FAILED)
    assert [news.kind for news in News.objects.all()] == ["run.cancelled"]


def test_a_run_ends_although_it_cannot_be_told(
    queued: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(telling, "reverse", broken)
    assert services.end(queued.pk, Status.CANCELLED)
    queued.refresh_from_db()
    assert queued.status == Status.CANCELLED


def test_owners_hear_once_a_month_that_their_minutes_are_nearly_used(
    queued: Run, alice: User
) -> None:
    workspace = queued.project.workspace
    Plan.objects.filter(subscriptions__workspace=workspace).update(max_training_minutes=100)
    nearing.look(workspace)
    assert not News.objects.exists()
    LedgerEntry.objects.create(workspace=workspace, meter="training_seconds", amount=81 * 60)
    nearing.look(workspace)
    nearing.look(workspace)
    news = News.objects.get()
    assert (news.kind, news.values["share"]) == ("quota.near", 81)
    assert news.audience == [str(alice.pk)]


def test_no_run_starts_when_the_disk_is_nearly_full(
    start: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room.shutil, "disk_usage", lambda path: SimpleNamespace(free=10**6))
    with pytest.raises(Problem, match="room"):
        start()
    assert not Run.objects.exists()
