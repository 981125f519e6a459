"""What a soak does: starts runs, kills what carries them out, plays people, and looks at what came of it."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import psutil
from django.conf import settings
from django.db import DatabaseError, connection, connections
from django.utils import timezone
from django_q.models import OrmQ

from accounts.models import User
from billing.models import Plan
from projects.datasets.models import DatasetVersion
from projects.models import Project
from projects.runs import pausing, services
from projects.runs.lifecycle import FINAL
from projects.runs.models import Run, RunEvent, Status
from tests.faults.cluster import Cluster, until, words
from tests.faults.invariants import faults, keep_house
from training.problems import Problem

CALM = 240.0  # seconds for what is left when nothing is killed any more
RAMP = 0.75  # of the time, in which runs are started
TICK = 0.2
PEOPLE, WORKERS = 4, 3
COUNTS = {"train": 6, "valid": 2, "test": 4}


@dataclass
class Soak:
    home: Path
    runs: int
    seconds: float
    every: float
    seed: int
    killed: Counter[str] = field(default_factory=Counter)
    kills: list[tuple[str, str, Any]] = field(default_factory=list)  # what, run, when
    started: list[Any] = field(default_factory=list)
    supervisor: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.draw = random.Random(self.seed)
        self.targets: dict[str, tuple[int, Callable[[], Any]]] = {
            "trainer": (6, lambda: self.one(self.cluster().trainers())),
            "busy worker": (5, lambda: [self.cluster().busy_now()]),
            "idle worker": (2, lambda: self.one(self.cluster().those("worker"))),
            "monitor": (1, lambda: self.cluster().those("monitor")),
            "pusher": (1, lambda: self.cluster().those("pusher")),
            "sentinel": (1, lambda: self.cluster().those("sentinel")),
            "main": (1, lambda: self.cluster().those("main")),
            "warden": (1, lambda: [psutil.Process(self.cluster().process.pid)]),
            "supervisor": (1, lambda: [psutil.Process(self.supervisor.pid)]),
            "everything": (1, lambda: [psutil.Process(self.supervisor.pid), *self.tree()]),
        }
        self.others: dict[str, tuple[int, Callable[[], Any]]] = {
            "SIGTERM": (1, self.terminate),
            "a sleep of 20 s": (1, self.stall),
            "the queue emptied": (1, OrmQ.objects.all().delete),
            "the database": (2, self.cut),
        }

    # --- the whole ------------------------------------------------------------------------------------------------

    def run(self) -> dict[str, Any]:
        runs_folder().mkdir(exist_ok=True)
        projects = [self.world(number) for number in range(PEOPLE)]
        Plan.objects.update(max_concurrent_runs=2)
        self.keep_up()
        until(lambda: len(self.workers()) == WORKERS, "workers", seconds=600)
        self.rest(10)
        before, begin = self.weigh(), time.monotonic()
        strike = begin + self.every
        while (now := time.monotonic()) - begin < self.seconds + CALM:
            self.keep_up()
            share = (now - begin) / (RAMP * self.seconds)
            while len(self.started) < min(self.runs, int(share * self.runs) + 1):
                self.safely(lambda: self.start(projects))
            if now > strike and now - begin < self.seconds:
                self.safely(self.strike)
                strike = time.monotonic() + self.draw.expovariate(1 / self.every)
            self.safely(self.play)
            if len(self.started) == self.runs and not self.open():
                break
            time.sleep(TICK)
        seconds = time.monotonic() - begin
        self.rest(10)
        after = self.weigh()
        self.terminate()
        return {"seconds": round(seconds), "before": before, "after": after, **self.figures()}

    def rest(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.keep_up()
            time.sleep(TICK)

    def safely(self, act: Callable[[], Any]) -> None:
        """The database may just be away, and who was to be killed gone."""
        try:
            act()
        except (DatabaseError, psutil.Error, LookupError, Problem):
            connections.close_all()

    def world(self, number: int) -> tuple[Project, DatasetVersion, User]:
        user = User.objects.create_user(f"person{number}@example.org", "correct horse")
        given = {"workspace": user.workspaces.get(), "created_by": user}
        project = Project.objects.create(name="Soak", task="text-classification", **given)
        version = DatasetVersion.objects.create(
            project=project, number=1, name="a.csv", path="a.parquet", sha256="0" * 64, size=3,
            rows=12, splits=COUNTS, labels={"no": COUNTS, "yes": COUNTS},
        )  # fmt: skip
        return project, version, user

    def start(self, projects: list[Any]) -> None:
        project, version, user = projects[len(self.started) % len(projects)]
        given = {"user": user, "base": "minilm-l6", "effort": "quick"}
        key = f"soak {len(self.started)}"  # started again where the answer got lost
        self.started.append(services.start(project=project, version=version, start_key=key, **given).pk)  # fmt: skip

    def open(self) -> bool:
        with suppress(DatabaseError):
            return Run.objects.exclude(status__in=FINAL).exists()
        return True

    # --- processes ------------------------------------------------------------------------------------------------

    def keep_up(self) -> None:
        """As systemd would."""
        if self.supervisor is None or self.supervisor.poll() is not None:
            with (self.home / "supervisor.log").open("ab") as log:
                command = [sys.executable, "-m", "tests.faults.soak", "--serve"]
                self.supervisor = subprocess.Popen(
                    command, cwd=settings.ROOT, stdout=log, stderr=log, start_new_session=True
                )

    def tree(self) -> list[psutil.Process]:
        with suppress(psutil.Error):
            return psutil.Process(self.supervisor.pid).children(recursive=True)
        return []

    def cluster(self) -> Cluster:
        """The one that trains."""
        for process in psutil.Process(self.supervisor.pid).children():
            if words(process)[-1:] == ["train-cpu"]:
                return Cluster(process, self.home / "logs" / "queue-train-cpu.log")
        raise LookupError("no cluster")

    def workers(self) -> list[psutil.Process]:
        with suppress(LookupError):
            return self.cluster().those("worker")
        return []

    def one(self, found: list[psutil.Process]) -> list[psutil.Process]:
        return [self.draw.choice(found)]

    # --- what happens ---------------------------------------------------------------------------------------------

    def strike(self) -> None:
        kinds = {**self.targets, **self.others}
        [kind] = self.draw.choices(list(kinds), [weight for weight, _find in kinds.values()])
        now = timezone.now()
        victims = [run_of(process) for process in self.victims(kind)]
        self.killed[kind] += 1
        self.kills += [(kind, run, now) for run in victims if run]

    def victims(self, kind: str) -> list[psutil.Process]:
        """Those that were hit, and the trainers below them."""
        if kind in self.others:
            self.others[kind][1]()
            return []
        found = self.targets[kind][1]()
        below = [child for process in found for child in process.children(recursive=True)]
        both = {process.pid: process for process in (*found, *below)}
        told = [process for process in both.values() if run_of(process)]
        for process in found:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        return told

    def terminate(self) -> None:
        """As for an update; it has ended when this returns."""
        self.supervisor.send_signal(signal.SIGTERM)
        self.supervisor.wait(30)

    def stall(self) -> None:
        """A worker and what it runs fall asleep, for longer than a run may be silent."""
        busy = self.cluster().busy_now()
        sleepers = [busy, *busy.children(recursive=True)]
        for process in sleepers:
            process.suspend()

        def wake() -> None:
            time.sleep(20)
            for process in sleepers:
                with suppress(psutil.Error):
                    process.resume()

        Thread(target=wake, daemon=True).start()

    def cut(self) -> None:
        """Its connections are ended, or it is locked for some seconds."""
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            return

        def lock() -> None:
            other = sqlite3.connect(settings.DATABASES["default"]["NAME"], timeout=30)
            other.execute("BEGIN EXCLUSIVE")
            time.sleep(3)
            other.rollback()
            other.close()

        Thread(target=lock, daemon=True).start()

    def play(self) -> None:
        """Now and then somebody stops a run, or lays one down and takes it up again."""
        if self.draw.random() < 0.01:
            for run in Run.objects.exclude(status__in=FINAL).order_by("?")[:1]:
                act = services.request_stop if self.draw.random() < 0.5 else pausing.request_pause
                act(run=run, user=run.created_by)
        for run in Run.objects.filter(status=Status.PAUSED):
            pausing.resume(run=run, user=run.created_by)

    # --- what came of it ------------------------------------------------------------------------------------------

    def weigh(self) -> dict[str, Any]:
        """Of all processes together; of the folder without models, which are what was asked for."""
        found = [psutil.Process(self.supervisor.pid), *self.tree()]
        sizes = known((lambda p=p: p.stat().st_size) for p in files_in(runs_folder()))
        weights = known((lambda p=p: (p.num_fds(), p.memory_info().rss)) for p in found)
        return {
            "processes": len(weights),
            "descriptors": sum(descriptors for descriptors, _rss in weights),
            "rss_mb": round(sum(rss for _descriptors, rss in weights) / 1024**2),
            "entries_in_queue": OrmQ.objects.filter(key="train-cpu").count(),
            "files_of_runs": len(sizes),
            "kb_of_runs": round(sum(sizes) / 1024),
            "temporary_files": len(files_in(self.home / "tmp")),
            "connections": connections_open(),
        }

    def figures(self) -> dict[str, Any]:
        endings = Counter(Run.objects.values_list("status", flat=True))
        problems = Run.objects.filter(status=Status.FAILED).values_list("problem", flat=True)
        codes = Counter((problem or {}).get("code", "") for problem in problems)
        left = keep_house()
        found = faults()
        if (count := Run.objects.count()) != self.runs:
            found.append(f"{self.runs} runs were asked for, and there are {count}")
        return {
            "faults": found,
            "removed_by_housekeeping": left,
            "endings": dict(endings),
            "problems_of_failed": dict(codes),
            "hits": dict(self.killed),
            "attempts": dict(
                sorted(Counter(Run.objects.values_list("attempt", flat=True)).items())
            ),
            "work": work(),
            "seconds_until_queued_again": spread(self.until("status")),
            "seconds_until_at_work_again": spread(self.until("step")),
        }

    def until(self, kind: str) -> dict[str, list[float]]:
        """From a hit to the run's return, by what was hit; those that a person stopped meanwhile left out."""
        found: dict[str, list[float]] = {}
        for what, run, when in self.kills:
            later = RunEvent.objects.filter(run=run, kind=kind, at__gt=when)
            if kind == "status":
                later = later.filter(data__status=Status.QUEUED)
            else:
                hit = RunEvent.objects.filter(run=run, at__lte=when).order_by("-seq").first()
                later = later.filter(attempt__gt=hit.attempt) if hit else later
            event = later.order_by("seq").first()
            if event:
                found.setdefault(what, []).append((event.at - when).total_seconds())
        return found


