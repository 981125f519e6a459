"""Keeps the processes of the site running: starts them, restarts what dies, and stops all of them within ten seconds.

Each service has a warden (warden.py) and so a process group of its own, which is ended as a whole before the service is
started again: a service that has died may have left workers behind.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import psutil

TICK = 0.2  # seconds between two looks at everything
GRACE = 6.0  # seconds for services to end by themselves; uvicorn gives open requests five of them
LAST = 8.5  # seconds after which nothing is left alive
STEADY = (
    60.0  # seconds after which a service counts as well, and its next restart is immediate again
)
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0  # seconds before a restart
LOG_LIMIT = 10 * 1024**2  # bytes
LEFTOVERS = 15.0  # seconds that the processes of a killed supervisor may take to end
FAULT = re.compile(rb"\b(ERROR|CRITICAL)\b")


@dataclass(frozen=True)
class Service:
    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] | None = None  # None: that of the supervisor
    late: bool = False  # started once the site answers
    once: bool = False  # ends by itself, and is not started again


@dataclass(frozen=True)
class Check:
    """A look at a service that runs and may still do nothing: `fault` says what is wrong, or nothing."""

    services: tuple[str, ...]
    every: float  # seconds
    settle: float  # seconds from the start of a service on in which it is left alone
    fault: Callable[[], str]


@dataclass
class Running:
    service: Service
    process: subprocess.Popen[bytes]
    log: Path
    seen: int  # bytes of the log that were looked through for faults
    started: float = field(default_factory=time.monotonic)


class Taken(Exception):
    """Something else has the port or the state folder; the message says what to do."""


@dataclass
class Supervisor:
    services: Sequence[Service]
    logs: Path
    say: Callable[[str], None]
    ready: Callable[[], bool]  # whether the site answers
    on_ready: Callable[[], None]
    checks: Sequence[Check] = ()
    folder: Path | None = None  # in which services run
    keep_open: tuple[int, ...] = ()  # the lock, which the wardens hold as well
    running: dict[str, Running] = field(default_factory=dict, init=False)
    due: dict[str, float] = field(default_factory=dict, init=False)  # when to start it
    waits: dict[str, float] = field(default_factory=dict, init=False)  # seconds before a restart
    looked: dict[int, float] = field(default_factory=dict, init=False)  # check -> when
    answered: bool = field(default=False, init=False)
    signals: int = field(default=0, init=False)

    def run(self) -> None:
        """Returns after a signal, when everything has ended."""
        self.logs.mkdir(parents=True, exist_ok=True)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._signalled)
        self.due = {service.name: 0.0 for service in self.services if not service.late}
        try:
            while not self.signals:
                self._turn()
                time.sleep(TICK)
        finally:
            self._stop()

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        self.signals += 1

    def _turn(self) -> None:
        self._start_due()
        for running in list(self.running.values()):
            trim(running)
            self._surface(running)
            if running.process.poll() is not None:
                self._ended(running)
        if not self.answered and self.ready():
            self._has_answered()
        self._look()

    # --- starting -----------------------------------------------------------------------------------------------

    def _start_due(self) -> None:
        for service in self.services:
            if service.name in self.due and time.monotonic() >= self.due[service.name]:
                del self.due[service.name]
                self.running[service.name] = self._start(service)

    def _start(self, service: Service) -> Running:
        log = self.logs / f"{service.name}.log"
        warden = Path(__file__).with_name("warden.py")
        with log.open("ab") as file:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(warden), str(os.getpid()), *service.command],
                env=service.environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=self.keep_open,
            )
            return Running(service, process, log, seen=file.tell())

    def _has_answered(self) -> None:
        self.answered = True
        self.due |= {service.name: 0.0 for service in self.services if service.late}
        self.on_ready()

    # --- watching -----------------------------------------------------------------------------------------------

    def _surface(self, running: Running) -> None:
        """Lines of the log that tell of a fault are shown in the terminal too."""
        size = running.log.stat().st_size
        if size > running.seen:
            with running.log.open("rb") as file:
                file.seek(running.seen)
                text = file.read(size - running.seen)
            for line in [line for line in text.splitlines() if FAULT.search(line)][:3]:
                self.say(f"{running.service.name}: {line.decode(errors='replace')[:300]}")
        running.seen = size

    def _ended(self, running: Running) -> None:
        name = running.service.name
        end_group(running.process)
        del self.running[name]
        if running.service.once:
            if running.process.returncode:
                self.say(f"{name} ended with {running.process.returncode}; see {running.log}.")
            return
        steady = time.monotonic() - running.started > STEADY
        wait = FIRST_WAIT if steady else self.waits.get(name, FIRST_WAIT)
        self.waits[name] = min(2 * wait, LONGEST_WAIT)
        self.due[name] = time.monotonic() + wait
        self.say(
            f"{name} ended with {running.process.returncode}; it starts again in {wait:g} s. "
            f"The end of {running.log}:\n{tail(running.log)}"
        )

    def _look(self) -> None:
        now = time.monotonic()
        for index, check in enumerate(self.checks):
            if now - self.looked.setdefault(index, now) < check.every:
                continue
            self.looked[index] = now
            found = [self.running[name] for name in check.services if name in self.running]
            settled = [running for running in found if now - running.started > check.settle]
            if settled and (fault := check.fault()):
                self.say(fault)
                for running in settled:
                    end_group(running.process)

    # --- stopping -----------------------------------------------------------------------------------------------

    def _stop(self) -> None:
        """Asks all, then kills their groups, then whatever these had started in groups of their own."""
        begin = time.monotonic()
        self.say("Stopping … (once more to stop at once)")
        others = descendants()
        processes = [running.process for running in self.running.values()]
        for process in processes:
            process.terminate()
        self._wait(lambda: all(p.poll() is not None for p in processes), begin + GRACE)
        for process in processes:
            end_group(process)
        self._wait(lambda: not any(alive(other) for other in others), begin + LAST)
        for other in others:
            with contextlib.suppress(psutil.Error):
                other.kill()
        self.say("Stopped.")

    def _wait(self, done: Callable[[], bool], until: float) -> None:
        """Until it is done, the time is over, or a second signal has come."""
        while not done() and time.monotonic() < until and self.signals < 2:
            time.sleep(0.05)


def descendants() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def alive(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Kills what is left of the group, and takes the exit status of its leader."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def trim(running: Running) -> None:
    """Keeps one older part of a log. Children append, so that cutting the file is safe while they write."""
    if running.log.stat().st_size > LOG_LIMIT:
        shutil.copyfile(running.log, running.log.with_suffix(".log.1"))
        os.truncate(running.log, 0)
        running.seen = 0


def tail(log: Path, lines: int = 8) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 4096))
        last = file.read().decode(errors="replace").splitlines()[-lines:]
    return "\n".join(f"    {line}" for line in last)


def check_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Taken(
                f"Cannot listen on port {port} of {host}: {error.strerror}. Something else may be "
                f'listening there; choose another port: make run ARGS="--port {port + 1}"'
            ) from None


@contextlib.contextmanager
def sole(home: Path) -> Iterator[int]:
    """One supervisor a state folder. Yields the lock's descriptor; whoever holds it open holds the lock.

    The wardens hold it too, so that a start right after a `kill -9` waits for what is left of the killed one.
    """
    lock = os.open(home / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _acquire(lock, home)
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        yield lock
    finally:
        os.close(lock)


def _acquire(lock: int, home: Path) -> None:
    until = time.monotonic() + LEFTOVERS
    while True:
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(lock, 20, 0).decode()
            if time.monotonic() > until or (owner.isdigit() and psutil.pid_exists(int(owner))):
                raise Taken(
                    f"Attune is already running on {home} (process {owner}). Stop it first, or give "
                    "this one a folder of its own: ATTUNE_HOME=/another/folder make run"
                ) from None
            time.sleep(TICK)
