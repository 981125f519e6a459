"""What a page that watches a run costs the server, question by question: time from the request to its answer.

A site of its own in a temporary folder, with SQLite, a signed-in person and a run with thousands of events. Each
request goes through all of the middleware and opens the database anew, as requests under ASGI do.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from datetime import timedelta
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

STEPS = 5000  # events of the run


def add(commands: Any) -> None:
    parser = commands.add_parser("polls", help="the cost of watching a run")
    parser.add_argument("--times", type=int, default=200, help="requests of each kind")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=run)


def run(wanted: argparse.Namespace) -> int:
    with TemporaryDirectory() as home:
        os.environ |= {"ATTUNE_HOME": home, "DJANGO_SETTINGS_MODULE": "config.settings"}
        os.environ |= {"ATTUNE_LOG_LEVEL": "ERROR"}
        import django

        django.setup()
        found = _measured(wanted.times)
    for name, line in found.items():
        told = {"poll": name, **line}
        sys.stdout.write(json.dumps(told) + "\n" if wanted.json else _spoken(told) + "\n")
    return 0


def _spoken(line: dict[str, Any]) -> str:
    return (
        f"{line['poll']:<34} {line['status']}  {line['bytes']:>7} bytes  "
        f"processor {line['cpu_ms']:.2f} ms  median {line['median_ms']:.2f} ms"
    )


def _measured(times: int) -> dict[str, dict[str, Any]]:
    from django.core.management import call_command

    from web import css

    css.compile()
    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
    base, cookie = _site()
    mark = _answer(base + "status/", cookie).content.decode().partition("?mark=")[2]
    mark = mark.partition('"')[0]
    asked = {
        "status, nothing new": f"{base}status/?mark={mark}",
        "status, drawn anew": f"{base}status/",
        "curves, nothing new": f"{base}series.json?since={STEPS}",
        "curves, one new step": f"{base}series.json?since={STEPS - 1}",
        "bell, nothing new": "/notifications/new.json?unread=0",
    }
    return {name: _timed(url, cookie, times) for name, url in asked.items()}


def _site() -> tuple[str, str]:
    """(address of the run, cookie of its owner)"""
    from django.conf import settings
    from django.test import Client
    from django.utils import timezone

    from accounts.models import User
    from projects.datasets.models import DatasetVersion
    from projects.jobs import health
    from projects.models import Project
    from projects.runs.models import Run, RunEvent

    user = User.objects.create_user("watcher@example.org")
    workspace = user.workspaces.get()
    project = Project.objects.create(
        workspace=workspace, name="Watched", task="text-classification"
    )
    version = DatasetVersion.objects.create(
        project=project, number=1, name="a.csv", path="a", sha256="0" * 64, size=1, rows=1
    )
    now = timezone.now() + timedelta(days=1)  # heard of just now, however long this takes
    run = Run.objects.create(
        project=project,
        version=version,
        number=1,
        start_key="bench",
        spec={"task": project.task, "base": "minilm-l6", "effort": "quick", "seed": 13},
        status="running",
        attempt=1,
        stage="training",
        progress=0.4,
        seconds_left=60.0,
        heartbeat_at=now,
    )
    step = {"step": 1, "epoch": 0.1, "loss": 0.5, "progress": 0.4, "seconds_left": 60.0}
    RunEvent.objects.bulk_create(
        RunEvent(run=run, attempt=1, seq=seq, kind="step", data=step, at=now)
        for seq in range(1, STEPS + 1)
    )
    for cluster in settings.QUEUE_CLUSTERS:
        health.beat(cluster)
        os.utime(Path(settings.ATTUNE_HOME) / "queue" / f"{cluster}.beat", (now.timestamp(),) * 2)
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    cookie = f"sessionid={client.cookies['sessionid'].value}"
    return f"/w/{workspace.slug}/p/{project.pk}/runs/{run.pk}/", cookie


def _answer(url: str, cookie: str) -> Any:
    from django.core.handlers.wsgi import WSGIRequest

    path, _mark, query = url.partition("?")
    environ = {
        "REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": query, "SERVER_NAME": "localhost",
        "SERVER_PORT": "80", "HTTP_HOST": "localhost", "HTTP_COOKIE": cookie, "HTTP_HX_REQUEST": "true",
        "wsgi.input": BytesIO(), "wsgi.url_scheme": "http",
    }  # fmt: skip
    return _handler().get_response(WSGIRequest(environ))


@cache
def _handler() -> Any:
    from django.core.handlers.wsgi import WSGIHandler

    return WSGIHandler()


def _timed(url: str, cookie: str, times: int) -> dict[str, Any]:
    from django.db import connection

    cpu, wall = [], []
    response: Any = None
    for _time in range(times + 20):
        connection.close()
        begin, spent = time.perf_counter(), time.thread_time()
        response = _answer(url, cookie)
        cpu.append(1000 * (time.thread_time() - spent))
        wall.append(1000 * (time.perf_counter() - begin))
    return {
        "status": response.status_code,
        "bytes": len(response.content),
        "cpu_ms": round(statistics.median(cpu[20:]), 3),
        "median_ms": round(statistics.median(wall[20:]), 3),
    }
