"""“Nothing is new” is said ahead of Django, to whom Django would say it, and to nobody else."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.sessions.models import Session
from django.db import DatabaseError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Member, User, Workspace
from config import asgi, express
from config.express import Express
from notify.models import News, Notice
from projects.datasets.models import DatasetVersion
from projects.models import Project
from projects.runs import polling
from projects.runs.models import Run, Status

DJANGO = 299  # the status that stands for: Django was asked


async def django(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": DJANGO, "headers": []})


async def here(function: Callable[..., Any], *given: Any) -> Any:
    """In the test's own thread, which sees what the test has written."""
    return await sync_to_async(function)(*given)


SITE = Express(django, asgi.application._quick, here)


def ask(client: Client, url: str, site: Any = SITE, **scope: Any) -> tuple[int, dict[str, str]]:
    """(status, headers)"""
    path, _mark, query = url.partition("?")
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    asked = {"type": "http", "method": "GET", "path": path, "query_string": query.encode()}
    asked |= {"headers": [(b"host", b"localhost"), (b"cookie", cookies.encode())]} | scope
    said: list[Any] = []

    async def send(message: Any) -> None:
        said.append(message)

    async_to_sync(site)(asked, None, send)
    found = {name.decode(): value.decode() for name, value in said[0]["headers"]}
    return said[0]["status"], found


@pytest.fixture(autouse=True)
def _forgotten() -> None:
    express._proofs.clear()


@pytest.fixture
def run(workspace: Workspace) -> Run:
    project = Project.objects.create(workspace=workspace, name="P", task="text-classification")
    version = DatasetVersion.objects.create(
        project=project, number=1, name="a.csv", path="a", sha256="0" * 64, size=1, rows=1
    )
    return Run.objects.create(
        project=project, version=version, number=1, start_key=uuid4().hex, attempt=1,
        spec={"task": project.task, "base": "minilm-l6", "effort": "quick", "seed": 13},
        status=Status.RUNNING, heartbeat_at=timezone.now() + timedelta(minutes=5),
    )  # fmt: skip


def status_url(run: Run) -> str:
    """What a page asks that shows the run as it is."""
    owner = User.objects.get(email="alice@example.org")
    sign = polling._sign_of(owner, "alice", run.project_id, run.pk)
    assert sign
    return f"/w/alice/p/{run.project_id}/runs/{run.pk}/status/?mark={sign.mark}"


def asked_of(run: Run) -> list[str]:
    curves = f"/w/alice/p/{run.project_id}/runs/{run.pk}/series.json?since=0"
    return [status_url(run), curves, "/notifications/new.json?unread=0"]


def test_nothing_new_is_said_without_django(
    alice_client: Client, run: Run, django_assert_num_queries: Any
) -> None:
    for url in asked_of(run):
        status, headers = ask(alice_client, url)
        assert status == 204
        assert headers["cache-control"] == "no-store"
        assert ("attune-heard" in headers) == ("/runs/" in url)
    again = asked_of(run)[1]
    with django_assert_num_queries(2):  # the session with its user, the run with the role
        assert ask(alice_client, again)[0] == 204


def test_django_says_the_same(alice_client: Client, run: Run) -> None:
    for url in asked_of(run):
        assert alice_client.get(url).status_code == 204


def test_the_addresses_are_those_of_the_pages(run: Run) -> None:
    given = {"slug": "alice", "project_id": run.project_id, "run_id": run.pk}
    for name, ids in (("run-status", given), ("run-series", given), ("notices-new", {})):
        url = reverse(name, kwargs=ids)
        assert any(pattern.fullmatch(url) for pattern in asgi.application._quick), url


