"""What a plan allows one run: time and memory. The rest of the machine is not harmed, and the page says why."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest
from django.test import Client

from billing.models import Hold, Plan, Subscription
from billing.services import RunLimits
from projects.jobs.slots import Slot
from projects.runs import guarding, worker
from projects.runs.guarding import Room
from projects.runs.models import Run, Status

pytestmark = pytest.mark.django_db
Behave = Callable[[str], None]


def limited(run: Run, **limits: int) -> Run:
    plan = Plan.objects.create(slug="tight", name="Tight", **limits)
    workspace = run.project.workspace
    Subscription.objects.update_or_create(workspace=workspace, defaults={"plan": plan})
    worker.execute(run.pk)
    run.refresh_from_db()
    return run


def test_a_run_that_takes_longer_than_the_plan_allows_is_ended(
    queued: Run, child: Behave, monkeypatch: pytest.MonkeyPatch
) -> None:
    child("endless")
    monkeypatch.setattr(guarding.Room, "too_late", expired(Room.too_late))
    run = limited(queued, max_run_minutes=90)
    assert run.status == Status.FAILED
    assert run.problem == {"code": "run.time_limit", "values": {"minutes": 90.0}}
    assert Hold.objects.get(run_id=run.pk).released_at is not None


def expired(real: Callable[[Room], object]) -> Callable[[Room], object]:
    """As if the run had begun two hours ago."""

    def too_late(room: Room) -> object:
        begin = time.monotonic() - 7200
        return real(Room(room.slot, room.limits, begin, room.gpu))

    return too_late


def test_what_a_limit_cut_off_goes_on_with_a_larger_plan(
    queued: Run, child: Behave, alice_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    child("resumable")
    monkeypatch.setattr(guarding.Room, "too_late", once_it_runs(expired(Room.too_late)))
    run = limited(queued, max_run_minutes=90)
    assert (run.status, run.problem["code"]) == (Status.FAILED, "run.time_limit")
    page, resume = (url(run, part) for part in ("", "resume/"))
    assert b"With a larger plan it can go on" in alice_client.get(page).content
    assert alice_client.post(resume).status_code == 409  # the limit is the same
    Plan.objects.update(max_run_minutes=None)
    assert b"Go on from there" in alice_client.get(page).content
    answer = alice_client.post(resume, {"start_key": "k"})
    assert alice_client.post(resume, {"start_key": "k"}).url == answer.url
    more = Run.objects.exclude(pk=run.pk).get()
    assert answer.url == url(more, "")
    worker.execute(more.pk)
    more.refresh_from_db()
    assert (more.status, more.follows, more.origin_id) == (Status.SUCCEEDED, "resume", run.pk)
    assert more.events.filter(kind="resumed").exists()
    assert alice_client.post(resume).status_code == 409  # nothing of it is kept any more


def url(run: Run, part: str) -> str:
    return f"/w/alice/p/{run.project_id}/runs/{run.pk}/{part}"


def once_it_runs(real: Callable[[Room], object]) -> Callable[[Room], object]:
    def too_late(room: Room) -> object:
        return real(room) if Run.objects.filter(status=Status.RUNNING).exists() else None

    return too_late


def test_one_that_is_done_when_the_limit_comes_is_done(
    queued: Run, child: Behave, monkeypatch: pytest.MonkeyPatch
) -> None:
    child("good")
    monkeypatch.setattr(guarding.Watch, "_tell", lambda *_given: None)  # too late to be heard
    monkeypatch.setattr(guarding.Room, "too_late", expired(Room.too_late))
    assert limited(queued, max_run_minutes=90).status == Status.SUCCEEDED


def test_a_run_that_takes_more_memory_than_the_plan_allows_is_ended(
    queued: Run, child: Behave, monkeypatch: pytest.MonkeyPatch
) -> None:
    child("deaf")
    monkeypatch.setattr(guarding, "WEIGH", 0.0)
    monkeypatch.setattr(guarding, "resident", lambda _pid: 3 * 1024**3)
    run = limited(queued, max_run_memory_bytes=2 * 1024**3)
    assert (run.status, run.problem["code"]) == (Status.FAILED, "run.memory_limit")
    assert run.problem["values"]["limit_text"] == "2.0\xa0GB"
    assert set(run.problem) == {"code", "values"}  # theirs, not an incident of ours


def test_without_limits_nothing_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room(Slot(0, 0, {}), RunLimits(None, None), 0.0, gpu=False)
    assert (room.too_late(), room.too_large(os.getpid()), room.memory) == (None, None, 0)


def test_where_cuda_reserves_memory_the_system_keeps_no_limit() -> None:
    limits = RunLimits(None, 5)
    assert Room(Slot(0, 0, {}), limits, 0.0, gpu=False).memory == 5
    assert Room(Slot(0, 0, {}), limits, 0.0, gpu=True).memory == 0


def test_memory_is_that_of_all_processes_of_a_run() -> None:
    assert 10 * 1024**2 < guarding.resident(os.getpid()) < 64 * 1024**3
    assert guarding.resident(2**22 + 1) == 0
