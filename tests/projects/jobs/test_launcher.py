"""Child processes: what they see, what is read from them, and that none is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from projects.jobs import launcher
from projects.jobs.launcher import Child, launch

Start = Callable[..., Child]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Starts a child that runs this code instead of training."""

    def run(code: str, **given: Any) -> Child:
        monkeypatch.setattr(launcher, "MODULE", ("-c", textwrap.dedent(code)))
        return launch(given.pop("args", ()), folder=tmp_path, **given)

    return run


def events(child: Child) -> list[Any]:
    return [event for event in child.lines(0.05) if event]


def test_it_reads_events(start: Start) -> None:
    child = start("""print('{"event": "a", "n": 1}'); print('{"event": "b"}')""")
    assert events(child) == [{"event": "a", "n": 1}, {"event": "b"}]
    assert child.returncode == 0


def test_a_last_line_without_an_end_is_read(start: Start) -> None:
    assert events(start("""import sys; sys.stdout.write('{"event": "a"}')""")) == [{"event": "a"}]


def test_what_is_no_event_is_left_out(start: Start) -> None:
    child = start(
        """print('hello'); print('[1]'); print('{"x": 1}'); print(); print('{"event": "a"}')"""
    )
    assert events(child) == [{"event": "a"}]


def test_no_number_is_not_a_number(start: Start) -> None:
    assert events(start("""print('{"event": "a", "loss": NaN, "x": Infinity}')""")) == [
        {"event": "a", "loss": None, "x": None}
    ]


def test_a_long_line_comes_whole(start: Start) -> None:
    [event] = events(
        start("""import json; print(json.dumps({"event": "a", "x": "y" * 3_000_000}))""")
    )
    assert len(event["x"]) == 3_000_000


def test_between_events_the_caller_may_look_around(start: Start) -> None:
    child = start("import time; time.sleep(60)")
    assert next(child.lines(0.01)) is None
    child.stop(0)


def test_arguments_are_passed_as_they_are(start: Start) -> None:
    child = start(
        """import json, sys; print(json.dumps({"event": "a", "argv": sys.argv[1:]}))""",
        args=["fit", "--x=$(touch /tmp/no)", "a b"],
    )
    assert events(child)[0]["argv"] == ["fit", "--x=$(touch /tmp/no)", "a b"]


def test_no_secret_is_passed_on(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "ATTUNE_SECRET_KEY",
        "ATTUNE_DATABASE_URL",
        "ATTUNE_EMAIL_URL",
        "AWS_SECRET_ACCESS_KEY",
    ):
        monkeypatch.setenv(name, "secret")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    code = """import json, os; print(json.dumps({"event": "a", "env": dict(os.environ)}))"""
    seen = events(start(code, env={"MORE": "1"}))[0]["env"]
    assert "secret" not in seen.values()
    assert (seen["OMP_NUM_THREADS"], seen["MORE"]) == ("3", "1")


def test_it_finds_training_from_its_own_folder(start: Start, tmp_path: Path) -> None:
    child = start(
        """import json, os, training; print(json.dumps({"event": "a", "cwd": os.getcwd()}))"""
    )
    assert events(child)[0]["cwd"] == str(tmp_path)


def test_standard_error_is_kept(start: Start, tmp_path: Path) -> None:
    child = start("""import sys; sys.stderr.write('x' * 100_000 + 'the end'); sys.exit(3)""")
    assert events(child) == []
    assert child.returncode == 3
    assert child.stderr.endswith("the end")
    assert len(child.stderr) <= launcher.TAIL


def test_it_has_a_session_of_its_own_and_steps_back(start: Start) -> None:
    code = """
        import json, os
        print(json.dumps({"event": "a", "sid": os.getsid(0), "nice": os.nice(0)}))
    """
    child = start(code)
    [event] = events(child)
    assert event["sid"] == child.pid != os.getsid(0)
    assert event["nice"] > os.nice(0)


def test_stop_asks_first(start: Start) -> None:
    child = start("""
        import signal, sys, time
        signal.signal(signal.SIGTERM, lambda *_given: sys.exit(75))
        print('{"event": "up"}', flush=True)
        time.sleep(60)
    """)
    next(event for event in child.lines(0.05) if event)
    child.stop(30)
    assert child.returncode == 75


def test_stop_does_not_ask_twice(start: Start) -> None:
    child = start("""
        import signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print('{"event": "up"}', flush=True)
        time.sleep(60)
    """)
    next(event for event in child.lines(0.05) if event)
    child.stop(0.1)
    assert child.returncode == -signal.SIGKILL


def test_stop_ends_what_the_child_has_started(start: Start) -> None:
    child = start("""
        import json, signal, subprocess, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        print(json.dumps({"event": "up", "pid": other.pid}), flush=True)
        time.sleep(60)
    """)
    event = next(event for event in child.lines(0.05) if event)
    other = psutil.Process(event["pid"])
    child.stop(0.1)
    assert psutil.wait_procs([other], timeout=5)[1] == []


def test_stop_of_a_child_that_has_ended_is_harmless(start: Start) -> None:
    child = start("print(1)")
    assert events(child) == []
    child.stop(1)
    child.stop(1)
    assert child.returncode == 0


def test_a_child_that_fills_the_pipe_while_it_ends_is_read_to_its_end(start: Start) -> None:
    child = start("""
        import json, signal, sys, time
        def end(*_given):
            print(json.dumps({"event": "a", "x": "y" * 2_000_000}), flush=True)
            sys.exit(75)
        signal.signal(signal.SIGTERM, end)
        print('{"event": "up"}', flush=True)
        time.sleep(60)
    """)
    next(event for event in child.lines(0.05) if event)
    child.stop(30)
    assert child.returncode == 75


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux knows a parent-death signal")
def test_it_dies_with_its_parent(tmp_path: Path) -> None:
    code = f"""
        import sys, time
        sys.path[:0] = {[p for p in sys.path if p]!r}
        from pathlib import Path
        from projects.jobs import launcher
        launcher.MODULE = ("-c", "import time; print('{{}}', flush=True); time.sleep(60)")
        child = launcher.launch((), folder=Path({str(tmp_path)!r}))
        print(child.pid, flush=True)
        time.sleep(60)
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE)
    assert parent.stdout
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert psutil.wait_procs([child], timeout=10)[1] == []
