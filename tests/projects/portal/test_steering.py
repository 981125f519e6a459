"""Switches, flags and announcements: they do what they say, in words, and are written down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, User, Workspace
from projects import gates
from projects.datasets.services import add_upload
from projects.models import Project
from projects.portal import steering
from projects.portal.models import Announcement, Flag
from projects.runs import worker
from projects.runs.models import Run
from training.problems import Problem
from web import switches


def test_a_closed_intake_says_why_in_the_readers_language(
    workspace: Workspace, operator: User
) -> None:
    steering.switch(name="runs", on=False, user=operator, message_en="Moving", message_zh="搬迁中")
    with pytest.raises(Problem) as caught:
        gates.require_open(workspace, "runs")
    assert (caught.value.code, caught.value.values["message"]) == ("site.paused", "Moving")
    gates.require_open(workspace, "uploads")
    steering.switch(name="runs", on=True, user=operator)
    gates.require_open(workspace, "runs")
    assert AuditEntry.objects.filter(verb="switch.off", about="runs", user=operator).exists()


def test_a_suspended_workspace_takes_no_data(project: Project, alice: User, operator: User) -> None:
    given: Any = {"kind": Flag.Kind.SUSPENDED, "reason": "Spam", "user": operator}
    flag = steering.flag(workspace=project.workspace, **given)
    file = SimpleUploadedFile("a.csv", b"text,label\na,b\nc,d\n")
    with pytest.raises(Problem, match="Spam"):
        add_upload(project=project, user=alice, file=file)
    steering.lift(flag=flag, user=operator)
    assert add_upload(project=project, user=alice, file=file).size == 19
    verbs = AuditEntry.objects.filter(workspace=project.workspace).values_list("verb", flat=True)
    assert {"workspace.suspended", "workspace.released"} <= set(verbs)


def test_a_watched_workspace_goes_on(workspace: Workspace, operator: User) -> None:
    steering.flag(workspace=workspace, kind=Flag.Kind.WATCHED, reason="Odd", user=operator)
    gates.require_open(workspace, "runs")


def test_drained_workers_take_nothing(
    a_run: Callable[..., Run], operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[Any] = []
    monkeypatch.setattr(worker, "execute", lambda run: taken.append(run) or True)
    run = a_run("queued")
    steering.switch(name=f"take-{run.cluster}", on=False, user=operator)
    worker.take_turn(run.pk)
    assert not taken
    steering.switch(name=f"take-{run.cluster}", on=True, user=operator)
    worker.take_turn(run.pk)
    assert taken == [run.pk]


def test_sign_up_can_be_switched_off(client: Client, operator: User) -> None:
    assert "password1" in client.get("/accounts/signup/").content.decode()
    steering.switch(name="sign_up", on=False, user=operator)
    assert "password1" not in client.get("/accounts/signup/").content.decode()


def test_every_switch_has_a_row_and_words(db: None) -> None:
    steering.ensure_switches()
    assert set(steering.read()) == set(switches.SWITCHES)


def test_announcements_have_their_time_and_are_closed_one_by_one(
    alice: User, alice_client: Client, client: Client
) -> None:
    now = timezone.now()
    Announcement.objects.create(text_en="Over", begins_at=now - timedelta(days=2), ends_at=now)
    Announcement.objects.create(text_en="To come", begins_at=now + timedelta(hours=1))
    shown = Announcement.objects.create(text_en="Maintenance <tonight>", text_zh="今晚维护")
    page = alice_client.get("/notifications/").content.decode()
    assert "Maintenance &lt;tonight&gt;" in page
    assert "Over" not in page
    assert "To come" not in page
    alice_client.post(f"/announcements/{shown.pk}/close/")
    assert "Maintenance" not in alice_client.get("/notifications/").content.decode()
    assert "Maintenance" in client.get("/accounts/login/").content.decode()


def test_what_cannot_be_closed_stays(alice: User) -> None:
    shown = Announcement.objects.create(text_zh="停电通知", dismissible=False)
    steering.dismiss(user=alice, what=f"announcement:{shown.pk}")
    assert [one.text for one in steering.announcements(alice)] == ["停电通知"]