def test_what_is_new_is_djangos(alice_client: Client, alice: User, run: Run) -> None:
    status, curves, bell = asked_of(run)
    Run.objects.update(progress=0.5)
    news = News.objects.create(key="k", kind="run.failed", workspace=None, values={})
    Notice.objects.create(news=news, user=alice, at=timezone.now())
    assert ask(alice_client, status)[0] == DJANGO
    assert ask(alice_client, bell)[0] == DJANGO
    Run.objects.update(status=Status.SUCCEEDED)
    assert ask(alice_client, curves)[0] == DJANGO
    for odd in ("?mark=", "?since=x", ""):
        assert ask(alice_client, status.partition("?")[0] + odd)[0] == DJANGO


def test_members_are_answered_and_strangers_are_not(
    bob_client: Client, vera_client: Client, charlie_client: Client, run: Run
) -> None:
    url, curves, _bell = asked_of(run)
    assert ask(bob_client, url)[0] == ask(vera_client, url)[0] == 204
    for asked in (url, curves):
        assert ask(charlie_client, asked)[0] == ask(Client(), asked)[0] == DJANGO
    elsewhere = url.replace(str(run.project_id), str(uuid4()))
    assert ask(bob_client, elsewhere)[0] == DJANGO
    Member.objects.filter(user__email="bob@example.org").delete()
    assert ask(bob_client, url)[0] == DJANGO


def sign_out(client: Client, user: User) -> None:
    client.post(reverse("account_logout"))


def expire(client: Client, user: User) -> None:
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))


def switch_off(client: Client, user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def change_the_password(client: Client, user: User) -> None:
    user.set_password("another one")
    user.save()


@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize("end", [sign_out, expire, switch_off, change_the_password])
def test_a_session_that_is_over_is_nobodys(
    alice_client: Client, alice: User, run: Run, end: Any, warm: bool
) -> None:
    """At once, whether or not the session was known."""
    url, cookies = status_url(run), alice_client.cookies.copy()
    if warm:
        assert ask(alice_client, url)[0] == 204
    end(alice_client, alice)
    alice_client.cookies = cookies
    assert ask(alice_client, url)[0] == DJANGO
    assert alice_client.get(url).status_code == 302  # Django thinks the same


def test_a_made_up_session_is_nobodys(alice_client: Client, run: Run) -> None:
    url = status_url(run)
    Session.objects.update(session_data="abc:def")
    assert ask(alice_client, url)[0] == DJANGO
    alice_client.cookies["sessionid"] = "x" * 32
    assert ask(alice_client, url)[0] == DJANGO


def test_another_session_under_the_same_key_is_looked_at_anew(
    alice_client: Client, charlie_client: Client, run: Run
) -> None:
    url, key = status_url(run), alice_client.cookies["sessionid"].value
    assert ask(alice_client, url)[0] == 204
    of_charlie = Session.objects.get(pk=charlie_client.cookies["sessionid"].value)
    Session.objects.filter(pk=key).update(session_data=of_charlie.session_data)
    assert ask(alice_client, url)[0] == DJANGO


def test_other_requests_are_djangos(alice_client: Client, run: Run) -> None:
    url = status_url(run)
    assert ask(alice_client, url, method="POST")[0] == DJANGO
    assert ask(alice_client, url, root_path="/attune")[0] == DJANGO
    assert ask(alice_client, "/projects/")[0] == DJANGO
    assert ask(alice_client, url, type="websocket")[0] == DJANGO


def test_without_a_database_django_answers(alice_client: Client) -> None:
    def away(*_given: Any) -> Any:
        raise DatabaseError

    site = Express(django, {re.compile("/x"): away}, here)
    assert ask(alice_client, "/x", site)[0] == DJANGO


def test_it_has_threads_of_its_own() -> None:
    run = express.in_threads()
    name = async_to_sync(run)(lambda: threading.current_thread().name)
    assert name.startswith("express")


def test_only_so_many_sessions_are_remembered(
    alice_client: Client, bob_client: Client, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(express, "KNOWN", 1)
    for client in (alice_client, bob_client, alice_client):
        assert express.visitor(client.cookies["sessionid"].value)
        assert len(express._proofs) == 1