def run_of(process: psutil.Process) -> str:
    """Of a trainer, the run."""
    said = words(process)
    if "trainer.py" not in " ".join(said[:3]):
        return ""
    places = [word for word in said if "/attempt-" in word]
    return Path(places[-1]).parent.name if "fit" in said else ""


def work() -> dict[str, Any]:
    """Steps that were trained, and of them those that an earlier attempt had trained already."""
    steps = RunEvent.objects.filter(kind="step").values_list("run", "attempt", "data__step")
    done, most, again = {}, Counter(), 0
    for run, attempt, step in steps.order_by("run", "seq"):
        if step <= done.get(run, 0):
            again += 1
            most[run, attempt] += 1
        done[run] = max(step, done.get(run, 0))
    return {"steps": len(steps), "repeated": again, "most_in_an_attempt": max(most.values(), default=0)}  # fmt: skip


def spread(found: dict[str, list[float]]) -> dict[str, Any]:
    return {
        what: {
            "count": len(times),
            "median": round(sorted(times)[len(times) // 2], 1),
            "most": round(max(times), 1),
        }
        for what, times in found.items()
    }


def runs_folder() -> Path:
    return Path(settings.RUNS_DIR)


def connections_open() -> int | None:
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def files_in(folder: Path) -> list[Path]:
    """Those that are there now; folders may go away meanwhile."""
    return [Path(at, name) for at, _folders, names in os.walk(folder) for name in names]


def known(asked: Iterable[Callable[[], Any]]) -> list[Any]:
    """The answers of what is still there: files and processes end while one looks at them."""
    found = []
    for ask in asked:
        with suppress(FileNotFoundError, psutil.NoSuchProcess):
            found.append(ask())
    return found
