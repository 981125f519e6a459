"""A run is laid down and goes on later: from where it was, with its place in the plan free meanwhile."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django_q.models import OrmQ
from rest_framework.test import APIClient

from accounts.models import User
from billing.models import Hold, LedgerEntry, Plan
from projects.jobs import leaving
from projects.runs import folders, lifecycle, pausing, selectors, services, worker
from projects.runs.models import Run, RunEvent, Status
from projects.runs.recorder import Recorder
from training.problems import Problem

pytestmark = pytest.mark.django_db
Behave = Callable[[str], None]
Start = Callable[..., Run]


def held(run: Run) -> bool:
    return Hold.objects.get(run_id=run.pk).released_at is None


def at_step(monkeypatch: pytest.MonkeyPatch, act: Callable[[], Any]) -> None:
    """Calls `act` once, in the instant in which the worker hears of a step."""
    note, done = Recorder.note, []

    def heard(self: Recorder, event: Any) -> None:
        note(self, event)
        if event["event"] == "step" and not done:
            done.append(event)
            act()

    monkeypatch.setattr(Recorder, "note", heard)


@pytest.fixture
def paused(queued: Run, alice: User, child: Behave, monkeypatch: pytest.MonkeyPatch) -> Run:
    """In the middle of its training."""
    child("resumable")
    at_step(monkeypatch, lambda: pausing.request_pause(run=queued, user=alice))
    worker.execute(queued.pk)
    queued.refresh_from_db()
    return queued


def test_it_works(paused: Run, alice: User) -> None:
    assert (paused.status, paused.pausing) == (Status.PAUSED, False)
    assert paused.progress > 0
    assert not held(paused)
    assert LedgerEntry.objects.get(run_id=paused.pk, kind="settle").attempt == 1
    pausing.resume(run=paused, user=alice)
    assert (paused.status, held(paused)) == (Status.QUEUED, True)
    worker.execute(paused.pk)
    paused.refresh_from_db()
    assert (paused.status, paused.attempt) == (Status.SUCCEEDED, 2)
    assert selectors.resumed(paused) == {"step": 7, "epoch": 0.7, "origin": False}
    assert sorted(
        LedgerEntry.objects.filter(run_id=paused.pk, kind="settle").values_list(
            "attempt", flat=True
        )
    ) == [
        1,
        2,
    ]


def test_a_queued_run_is_paused_at_once(queued: Run, alice: User) -> None:
    assert pausing.request_pause(run=queued, user=alice).status == Status.PAUSED
    assert not held(queued)
    assert lifecycle.claim(queued.pk) is None


def test_it_is_queued_with_its_resumption(
    queued: Run, alice: User, django_capture_on_commit_callbacks: Any
) -> None:
    pausing.request_pause(run=queued, user=alice)
    with django_capture_on_commit_callbacks(execute=True):
        pausing.resume(run=queued, user=alice)
    assert OrmQ.objects.get().task["args"] == (str(queued.pk),)


def test_without_a_place_in_the_plan_it_waits_for_one(
    queued: Run, start: Start, alice: User
) -> None:
    Plan.objects.update(max_concurrent_runs=1)
    pausing.request_pause(run=queued, user=alice)
    other = start()
    assert pausing.resume(run=queued, user=alice).status == Status.WAITING
    assert pausing.request_pause(run=queued, user=alice).status == Status.PAUSED
    pausing.resume(run=queued, user=alice)
    pausing.request_pause(run=other, user=alice)
    services.admit(queued.project.workspace)  # as the commit does
    queued.refresh_from_db()
    assert queued.status == Status.QUEUED


@pytest.mark.parametrize("status", [Status.RUNNING, Status.QUEUED, Status.SUCCEEDED])
def test_only_what_is_paused_is_resumed(
    bare: Callable[..., Run], alice: User, status: Status
) -> None:
    with pytest.raises(Problem) as caught:
        pausing.resume(run=bare(status), user=alice)
    assert caught.value.code == "run.paused"


def test_a_run_that_has_ended_stays_as_it_is(bare: Callable[..., Run], alice: User) -> None:
    run = bare(Status.SUCCEEDED)
    assert pausing.request_pause(run=run, user=alice).status == Status.SUCCEEDED


def test_a_paused_run_can_be_cancelled(paused: Run, alice: User) -> None:
    assert services.request_stop(run=paused, user=alice).status == Status.CANCELLED
    assert not held(paused)


def test_cancelled_while_it_is_being_paused(
    queued: Run, alice: User, child: Behave, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change_of_mind() -> None:
        pausing.request_pause(run=queued, user=alice)
        services.request_stop(run=queued, user=alice)

    child("resumable")
    at_step(monkeypatch, change_of_mind)
    worker.execute(queued.pk)
    queued.refresh_from_db()
    assert queued.status == Status.CANCELLED
    assert not (folders.of_attempt(queued) / folders.RESUME).exists()


def test_a_worker_that_is_lost_while_it_pauses(queued: Run, alice: User) -> None:
    lifecycle.claim(queued.pk)
    pausing.request_pause(run=queued, user=alice)
    services.lose(queued.pk, attempt=1)
    queued.refresh_from_db()
    assert queued.status == Status.PAUSED
    assert not held(queued)


def test_when_the_service_ends_it_goes_on_with_the_next(
    queued: Run, child: Behave, monkeypatch: pytest.MonkeyPatch
) -> None:
    child("resumable")
    at_step(monkeypatch, leaving.announce)
    worker.execute(queued.pk)
    leaving.forget()
    worker.execute(queued.pk)
    queued.refresh_from_db()
    assert (queued.status, selectors.resumed(queued)["step"]) == (Status.SUCCEEDED, 7)
    # What was kept was worth its time.
    assert LedgerEntry.objects.filter(run_id=queued.pk, kind="settle").count() == 2


def test_lost_states_are_told(paused: Run, alice: User) -> None:
    shutil.rmtree(folders.of_attempt(paused) / folders.RESUME)
    pausing.resume(run=paused, user=alice)
    folder = folders.fresh(paused, 2)
    assert folder.is_dir()
    assert not folders.carry_over(paused, 2)
    assert worker._had_states(paused)


def test_the_curves_hear_where_it_went_on(paused: Run, alice: User) -> None:
    pausing.resume(run=paused, user=alice)
    worker.execute(paused.pk)
    events = selectors.series(paused, 0, 0)["events"]
    told = [(one["attempt"], one["kind"]) for one in events if one["kind"] != "usage"]
    assert told[:3] == [(1, "step"), (2, "resumed"), (2, "step")]


# --- the page and the API --------------------------------------------------------------------------------------------


def url(name: str, run: Run) -> str:
    return reverse(name, args=[run.project.workspace.slug, run.project_id, run.pk])


def test_the_page_says_that_it_is_paused(paused: Run, alice_client: Client) -> None:
    text = alice_client.get(url("run", paused)).content.decode()
    assert 'id="resume"' in text
    assert 'id="pause"' not in text
    assert "Paused" in text
    assert "No worker is running" not in text


def test_a_running_run_can_be_paused_on_its_page(queued: Run, alice_client: Client) -> None:
    lifecycle.claim(queued.pk)
    assert 'id="pause"' in alice_client.get(url("run", queued)).content.decode()
    answer = alice_client.post(url("run-pause", queued), headers={"HX-Request": "true"})
    text = answer.content.decode()
    assert "Saving its state" in text
    assert 'id="run-actions"' in text
    assert 'id="pause"' not in text
    assert 'id="cancel"' in text


def test_it_rejects_get(queued: Run, alice_client: Client) -> None:
    for name in ("run-pause", "run-resume", "run-repeat", "run-extend"):
        assert alice_client.get(url(name, queued)).status_code == 405


def test_the_api(queued: Run, api: APIClient) -> None:
    answer = api.post(reverse("api-run-pause", args=[queued.pk]))
    assert (answer.status_code, answer.json()["status"]) == (202, "paused")
    answer = api.post(reverse("api-run-resume", args=[queued.pk]))
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    assert api.post(reverse("api-run-resume", args=[queued.pk])).json()["code"] == "run.paused"
    statuses = RunEvent.objects.filter(run=queued, kind="status")
    told = [event.data["status"] for event in statuses]
    assert told == ["queued", "paused", "waiting", "queued"]
