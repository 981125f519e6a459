"""A queue cluster of real processes, and its parts by the name of what they do."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
from django.conf import settings
from django.db import connection

from config import warden
from config.supervisor import end_group
from projects.jobs import broker
from projects.runs import guarding, sweeping

HERE = Path(__file__).parent
TRAINER = HERE / "trainer.py"
WARDEN = Path(warden.__file__)
# As django-q says in its log who does what.
ROLES = {
    "worker": r"ready for work at (\d+)",
    "monitor": r"monitoring at (\d+)",
    "pusher": r"pushing tasks at (\d+)",
}
PATIENCE = float(os.environ.get("ATTUNE_TEST_PATIENCE", 60))  # seconds; more on a busy machine


def quick(put: Callable[[Any, str, Any], None]) -> None:
    """The waits that decide when something is taken for lost, a fraction of what they are."""
    put(broker, "LEASE", timedelta(seconds=2))
    put(broker, "RENEW", 0.5)
    put(sweeping, "SILENT", 6.0)
    put(sweeping, "FORGOTTEN", timedelta(seconds=4))
    put(guarding, "GRACE_LEAVING", 2.0)


def until(happens: Callable[[], Any], what: str = "", seconds: float = PATIENCE) -> Any:
    """The first answer that is true."""
    end = time.monotonic() + seconds
    while not (found := happens()):
        assert time.monotonic() < end, f"It did not come to this in {seconds:.0f} s: {what}"
        time.sleep(0.1)
    return found


@dataclass
class Cluster:
    process: subprocess.Popen[bytes] | psutil.Process  # the warden
    log: Path

    @classmethod
    def start(
        cls, home: Path, how: str, environment: Mapping[str, str], log: Path | None = None
    ) -> Cluster:
        """Waits until it is at work, which its `log` tells. `how`: what its trainer does, see trainer.py."""
        log = log or home / f"cluster-{time.monotonic_ns()}.log"
        known = {
            "ATTUNE_HOME": str(home),
            "ATTUNE_SECRET_KEY": settings.SECRET_KEY,
            "ATTUNE_DATABASE_URL": database_url(),
            "ATTUNE_RUN_SLOTS": "2",
            "ATTUNE_TEST_TRAINER": how,
        }
        with log.open("wb") as file:
            command = [sys.executable, str(HERE / "work.py"), settings.QUEUE_CLUSTERS[1]]
            # Below a warden, as on a site: nothing of it outlives the tests.
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(WARDEN), str(os.getpid()), *command],
                env={**os.environ, **known, **environment},
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        made = cls(process, log)
        if log.is_relative_to(home):  # elsewhere nothing can be read
            until(lambda: "running" in made.said() or made.ended, "a cluster at work")
        assert not made.ended, made.said()
        return made

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def tree(self) -> list[psutil.Process]:
        """All of its processes below the warden, trainers included."""
        try:
            return psutil.Process(self.process.pid).children(recursive=True)
        except psutil.Error:
            return []

    def those(self, role: str) -> list[psutil.Process]:
        """Its living processes that do so: main, sentinel, worker, monitor, pusher."""
        alive = {process.pid: process for process in self.tree()}
        main = [p for p in alive.values() if p.ppid() == self.process.pid]
        if role in ("main", "sentinel"):
            return main if role == "main" else main[0].children()
        if not self.log.exists():
            return []
        pids = map(int, re.findall(ROLES[role], self.said()))
        return [alive[pid] for pid in pids if pid in alive]

    def trainers(self) -> list[psutil.Process]:
        return [p for p in self.tree() if str(TRAINER) in " ".join(words(p))]

    def busy(self) -> psutil.Process:
        """The worker that runs a trainer."""
        pids = [process.pid for process in self.those("worker")]
        [trainer] = until(self.trainers, "a trainer at work")[:1]
        return next(p for p in trainer.parents() if p.pid in pids)

    def busy_now(self) -> psutil.Process:
        """A worker that runs a trainer. Raises LookupError where none does."""
        workers = {process.pid for process in self.those("worker")}
        for trainer in self.trainers():
            for process in trainer.parents():
                if process.pid in workers:
                    return process
        raise LookupError("no worker runs a trainer")

    def idle(self) -> psutil.Process:
        pid = self.busy().pid
        return next(process for process in self.those("worker") if process.pid != pid)

    def terminate(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        """All of it at once, as when the machine goes down."""
        everything = self.tree()
        end_group(self.process)
        for process in everything:
            with suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(everything, timeout=10)


def words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def database_url() -> str:
    """Of the database of this test."""
    known = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{known['NAME']}"
    user, host = f"{known['USER']}:{known['PASSWORD']}", known["HOST"] or "127.0.0.1"
    return f"postgres://{user}@{host}:{known['PORT'] or 5432}/{known['NAME']}"
