"""`python -m training launch`: starts what trains by forking a process that has torch imported already.

Importing torch and transformers takes seconds; a fork takes milliseconds. This works for as long as this process uses
neither threads nor CUDA: a child that is forked after the parent has computed something hangs, or finds no GPU. So it
imports, and then does nothing but fork. Linux only.

One connection to its Unix socket is one child. The request is a line of JSON with file descriptors for standard output,
standard error and what the child holds open (its slot); the answers are {"pid"}, then {"returncode"}. {"signal": n} is
passed on to the child's whole group. Whoever hangs up ends the child: so it dies with the worker that wanted it. With
this process, its parent, it dies by the kernel's parent-death signal.
"""

from __future__ import annotations

import array
import contextlib
import gc
import importlib
import json
import os
import random
import selectors
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from training import confine

# What a fine-tune imports; the last ones are the networks of usual bases, which transformers imports by name.
WARM = (
    *("training.fit", "training.fit.writing", "training.inference", "training.export", "sklearn.linear_model"),
    *(f"transformers.models.{name}.modeling_{name}" for name in ("bert", "xlm_roberta", "marian", "llama", "t5")),
    *("transformers.models.auto.modeling_auto", "transformers.models.auto.tokenization_auto"),
    *("peft", "accelerate", "safetensors.torch"),
)  # fmt: skip
REQUEST = 1 << 20  # bytes
DESCRIPTORS = 8
GRACE = 10.0  # seconds for a child to save and end once nobody waits for it
# When this process is told to leave, so are the workers, each of which stops its own child: seconds for that, and for
# children to end after all.
LEAVING, LAST = 3.0, 2.0
TICK = 0.2  # seconds


@dataclass
class Connection:
    sock: socket.socket
    pid: int = 0
    over: bool = False  # the child has ended
    deadline: float | None = None  # when it is killed


@dataclass
class Forker:
    """`run(arguments)` is what a child does: it returns the exit code."""

    run: Callable[[list[str]], int]
    connections: dict[int, Connection] = field(default_factory=dict)  # descriptor -> connection
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    leaving: bool = False

    def serve(self, path: Path) -> None:
        """Until SIGTERM or SIGINT; then all children are told to end."""
        listener = _listen(path)
        wake, woken = socket.socketpair()
        for one in (wake, woken, listener):
            one.setblocking(False)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_given: None)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._leave)
        self.selector.register(listener, selectors.EVENT_READ)
        self.selector.register(woken, selectors.EVENT_READ)
        try:
            while not self.leaving:
                self._turn(listener, woken)
        finally:
            path.unlink(missing_ok=True)
            self._end_all(listener, woken)

    def _leave(self, _number: int, _frame: object) -> None:
        self.leaving = True

    def _turn(self, listener: socket.socket, woken: socket.socket) -> None:
        for key, _events in self.selector.select(TICK):
            if key.fileobj is woken:
                with contextlib.suppress(BlockingIOError):
                    woken.recv(1024)
            elif key.fileobj is listener:
                with contextlib.suppress(BlockingIOError):
                    self._accept(listener)
            elif key.fd in self.connections:
                self._hear(self.connections[key.fd])
        self._reap()
        self._kill_late()

    def _accept(self, listener: socket.socket) -> None:
        sock, _address = listener.accept()
        sock.settimeout(2.0)  # whoever connects has its request ready
        connection = Connection(sock)
        try:
            request, descriptors = _receive(sock)
        except (OSError, ValueError):
            sock.close()
            return
        try:
            connection.pid = self._fork(request, descriptors)
        except OSError:  # too many processes, no memory: who asked starts one otherwise
            traceback.print_exc()
            sock.close()
            return
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        sock.setblocking(False)
        self.connections[sock.fileno()] = connection
        self.selector.register(sock, selectors.EVENT_READ)
        _say(sock, {"pid": connection.pid})

    def _fork(self, request: Mapping[str, Any], descriptors: list[int]) -> int:
        parent, (out, errors, *kept) = os.getpid(), descriptors
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            return pid
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            _become(request, out, errors, kept, parent)
            code = self.run(list(request["args"]))
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else int(error.code is not None)
        except BaseException:
            traceback.print_exc()
        finally:
            _end(code)
        return 0  # never reached

    def _hear(self, connection: Connection) -> None:
        try:
            data = connection.sock.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            return self._hung_up(connection)
        for line in data.splitlines():
            with contextlib.suppress(ValueError, KeyError):
                self._signal(connection, int(json.loads(line)["signal"]))

    def _hung_up(self, connection: Connection) -> None:
        self.selector.unregister(connection.sock)
        del self.connections[connection.sock.fileno()]
        connection.sock.close()
        if not connection.over:
            self._signal(connection, signal.SIGTERM)
            connection.deadline = time.monotonic() + GRACE
            self.connections[-connection.pid] = connection

    def _signal(self, connection: Connection, number: int) -> None:
        """To the whole group. The child is not waited for before `over`, so that its number is still its own."""
        if connection.pid and not connection.over:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(connection.pid, number)

    def _reap(self) -> None:
        for key, connection in list(self.connections.items()):
            if connection.over or not _has_ended(connection.pid):
                continue
            self._signal(connection, signal.SIGKILL)  # what it has left behind
            connection.over = True
            _pid, status = os.waitpid(connection.pid, 0)
            if key < 0:
                del self.connections[key]
            else:
                _say(connection.sock, {"returncode": os.waitstatus_to_exitcode(status)})

    def _kill_late(self) -> None:
        now = time.monotonic()
        for connection in self.connections.values():
            if connection.deadline is not None and now > connection.deadline:
                self._signal(connection, signal.SIGKILL)

    def _end_all(self, listener: socket.socket, woken: socket.socket) -> None:
        self.selector.unregister(listener)
        listener.close()
        until = time.monotonic() + LEAVING
        while self._busy() and time.monotonic() < until:
            self._turn(listener, woken)
        for connection in self.connections.values():
            self._signal(connection, signal.SIGTERM)
            connection.deadline = time.monotonic() + LAST
        while self._busy():
            self._turn(listener, woken)

    def _busy(self) -> bool:
        return any(not connection.over for connection in self.connections.values())


