"""A process that the launcher service has forked, as Popen would show it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import psutil
from django.conf import settings

SOCKET = "launcher.sock"  # below ATTUNE_HOME
PATIENCE = 10.0  # seconds for the launcher to answer, after which a process is started without it
LOST = 75  # as a fine-tune that was stopped: the launcher died, and its children with it
GRACE = 5.0  # seconds for such a child to end


class Forked:
    """`stdout` are its events. The connection to the launcher is its life: without us it ends."""

    def __init__(self, sock: socket.socket, pid: int, stdout: IO[bytes]) -> None:
        self._sock, self.pid, self.stdout = sock, pid, stdout
        self.returncode: int | None = None
        self._buffer = b""
        with contextlib.suppress(psutil.Error):
            self._process: psutil.Process | None = psutil.Process(pid)

    def poll(self) -> int | None:
        self._look(0.0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        until = None if timeout is None else time.monotonic() + timeout
        while self.returncode is None:
            left = 1.0 if until is None else until - time.monotonic()
            if left < 0 and timeout is not None:
                raise subprocess.TimeoutExpired(["fork"], timeout)
            self._look(max(0.0, min(left, 1.0)))
        return self.returncode

    def signal_group(self, number: int) -> None:
        """The launcher passes it on, which alone knows that the number is still that of this process."""
        if self.poll() is None:
            with contextlib.suppress(OSError):
                self._sock.sendall(json.dumps({"signal": int(number)}).encode() + b"\n")

    def _look(self, timeout: float) -> None:
        if self.returncode is None and _readable(self._sock, timeout):
            try:
                data = self._sock.recv(4096)
            except OSError:
                data = b""
            self._buffer += data
            *lines, self._buffer = self._buffer.split(b"\n")
            for line in lines:
                self.returncode = json.loads(line).get("returncode", self.returncode)
            if not data and self.returncode is None:
                self._is_lost()
            if self.returncode is not None:
                self._sock.close()

    def _is_lost(self) -> None:
        """The kernel has told the child to end; nothing may go on before it has."""
        found = getattr(self, "_process", None)
        if found is not None:
            _gone, alive = psutil.wait_procs([found], timeout=GRACE)
            for one in alive:
                with contextlib.suppress(psutil.Error):
                    one.kill()
        self.returncode = LOST


def start(
    args: Sequence[str],
    *,
    folder: Path,
    env: Mapping[str, str],
    errors: int,
    keep: Sequence[int] = (),
    memory: int = 0,
    network: bool = True,
) -> Forked | None:
    """None where there is no launcher: not on this system, not yet, or not just now."""
    if sys.platform != "linux":
        return None
    request: dict[str, Any] = {"args": list(args), "folder": str(folder), "env": dict(env)}
    request |= {"memory": memory, "network": network}
    reader, writer = os.pipe()
    try:
        sock = _connect(Path(settings.ATTUNE_HOME))
        pid = _ask(sock, request, [writer, errors, *keep])
    except (OSError, ValueError):
        os.close(reader)
        return None
    finally:
        os.close(writer)
    return Forked(sock, pid, os.fdopen(reader, "rb", buffering=0))


def _connect(home: Path) -> socket.socket:
    """By way of the folder's descriptor: the address of a Unix socket may have a hundred bytes only."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(PATIENCE)
    folder = os.open(home, os.O_RDONLY)
    try:
        sock.connect(f"/proc/self/fd/{folder}/{SOCKET}")
    except OSError:
        sock.close()
        raise
    finally:
        os.close(folder)
    return sock


def _ask(sock: socket.socket, request: Mapping[str, Any], descriptors: Sequence[int]) -> int:
    """The child's process id. Raises OSError, ValueError."""
    try:
        data = json.dumps(request).encode() + b"\n"
        sent = socket.send_fds(sock, [data], list(descriptors))
        sock.sendall(data[sent:])
        line = b""
        while not line.endswith(b"\n"):
            more = sock.recv(1)  # no more than this line: the end of the child may follow at once
            if not more:
                raise ValueError("the launcher has hung up")
            line += more
        return int(json.loads(line)["pid"])
    except (OSError, ValueError, KeyError):
        sock.close()
        raise


def _readable(sock: socket.socket, timeout: float) -> bool:
    poll = select.poll()
    poll.register(sock.fileno(), select.POLLIN | select.POLLHUP)
    return bool(poll.poll(timeout * 1000))
