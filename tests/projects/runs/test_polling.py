"""A page that watches a run: cheap while nothing changes, and honest about silence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Member, User
from projects.runs import polling
from projects.runs.events import append
from projects.runs.models import Run, Status

Make = Callable[..., Run]
WATCHED = {"attempt": 1, "stage": "training", "progress": 0.3, "seconds_left": 40.0}


@pytest.fixture
def running(bare: Make) -> Run:
    """Heard of just now, however long the test takes."""
    soon = timezone.now() + timedelta(minutes=5)
    return bare(Status.RUNNING, heartbeat_at=soon, **WATCHED)


def url(run: Run, part: str) -> str:
    return f"/w/alice/p/{run.project_id}/runs/{run.pk}/{part}"


def mark(page: Any) -> str:
    return str(page.content.decode().partition("status/?mark=")[2].partition('"')[0])


def test_nothing_is_drawn_while_nothing_changes(
    alice_client: Client, running: Run, django_assert_num_queries: Any
) -> None:
    first = mark(alice_client.get(url(running, "")))
    assert first
    with django_assert_num_queries(3):  # the session, the user, the run with the role
        answer = alice_client.get(url(running, f"status/?mark={first}"))
    assert (answer.status_code, answer.content) == (204, b"")
    assert float(answer[polling.HEARD]) < 5


@pytest.mark.parametrize(
    "change",
    [
        {"progress": 0.31},
        {"stage": "testing"},
        {"status": "stopping"},
        {"attempt": 2},
        {"status": "failed"},
    ],
)
def test_whatever_shows_is_drawn(alice_client: Client, running: Run, change: Any) -> None:
    first = mark(alice_client.get(url(running, "status/")))
    Run.objects.filter(pk=running.pk).update(**change)
    answer = alice_client.get(url(running, f"status/?mark={first}"))
    assert answer.status_code == 200
    assert mark(answer) != first


def test_so_is_an_event_and_the_end_of_all_workers(
    alice_client: Client, running: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "worker_alive", lambda cluster: True)
    first = mark(alice_client.get(url(running, "status/")))
    append(running.pk, [("note", {"code": "train.seeds"})])
    second = mark(alice_client.get(url(running, f"status/?mark={first}")))
    assert second != first
    monkeypatch.setattr(polling, "worker_alive", lambda cluster: False)
    assert alice_client.get(url(running, f"status/?mark={second}")).status_code == 200


def test_the_curves_cost_nothing_while_there_is_nothing_new(
    alice_client: Client, running: Run, django_assert_num_queries: Any
) -> None:
    append(running.pk, [("step", {"step": 1}), ("status", {})])
    since = alice_client.get(url(running, "series.json?since=0")).json()["since"]
    assert since == 2  # what is of no curve is passed by
    with django_assert_num_queries(3):
        answer = alice_client.get(url(running, f"series.json?since={since}"))
    assert answer.status_code == 204
    Run.objects.update(status="succeeded")
    assert alice_client.get(url(running, f"series.json?since={since}")).json()["ended"] is True


def test_it_checks_ownership(charlie_client: Client, bob_client: Client, running: Run) -> None:
    append(running.pk, [("step", {"step": 1})])
    for part in ("status/", "series.json"):
        assert charlie_client.get(url(running, part)).status_code == 404
        assert bob_client.get(url(running, part)).status_code == 200
    Member.objects.filter(user=User.objects.get(email="bob@example.org")).delete()
    assert bob_client.get(url(running, "status/?mark=x")).status_code == 404


def test_silence_is_said(
    alice_client: Client, running: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projects.runs.views.worker_alive", lambda cluster: True)
    assert b"worker is silent" not in alice_client.get(url(running, "status/")).content
    Run.objects.update(heartbeat_at=timezone.now() - timedelta(seconds=40))
    said = alice_client.get(url(running, "status/")).content.decode()
    assert "The worker is silent" in said
    assert "Last sign of life 40 s ago" in said


def test_a_long_silence_is_told_in_minutes(
    alice_client: Client, running: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    Run.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=6, seconds=10))
    page = alice_client.get(url(running, "status/"))
    said = page.content.decode()
    assert "Last sign of life 6\xa0minutes ago" in said
    assert "40 s left" not in said  # nobody knows that now
    assert alice_client.get(url(running, f"status/?mark={mark(page)}")).status_code == 204
    Run.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=7, seconds=10))
    assert alice_client.get(url(running, f"status/?mark={mark(page)}")).status_code == 200


def test_the_remaining_time_says_what_it_rests_on(
    alice_client: Client, running: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projects.runs.views.worker_alive", lambda cluster: True)
    assert "estimated from" not in alice_client.get(url(running, "status/")).content.decode()
    append(running.pk, [("step", {"step": 40})])
    assert (
        "estimated from the 40 steps" in alice_client.get(url(running, "status/")).content.decode()
    )


def test_a_run_that_waits_is_drawn_anew_now_and_then(
    alice_client: Client, bare: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others move ahead of it, which is written nowhere in its row."""
    waiting = bare(Status.QUEUED)
    monkeypatch.setattr(polling.time, "time", lambda: 1000.0)
    first = mark(alice_client.get(url(waiting, "status/")))
    assert alice_client.get(url(waiting, f"status/?mark={first}")).status_code == 204
    monkeypatch.setattr(polling.time, "time", lambda: 1000.0 + polling.AFRESH)
    assert alice_client.get(url(waiting, f"status/?mark={first}")).status_code == 200
