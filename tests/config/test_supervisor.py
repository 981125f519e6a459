"""The supervisor over small commands of real processes: what dies, what lives, and what is said about it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from config import supervisor

FAKE = Path(__file__).with_name("fake_site.py")
# Notes its process id and that of a worker, as a queue would have one, then waits for ever.
FORKS = """
import os, pathlib, signal, sys, time
{before}
worker = os.fork()
if worker:
    pathlib.Path(sys.argv[1]).write_text(f"{{os.getpid()}} {{worker}}")
while True:
    time.sleep(60)
"""
STUBBORN = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"


class Site:
    def __init__(self, home: Path) -> None:
        self.home = home
        self.process: subprocess.Popen[str] | None = None
        self.seen: set[int] = set()

    def start(self, *services: dict[str, Any], **plan: Any) -> None:
        (self.home / "plan.json").write_text(json.dumps({"services": services, **plan}))
        with (self.home / "said").open("a") as said:
            self.process = subprocess.Popen(
                [sys.executable, str(FAKE), str(self.home)], stdout=said, stderr=said, text=True
            )

    def forks(self, name: str, before: str = "") -> dict[str, Any]:
        script = FORKS.format(before=before)
        return {"name": name, "command": [sys.executable, "-c", script, str(self.home / name)]}

    def pids(self, name: str, not_: tuple[int, ...] = ()) -> tuple[int, ...]:
        """Of a service and its worker, once they are others than `not_`."""
        file = self.home / name
        eventually(lambda: file.exists() and numbers(file) not in ((), not_))
        self.seen |= set(numbers(file))
        return numbers(file)

    def said(self) -> str:
        return (self.home / "said").read_text()

    def signal(self, number: int) -> None:
        assert self.process
        self.process.send_signal(number)

    def ends(self) -> int:
        assert self.process
        return self.process.wait(20)


def numbers(file: Path) -> tuple[int, ...]:
    return tuple(map(int, file.read_text().split()))


def eventually(what: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "It did not come to pass"
        time.sleep(0.02)


def lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def gone(*pids: int) -> bool:
    return not any(map(lives, pids))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    if site.process and site.process.poll() is None:
        site.process.kill()
        site.process.wait()
    for pid in filter(lives, site.seen):
        os.kill(pid, signal.SIGKILL)
    assert "fake_site.py" not in site.said(), site.said()  # it has no fault of its own


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_stops_all_on_a_signal(site: Site, number: int) -> None:
    site.start(site.forks("web"), site.forks("queue"))
    pids = (*site.pids("web"), *site.pids("queue"))
    site.signal(number)
    assert site.ends() == 0
    assert gone(*pids)


def test_it_kills_what_does_not_stop(site: Site) -> None:
    site.start(site.forks("web", STUBBORN), grace=0.5)
    pids = site.pids("web")
    site.signal(signal.SIGTERM)
    assert site.ends() == 0
    assert gone(*pids)


def test_all_of_it_ends_within_ten_seconds() -> None:
    assert supervisor.GRACE < supervisor.LAST < 10


def test_a_second_signal_stops_at_once(site: Site) -> None:
    site.start(site.forks("web", STUBBORN), grace=60, last=60)
    pids = site.pids("web")
    site.signal(signal.SIGINT)
    eventually(lambda: "Stopping" in site.said())
    site.signal(signal.SIGINT)
    assert site.ends() == 0
    assert gone(*pids)


def test_it_ends_what_a_service_started_in_a_group_of_its_own(site: Site) -> None:
    site.start(
        site.forks("queue", "os.fork() or (os.setsid(), " + STUBBORN + ")"), grace=0.5, last=1
    )
    site.pids("queue")
    assert site.process
    children = psutil.Process(site.process.pid).children(recursive=True)
    site.signal(signal.SIGTERM)
    site.ends()
    assert gone(*[child.pid for child in children])


def test_it_restarts_a_service_with_its_whole_group(site: Site) -> None:
    site.start(site.forks("queue", STUBBORN))
    service, worker = site.pids("queue")
    os.kill(service, signal.SIGKILL)
    again = site.pids("queue", not_=(service, worker))
    assert gone(worker)
    assert lives(again[0])
    assert "queue ended with 137; it starts again in 0.5 s" in site.said()


def test_it_restarts_a_service_whose_warden_was_killed(site: Site) -> None:
    site.start(site.forks("queue", STUBBORN))
    first = site.pids("queue")
    os.kill(psutil.Process(first[0]).ppid(), signal.SIGKILL)
    site.pids("queue", not_=first)
    assert gone(*first)


def test_it_waits_longer_before_each_restart(site: Site) -> None:
    site.start(
        {"name": "web", "command": [sys.executable, "-c", "print('no luck', flush=True); 1/0"]}
    )
    eventually(lambda: "starts again in 1 s" in site.said())
    assert "starts again in 0.5 s" in site.said()
    assert "    no luck" in site.said()
    assert "ZeroDivisionError" in site.said()


def test_nothing_outlives_a_killed_supervisor(site: Site) -> None:
    site.start(site.forks("web"), site.forks("queue"))
    pids = (*site.pids("web"), *site.pids("queue"))
    site.signal(signal.SIGKILL)
    eventually(lambda: gone(*pids))


def test_a_new_start_waits_for_the_leftovers_of_a_killed_one(site: Site) -> None:
    site.start(site.forks("web", STUBBORN))
    first = site.pids("web")
    site.signal(signal.SIGKILL)
    site.ends()
    site.start(site.forks("web"))
    site.pids("web", not_=first)
    assert gone(*first)


def test_there_is_one_supervisor_a_home(site: Site) -> None:
    site.start(site.forks("web"))
    site.pids("web")
    second = subprocess.run(
        [sys.executable, str(FAKE), str(site.home)], capture_output=True, text=True, timeout=20
    )
    assert second.returncode == 1
    assert site.process
    assert f"already running on {site.home} (process {site.process.pid})" in second.stderr
    assert "ATTUNE_HOME=" in second.stderr


def test_late_services_wait_for_the_site_to_answer(site: Site) -> None:
    site.start(site.forks("web"), {**site.forks("serving"), "late": True})
    site.pids("web")
    assert not (site.home / "serving").exists()
    (site.home / "ready").touch()
    site.pids("serving")
    assert "ready" in site.said()


def test_it_runs_a_job_once(site: Site) -> None:
    script = f"open({str(site.home / 'runs')!r}, 'a').write('.'); raise SystemExit(3)"
    site.start({"name": "job", "command": [sys.executable, "-c", script], "once": True})
    eventually(lambda: "job ended with 3" in site.said())
    site.signal(signal.SIGTERM)
    site.ends()
    assert (site.home / "runs").read_text() == "."


def test_it_restarts_what_a_check_finds_hanging(site: Site) -> None:
    site.start(site.forks("queue"), checks={"queue": "hangs"})
    first = site.pids("queue")
    (site.home / "hangs").touch()
    eventually(lambda: "It hangs." in site.said())
    (site.home / "hangs").unlink()
    site.pids("queue", not_=first)
    assert gone(*first)


def test_it_shows_faults_and_keeps_the_rest_in_the_log(site: Site) -> None:
    script = (
        "import time; print('12:00 INFO fine\\n12:01 ERROR no disk', flush=True); time.sleep(60)"
    )
    site.start({"name": "web", "command": [sys.executable, "-c", script]})
    eventually(lambda: "web: 12:01 ERROR no disk" in site.said())
    assert "fine" not in site.said()
    assert "INFO fine" in (site.home / "logs" / "web.log").read_text()


def test_it_keeps_one_older_part_of_a_long_log(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(supervisor, "LOG_LIMIT", 10)
    log = tmp_path / "web.log"
    running = supervisor.Running(supervisor.Service("web", ()), None, log, seen=11)  # type: ignore[arg-type]
    log.write_text("eleven text")
    supervisor.trim(running)
    assert log.read_text() == ""
    assert running.seen == 0
    assert (tmp_path / "web.log.1").read_text() == "eleven text"


def test_it_names_a_port_that_is_taken() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(supervisor.Taken, match=f'make run ARGS="--port {port + 1}"'):
            supervisor.check_port("127.0.0.1", port)


def test_it_takes_a_port_that_is_free() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
    supervisor.check_port("127.0.0.1", port)
