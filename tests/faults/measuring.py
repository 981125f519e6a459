"""The site that is measured (see measure.py): one person, one project, a queue with two workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import psutil
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from accounts.models import User
from projects.datasets.models import DatasetVersion
from projects.models import Project
from projects.runs import services
from projects.runs.lifecycle import FINAL
from projects.runs.models import Run, RunEvent, Status
from tests.faults.cluster import Cluster, until, words
from tests.training.conftest import rows_of, write_tiny_base
from training.version import Stored, write, write_flags

ROWS = 240
LATE = ("testing", "saving", "verifying")  # reached soon when there is one epoch
SPLITS = ("train",) * 8 + ("valid", "test")


class Site:
    def __init__(self, home: Path, **environment: str) -> None:
        self.home, self.environment = home, {**os.environ, **environment}
        self.supervisor: Any = None
        self.user = User.objects.create_user(f"{uuid4()}@example.org", "correct horse")
        given = {"workspace": self.user.workspaces.get(), "created_by": self.user}
        self.project = Project.objects.create(name="P", task="text-classification", **given)
        self.version = self.data()

    def data(self) -> DatasetVersion:
        path = f"{self.project.pk}/{uuid4()}.parquet"
        rows = [
            Stored(number, "a.csv", number + 2, SPLITS[number % 10], {"text": text, "label": label})
            for number, (text, label) in enumerate(rows_of(ROWS))
        ]
        file = Path(settings.VERSIONS_DIR) / path
        file.parent.mkdir(parents=True)
        written = write(file, rows, ["text", "label"])
        write_flags(file, {"label.few": np.arange(0)})
        counts = {name: ROWS // 10 * SPLITS.count(name) for name in set(SPLITS)}
        labels = {row.values["label"]: {n: c // 3 for n, c in counts.items()} for row in rows}
        return DatasetVersion.objects.create(
            project=self.project, number=1, name="a.csv", path=path, sha256=written["sha256"],
            size=written["size"], rows=ROWS, splits=counts, labels=labels,
            stats={"rows": ROWS, "mean_tokens": 12, "p95_tokens": 16},
        )  # fmt: skip

    # --- the processes --------------------------------------------------------------------------------------------

    def serve(self) -> None:
        command = [sys.executable, "-m", "tests.faults.soak", "--serve"]
        log = (self.home / "supervisor.log").open("ab")
        self.supervisor = subprocess.Popen(
            command, cwd=settings.ROOT, env=self.environment, stdout=log, stderr=log
        )
        until((self.home / "launcher.sock").exists, "a launcher", seconds=600)
        until(lambda: self.cluster().those("worker"), "workers", seconds=600)

    def end(self) -> None:
        self.supervisor.send_signal(signal.SIGTERM)
        self.supervisor.wait(60)

    def cluster(self) -> Cluster:
        for process in psutil.Process(self.supervisor.pid).children():
            if words(process)[-1:] == ["train-cpu"]:
                return Cluster(process, self.home / "logs" / "queue-train-cpu.log")
        raise LookupError("no cluster")

    def trainer_of(self, run: Run) -> psutil.Process:
        found = psutil.Process(self.supervisor.pid).children(recursive=True)
        inside = (p for p in found if f"{run.pk}" in str(p.cwd()))
        return max(inside, key=lambda process: process.create_time())

    def worker(self) -> psutil.Process:
        """The one that has a slot: it holds the slot's file open. Trainers come out of the launcher."""
        slots = str(self.home / "queue")
        workers = self.cluster().those("worker")
        return next(w for w in workers if any(f.path.startswith(slots) for f in w.open_files()))

    # --- what is measured -----------------------------------------------------------------------------------------

    def tiny(self) -> str:
        """The id of a base model of two small layers, which it adds to the site's."""
        folder = str(write_tiny_base(Path(tempfile.mkdtemp(dir=self.home))))
        call_command("models", "add", "--folder", folder, "--id", "tiny", "--title", "Tiny")
        return "tiny"

    def start(self, base: str = "minilm-l6", **more: Any) -> Run:
        given = {"project": self.project, "version": self.version, "user": self.user}
        return services.start(**given, base=base, effort="thorough", **more)

    def warm(self) -> None:
        """One run, so that what happens once has happened."""
        run = self.start(settings={"epochs": 1})
        until(lambda: self.status(run) in FINAL, "a first run", seconds=600)

    def click(self, base: str) -> float:
        run = self.start(base)
        seconds = self.since(run.created_at, lambda: self.event(run, "step"))
        self.stop(run)
        return seconds

    def stop_in(self, stage: str) -> float:
        """Seconds from the click until it is stopped."""
        others = [self.start(), self.start()] if stage == "queued" else []
        for other in others:
            until(lambda other=other: self.status(other) not in ("waiting", "queued"), "its start")
        run = self.start(**({"settings": {"epochs": 1}} if stage in LATE else {}))
        until(lambda: self.is_in(run, stage), f"a run in {stage}", seconds=600)
        seconds = self.stop(run)
        for other in others:
            self.stop(other)
        return seconds

    def is_in(self, run: Run, stage: str) -> bool:
        column = "status" if stage in ("queued", "starting") else "stage"
        return Run.objects.filter(pk=run.pk, **{column: stage}).exists()

    def stop(self, run: Run) -> float:
        begin = time.monotonic()
        services.request_stop(run=run, user=self.user)
        while self.status(run) not in FINAL:
            time.sleep(0.02)
        return round(time.monotonic() - begin, 2)

    def kill(self, what: str) -> dict[str, Any]:
        """Of a run with a checkpoint: seconds until it is at work again, and steps that are repeated."""
        run = self.start()
        until(lambda: self.event(run, "checkpoint"), "a checkpoint", seconds=600)
        trainer = self.trainer_of(run)
        victim = trainer if what == "trainer" else self.worker()
        now = timezone.now()
        victim.kill()
        seconds = self.since(now, lambda: self.event(run, "step", attempt=2))
        last, first = self.steps(run, 1)[-1], self.steps(run, 2)[0]
        self.stop(run)
        return {"seconds": seconds, "last_step_before": last, "first_step_after": first}

    def since(self, begin: Any, happens: Callable[[], Any]) -> float:
        event = until(happens, "what is waited for", seconds=600)
        return round((event.at - begin).total_seconds(), 2)

    def steps(self, run: Run, attempt: int) -> list[int]:
        found = RunEvent.objects.filter(run=run, kind="step", attempt=attempt).order_by("seq")
        return [event.data["step"] for event in found]

    def event(self, run: Run, kind: str, attempt: int = 1) -> RunEvent | None:
        return RunEvent.objects.filter(run=run, kind=kind, attempt=attempt).order_by("seq").first()

    def status(self, run: Run) -> str:
        return Status(Run.objects.values_list("status", flat=True).get(pk=run.pk))
