"""Starts `python -m training …` and reads its events. The one place where the site starts a process.

A run is a contract: `spec.json` in; `events.jsonl`, the checkpoint and an exit code out (see training.commands). Who
carries it out is a Launcher: `launch` on one device of this machine, `Torchrun` on several. One for a cluster (Slurm
through submitit, Kubernetes Jobs) has the same form: it hands the arguments and the folder, which both sides see, to
its scheduler, and gives a Job whose `lines` come out of `events.jsonl`.

The child has a session of its own (so that it is stopped with all it started), dies with the thread that launched it,
and sees only the part of the environment that it needs: no secret key, no address of the database.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import training
from projects.jobs import forked
from projects.jobs.forked import Forked
from training import confine

log = logging.getLogger(__name__)
MODULE = ("-P", "-m", "training")
RANKS = ("-P", "-m", "training.ranks")
TRAMPOLINE = Path(confine.__file__)
STDERR = "stderr.log"
TAIL = 8_000  # bytes of standard error worth keeping
LINE_LIMIT = 64 * 1024**2  # bytes; a report over thousands of labels has a few
_PASSED = """
PATH HOME USER LANG LANGUAGE TZ TMPDIR VIRTUAL_ENV LD_LIBRARY_PATH DYLD_LIBRARY_PATH SSL_CERT_FILE SSL_CERT_DIR
HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy TOKENIZERS_PARALLELISM
ATTUNE_HOME ATTUNE_HUB ATTUNE_INSTALL ATTUNE_FAILPOINTS ATTUNE_FAILPOINTS_SEEN
HF_HOME HF_HUB_OFFLINE HF_HUB_CACHE HF_ENDPOINT TRANSFORMERS_OFFLINE
"""
PASSED = frozenset(_PASSED.split())
PASSED_FAMILIES = (
    "LC_",
    "OMP_",
    "MKL_",
    "OPENBLAS_",
    "KMP_",
    "CUDA_",
    "NVIDIA_",
    "TORCH_",
    "PYTORCH_",
)
# A base model may have to be fetched by pip or npm, as the user configured them.
FETCHING_FAMILIES = ("PIP_", "npm_config_", "NPM_CONFIG_")


class Started(subprocess.Popen[bytes]):
    """A process that was started afresh, with a group of its own."""

    def signal_group(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def poll(self) -> int | None:
        """What the process has left behind is ended before its number may become that of another."""
        if self.returncode is None and self._has_ended():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        return super().poll()

    def _has_ended(self) -> bool:
        try:
            look = os.WEXITED | os.WNOHANG | os.WNOWAIT
            return os.waitid(os.P_PID, self.pid, look) is not None
        except ChildProcessError:
            return False


class Job(Protocol):
    """A run that somebody carries out: its events, its end, and the word to stop."""

    @property
    def pid(self) -> int:
        """Of its first process; 0: not on this machine."""

    @property
    def returncode(self) -> int | None:
        """None while it runs; negative when a signal ended it."""

    @property
    def stderr(self) -> str:
        """The last of what it wrote to standard error."""

    def lines(self, timeout: float = 0.3) -> Iterator[dict[str, Any] | None]:
        """Every event, and None each `timeout` seconds without one; ends with the run."""

    def terminate(self) -> None:
        """Asks it to save and stop."""

    def kill(self) -> None:
        """Ends it."""

    def stop(self, grace: float = 10.0) -> None:
        """Ends it and all that it started. Harmless when it has ended."""


class Launcher(Protocol):
    """See `launch` for what it is given."""

    def __call__(
        self,
        args: Sequence[str],
        *,
        folder: Path,
        env: Mapping[str, str] | None = None,
        warm: bool = False,
        memory: int = 0,
        network: bool = True,
        keep: Sequence[int] = (),
    ) -> Job: ...


class Child:
    """A running `python -m training`. Its standard output are events, its standard error goes to a file."""

    def __init__(self, process: Started | Forked, stderr: Path) -> None:
        self._process = process
        self._stderr = stderr
        self._buffer = b""
        self._closed = False

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        return self._process.poll()

    @property
    def stderr(self) -> str:
        """The last of what it wrote to standard error."""
        try:
            with self._stderr.open("rb") as file:
                file.seek(max(0, self._stderr.stat().st_size - TAIL))
                return file.read().decode("utf-8", "replace")
        except OSError:
            return ""

    def lines(self, timeout: float = 0.3) -> Iterator[dict[str, Any] | None]:
        """Every event, and None each `timeout` seconds without one; ends with the process."""
        while True:
            found = self._read(timeout)
            yield from (event for event in map(_parse, found) if event)
            if not found:
                if self._process.poll() is not None:
                    # A last look: it may have written and ended between the two questions.
                    yield from (event for event in map(_parse, self._read(0)) if event)
                    return
                yield None

    def terminate(self) -> None:
        """Asks it to save and stop."""
        self._signal(signal.SIGTERM)

    def drop(self) -> None:
        """Asks it to stop at once: nobody wants what it has come to. See training.terminal.DROP."""
        self._signal(signal.SIGUSR1)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def stop(self, grace: float = 10.0) -> None:
        """Ends it and all that it started: SIGTERM, and SIGKILL after `grace` seconds. Harmless when it has ended."""
        deadline = time.monotonic() + grace
        if self._process.poll() is None:
            self.terminate()
            # Read on: it must not hang on a full pipe while it says good-bye.
            for _event in self.lines(0.1):
                if time.monotonic() > deadline:
                    break
        self.kill()
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        self._closed = True

    def _signal(self, number: int) -> None:
        self._process.signal_group(number)

    def _read(self, timeout: float) -> list[bytes]:
        """The complete lines that came within `timeout` seconds."""
        out = self._process.stdout
        if self._closed or out is None:
            self._wait(timeout)
            return []
        if not _ready(out.fileno(), timeout):
            return []
        data = os.read(out.fileno(), 1 << 20)
        if not data:
            self._closed = True
            self._wait(timeout)
            data, self._buffer = self._buffer, b""
            return [data] if data else []
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        if len(self._buffer) > LINE_LIMIT:
            raise ValueError(f"The child wrote a line of more than {LINE_LIMIT} bytes")
        return lines

    def _wait(self, timeout: float) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(max(timeout, 0.05))


def launch(
    args: Sequence[str],
    *,
    folder: Path,
    env: Mapping[str, str] | None = None,
    warm: bool = False,
    memory: int = 0,
    network: bool = True,
    keep: Sequence[int] = (),
) -> Child:
    """Starts `python -m training *args` in `folder`, where its standard error is kept. `env` adds to its environment.

    Call it in a thread that lives as long as the child should: the kernel ends the child with the thread. `warm` has it
    forked by the launcher service, where there is one, and so spares it the import of torch. `memory` bytes is what it
    may have at most (0: no limit); without `network` it reaches nothing but itself, where the system allows to say so.
    `keep` are descriptors that it holds open.
    """
    stderr = Path(folder) / STDERR
    given = environment(env or {}, network)
    with stderr.open("ab") as errors:
        confined: dict[str, Any] = {"memory": memory, "network": network, "keep": keep}
        process: Forked | Started | None = None
        if warm:
            files: dict[str, Any] = {"folder": folder, "env": given, "errors": errors.fileno()}
            process = forked.start([str(arg) for arg in args], **files, **confined)
        process = process or _start([*MODULE, *args], folder, given, errors, **confined)
    return Child(process, stderr)


@dataclass(frozen=True)
class Torchrun:
    """On several devices of this machine. The child is torchrun's agent; a device's process dies with it."""

    devices: int

    def __call__(
        self,
        args: Sequence[str],
        *,
        folder: Path,
        env: Mapping[str, str] | None = None,
        warm: bool = False,
        memory: int = 0,
        network: bool = True,
        keep: Sequence[int] = (),
    ) -> Child:
        """As `launch`; it is started afresh, `warm` or not. `memory` is of each of its processes."""
        stderr, given = Path(folder) / STDERR, environment(env or {}, network)
        command = [*RANKS, str(self.devices), *args]
        with stderr.open("ab") as errors:
            process = _start(
                command, folder, given, errors, memory=memory, network=network, keep=keep
            )
        return Child(process, stderr)


def launcher_for(devices: int) -> Launcher:
    """Who carries out a run on so many devices."""
    return Torchrun(devices) if devices > 1 else launch


def _start(
    command: Sequence[str],
    folder: Path,
    env: Mapping[str, str],
    errors: IO[bytes],
    *,
    memory: int,
    network: bool,
    keep: Sequence[int],
) -> Started:
    """A Python process that confines itself before it becomes `python` with `command`."""
    confined = [str(os.getpid()), str(memory), str(int(network))]
    bounce = [sys.executable, "-I", "-S", str(TRAMPOLINE), *confined]
    return Started(
        [*bounce, sys.executable, *map(str, command)],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        start_new_session=True,
        pass_fds=tuple(keep),
    )


def environment(extra: Mapping[str, str], network: bool = True) -> dict[str, str]:
    """What a child may see of this process's environment, and where it finds `training`."""
    families = PASSED_FAMILIES + (FETCHING_FAMILIES if network else ())
    passed = {
        name: value
        for name, value in os.environ.items()
        if (name in PASSED or name.startswith(families)) and (network or not _fetches(name))
    }
    code = str(Path(training.__file__).resolve().parents[1])
    return {**passed, "PYTHONPATH": code, "PYTHONUNBUFFERED": "1", **extra}


def _fetches(name: str) -> bool:
    """Addresses of proxies, which may have a password in them."""
    return name.lower().endswith("_proxy")


def _ready(descriptor: int, timeout: float) -> bool:
    poll = select.poll()  # not select(), which fails for descriptors above 1023
    poll.register(descriptor, select.POLLIN | select.POLLHUP)
    return bool(poll.poll(timeout * 1000))


def _parse(line: bytes) -> dict[str, Any] | None:
    """An event, or None for what is none: a library may print a line of its own."""
    if not line.strip():
        return None
    try:
        event = json.loads(line, parse_constant=lambda _name: None)
    except ValueError:
        event = None
    if not isinstance(event, dict) or "event" not in event:
        log.warning("A child wrote a line that is no event: %.200r", line)
        return None
    return event