def _has_ended(pid: int) -> bool:
    """Without taking its exit status, so that its number stays its own."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _listen(path: Path) -> socket.socket:
    """By way of the folder's descriptor: the address of a Unix socket may have a hundred bytes only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    folder = os.open(path.parent, os.O_RDONLY)
    before = os.umask(0o177)
    try:
        listener.bind(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.umask(before)
        os.close(folder)
    listener.listen(16)
    return listener


def _receive(sock: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """The request and the descriptors that came with it. Raises OSError, ValueError."""
    size = array.array("i").itemsize
    data, ancillary, _flags, _address = sock.recvmsg(REQUEST, socket.CMSG_SPACE(DESCRIPTORS * size))
    numbers = array.array("i")
    for level, kind, found in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            numbers.frombytes(found[: len(found) - len(found) % size])
    descriptors = list(numbers)
    try:
        while not data.endswith(b"\n"):
            more = sock.recv(REQUEST)
            if not more:
                raise ValueError("the request has no end")
            data += more
        request = json.loads(data)
        if len(descriptors) < 2 or not {"args", "folder", "env"} <= request.keys():
            raise ValueError("the request is not whole")
    except (OSError, ValueError):
        for descriptor in descriptors:
            os.close(descriptor)
        raise
    return request, descriptors


def _say(sock: socket.socket, told: Mapping[str, Any]) -> None:
    with contextlib.suppress(OSError):  # it has hung up, which is heard next
        sock.sendall(json.dumps(told).encode() + b"\n")


# --- in the child ---------------------------------------------------------------------------------------------------


def _become(
    request: Mapping[str, Any], out: int, errors: int, kept: list[int], parent: int
) -> None:
    """What a process that was started afresh would have: its own session, output, environment, folder and chance."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (out, 1), (errors, 2)):
        os.dup2(source, target)
    _close_others({0, 1, 2, *kept})
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["folder"])
    confine.confine(parent, int(request.get("memory", 0)), bool(request.get("network", True)))
    random.seed()
    gc.enable()
    _use_threads(os.environ.get("OMP_NUM_THREADS", ""))


def _close_others(kept: set[int]) -> None:
    """Of the launcher: its sockets above all, whose end would not be heard while a child holds them."""
    for path in Path("/proc/self/fd").iterdir():
        if int(path.name) not in kept:
            with contextlib.suppress(OSError):
                os.close(int(path.name))


def _use_threads(wanted: str) -> None:
    """OpenMP and BLAS have read their variables when they were imported. What wasn't, will read them itself."""
    if not wanted.isdigit() or int(wanted) < 1 or "torch" not in sys.modules:
        return
    import torch
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(int(wanted))
    threadpool_limits(int(wanted))


def _end(code: int) -> None:
    """As an interpreter ends, but for what the launcher's would tidy up."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


# --- in the launcher ------------------------------------------------------------------------------------------------


def warm() -> None:
    """Imports what children need. One that cannot be imported is left to the child, which can say so."""
    for name in WARM:
        try:
            importlib.import_module(name)
        except Exception:
            traceback.print_exc()
    gc.collect()
    gc.freeze()  # so that a child's collector does not copy these pages


def threads() -> int:
    """Of this process, as the system counts them."""
    return len(list(Path("/proc/self/task").iterdir()))
