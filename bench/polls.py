"""What a page that watches a run costs the server, question by question: time from the request to its answer.

A site of its own in a temporary folder, with SQLite, a signed-in person and a run with thousands of events. Each
request goes to the application that the web server runs (config.asgi), so that it costs what it costs there but for
the server's own part: threads, connections to the database and middleware where there are any. `ratio` is to
/healthz, which does nothing but middleware and `SELECT 1`; it says more than milliseconds on a machine that is busy.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
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
        f"processor {line['cpu_ms']:.2f} ms  ratio {line['ratio']:.2f}  median {line['median_ms']:.2f} ms"
    )


def _measured(times: int) -> dict[str, dict[str, Any]]:
    from django.core.management import call_command

    from web import css

    css.compile()
    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
    base, cookie = _site()
    mark = _answer(base + "status/", cookie).body.decode().partition("?mark=")[2]
    mark = mark.partition('"')[0]
    asked = {
        "status, nothing new": f"{base}status/?mark={mark}",
        "status, drawn anew": f"{base}status/",
        "curves, nothing new": f"{base}series.json?since={STEPS}",
        "curves, one new step": f"{base}series.json?since={STEPS - 1}",
        "bell, nothing new": "/notifications/new.json?unread=0",
    }
    plain = _timed("/healthz", cookie, times)
    found = {name: _timed(url, cookie, times) for name, url in asked.items()}
    found["for comparison: /healthz"] = plain
    return {
        name: {**line, "ratio": round(line["cpu_ms"] / plain["cpu_ms"], 3)}
        for name, line in found.items()
    }


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


@dataclass
class Answer:
    status: int = 0
    body: bytes = b""

    async def send(self, message: Any) -> None:
        self.status = message.get("status", self.status)
        self.body += message.get("body", b"")


def _answer(url: str, cookie: str) -> Answer:
    path, _mark, query = url.partition("?")
    headers = {"host": "localhost", "cookie": cookie, "hx-request": "true"}
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1), "server": ("localhost", 80),
    }  # fmt: skip
    found = Answer()
    _loop().run_until_complete(_application()(scope, Body(), found.send))
    return found


class Body:
    """An empty one, and then nothing: the visitor stays."""

    given = False

    async def __call__(self) -> dict[str, Any]:
        if self.given:
            await asyncio.Event().wait()
        self.given = True
        return {"type": "http.request", "body": b"", "more_body": False}


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


@cache
def _application() -> Any:
    from config.asgi import application

    return application


def _timed(url: str, cookie: str, times: int) -> dict[str, Any]:
    """Processor time of all threads, without the first requests."""
    cpu, wall = [], []
    answer = Answer()
    for _time in range(times + 20):
        begin, spent = time.perf_counter(), time.process_time()
        answer = _answer(url, cookie)
        cpu.append(1000 * (time.process_time() - spent))
        wall.append(1000 * (time.perf_counter() - begin))
    return {
        "status": answer.status,
        "bytes": len(answer.body),
        "cpu_ms": round(statistics.median(cpu[20:]), 3),
        "median_ms": round(statistics.median(wall[20:]), 3),
    }
