"""Children that the launcher forks: they live like those that are started afresh, and nothing of them is left."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from projects.jobs import forked, launcher
from projects.jobs.launcher import Child, launch

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the launcher is for Linux")
# A launcher whose children run the code that is their first argument: without torch it is there at once.
LAUNCHER = """
import sys
from pathlib import Path
from training.forking import Forker
Forker(lambda args: exec(args[0], {}) or 0).serve(Path(sys.argv[1]))
"""
Start = Callable[..., Child]


@pytest.fixture
def service(home: Path) -> Iterator[psutil.Popen]:
    socket = home / forked.SOCKET
    command = [sys.executable, "-c", LAUNCHER, str(socket)]
    process = psutil.Popen(command, env=launcher.environment({"SECRET": "of the launcher"}))
    eventually(socket.exists)
    yield process
    with contextlib.suppress(psutil.NoSuchProcess):
        process.terminate()
    process.wait(30)
    assert not socket.exists() or process.returncode < 0


@pytest.fixture
def start(service: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    monkeypatch.setattr(launcher, "MODULE", ("-c", "raise SystemExit('not forked')"))

    def run(code: str, **given: Any) -> Child:
        return launch([textwrap.dedent(code)], folder=tmp_path, warm=True, **given)

    return run


def eventually(true: Callable[[], Any]) -> None:
    until = time.monotonic() + 60
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


def events(child: Child) -> list[Any]:
    return [event for event in child.lines(0.05) if event]


def first(child: Child) -> Any:
    return next(event for event in child.lines(0.05) if event)


def gone(*pids: int) -> bool:
    found = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
    return psutil.wait_procs(found, timeout=20)[1] == []


def test_it_works(start: Start, service: Any, tmp_path: Path) -> None:
    child = start("""
        import json, os, sys
        told = {"ppid": os.getppid(), "sid": os.getsid(0), "cwd": os.getcwd()}
        print(json.dumps({"event": "a", **told}))
        sys.stderr.write("the end")
        sys.exit(3)
    """)
    [event] = events(child)
    assert event["ppid"] == service.pid
    assert event["sid"] == child.pid
    assert event["cwd"] == str(tmp_path)
    assert (child.returncode, child.stderr) == (3, "the end")


def test_its_environment_is_what_it_was_given_and_nothing_else(start: Start) -> None:
    child = start(
        """import json, os; print(json.dumps({"event": "a", "env": dict(os.environ)}))""",
        env={"MORE": "1"},
    )
    [event] = events(child)
    assert event["env"] == launcher.environment({"MORE": "1"})


def test_it_holds_open_what_it_was_given_and_nothing_of_the_launcher(start: Start) -> None:
    reader, writer = os.pipe()
    child = start(
        """
        import json, os, time
        links = []
        for name in os.listdir("/proc/self/fd"):
            try:
                links.append(os.readlink("/proc/self/fd/" + name))
            except FileNotFoundError:
                pass  # that of the list
        sockets = [link for link in links if link.startswith("socket")]
        print(json.dumps({"event": "a", "sockets": sockets}), flush=True)
        time.sleep(60)
        """,
        keep=(writer,),
    )
    os.close(writer)
    assert first(child)["sockets"] == []
    os.set_blocking(reader, False)
    with pytest.raises(BlockingIOError):
        os.read(reader, 1)  # the child has it still
    child.stop(0)
    assert os.read(reader, 1) == b""
    os.close(reader)


def test_a_failure_is_told(start: Start) -> None:
    child = start("raise RuntimeError('no')")
    assert events(child) == []
    assert child.returncode == 1
    assert "RuntimeError: no" in child.stderr


def test_stop_asks_first(start: Start) -> None:
    child = start("""
        import signal, sys, time
        signal.signal(signal.SIGTERM, lambda *_given: sys.exit(75))
        print('{"event": "up"}', flush=True)
        time.sleep(60)
    """)
    first(child)
    child.stop(30)
    assert child.returncode == 75


STUBBORN = """
    import json, os, signal, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    other = os.fork()
    if other:
        print(json.dumps({"event": "up", "pid": other}), flush=True)
    time.sleep(SECONDS)
"""


def test_stop_ends_what_it_has_started(start: Start) -> None:
    child = start(STUBBORN.replace("SECONDS", "60"))
    other = first(child)["pid"]
    child.stop(0.1)
    assert child.returncode == -signal.SIGKILL
    assert gone(child.pid, other)


def test_what_it_leaves_behind_ends_with_it(start: Start) -> None:
    child = start(STUBBORN.replace("SECONDS", "0 if other else 60"))
    [event] = events(child)
    assert child.returncode == 0
    assert gone(event["pid"])


def test_it_ends_when_its_worker_hangs_up(start: Start) -> None:
    child = start("""print('{"event": "up"}', flush=True); import time; time.sleep(60)""")
    first(child)
    child._process._sock.close()  # type: ignore[union-attr]
    assert gone(child.pid)


def test_it_ends_with_the_launcher_and_is_told_as_stopped(start: Start, service: Any) -> None:
    child = start("""print('{"event": "up"}', flush=True); import time; time.sleep(60)""")
    first(child)
    service.kill()
    assert events(child) == []
    assert child.returncode == forked.LOST
    assert gone(child.pid)


def test_it_ends_when_the_launcher_is_told_to(start: Start, service: Any) -> None:
    child = start("""print('{"event": "up"}', flush=True); import time; time.sleep(60)""")
    first(child)
    service.terminate()
    service.wait(30)
    assert gone(child.pid)


def test_many_live_side_by_side(start: Start) -> None:
    children = [start(f"""print('{{"event": "{number}"}}')""") for number in range(5)]
    assert [events(child)[0]["event"] for child in children] == list("01234")


def test_memory_beyond_the_limit_is_refused_inside(start: Start) -> None:
    child = start("bytearray(1 << 30)", memory=512 << 20)
    assert events(child) == []
    assert child.stderr.strip().endswith("MemoryError")


@pytest.mark.parametrize("warm", [True, False])
def test_without_network_it_reaches_itself_only(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warm: bool
) -> None:
    code = textwrap.dedent("""
        import json, socket
        found = [name for _number, name in socket.if_nameindex()]
        own = socket.create_server(("127.0.0.1", 0))
        socket.create_connection(own.getsockname(), timeout=5)
        print(json.dumps({"event": "a", "found": found}))
    """)
    if not warm:
        monkeypatch.setattr(launcher, "MODULE", ("-c", code))
    if not allowed():
        pytest.skip("this system lets nobody make a network namespace")
    child = launch([code], folder=tmp_path, warm=warm, network=False)
    assert [event["found"] for event in events(child)] == [["lo"]]


def allowed() -> bool:
    code = "import sys; from training.confine import cut_off; sys.exit(not cut_off())"
    return subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_a_launcher_a_process_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher, "MODULE", ("-c", """print('{"event": "afresh"}')"""))
    assert events(launch((), folder=tmp_path, warm=True)) == [{"event": "afresh"}]


def test_a_launcher_that_died_leaves_a_socket_that_is_passed_by(
    start: Start, service: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.kill()
    service.wait(30)
    monkeypatch.setattr(launcher, "MODULE", ("-c", """print('{"event": "afresh"}')"""))
    assert events(launch((), folder=tmp_path, warm=True)) == [{"event": "afresh"}]


def test_no_secret_of_a_proxy_is_passed_on_without_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@proxy")
    monkeypatch.setenv("PIP_INDEX_URL", "http://user:secret@index")
    assert "secret" in json.dumps(launcher.environment({}))
    assert "secret" not in json.dumps(launcher.environment({}, network=False))
