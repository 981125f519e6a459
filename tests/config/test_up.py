"""`manage.py up` itself, on a folder of its own: what it says, what it makes ready, how it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from config.management.commands.up import address

ROOT = Path(__file__).resolve().parents[2]


def up(home: Path, *arguments: str) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ATTUNE_")}
    return subprocess.Popen(
        [sys.executable, "manage.py", "up", "--no-worker", *arguments],
        cwd=ROOT,
        env={**kept, "ATTUNE_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int, str]]:
    """Its home, its port, and what it said up to the line on mail."""
    home, port = tmp_path_factory.mktemp("up") / "home", free_port()
    process = up(home, "--port", str(port))
    assert process.stdout
    said = ""
    for line in process.stdout:
        said += line
        if "Mail is written" in line:
            break
    yield home, port, said
    if process.poll() is None:
        begin = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert time.monotonic() - begin < 10


Site = tuple[Path, int, str]


def test_it_says_where_it_listens_and_who_runs_it(site: Site) -> None:
    home, port, said = site
    assert f"Listening on http://localhost:{port}" in said
    assert f"http://localhost:{port}/operator/" in said
    assert f"Mail is written to {home / 'mail'}" in said


def test_it_answers_with_its_styles(site: Site) -> None:
    with urlopen(f"http://localhost:{site[1]}/") as answer:
        page = answer.read().decode()
    sheet = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    with urlopen(f"http://localhost:{site[1]}{sheet}") as answer:
        assert len(answer.read()) > 10_000


def test_what_is_secret_is_readable_by_its_owner_only(site: Site) -> None:
    assert (site[0] / "secret_key").stat().st_mode & 0o777 == 0o600


def test_a_second_one_on_the_same_home_is_refused(site: Site) -> None:
    second = up(site[0], "--port", str(free_port()))
    said = second.communicate(timeout=60)[0]
    assert second.returncode == 1
    assert f"already running on {site[0]}" in said
    assert "Traceback" not in said


def test_a_port_that_is_taken_is_named(site: Site, tmp_path: Path) -> None:
    second = up(tmp_path / "other", "--port", str(site[1]))
    said = second.communicate(timeout=60)[0]
    assert second.returncode == 1
    assert f"Cannot listen on port {site[1]}" in said
    assert f'make run ARGS="--port {site[1] + 1}"' in said
    assert not (tmp_path / "other" / "attune.sqlite3").exists()


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://localhost:80"),
        ("0.0.0.0", "http://localhost:80"),
        ("10.0.0.1", "http://10.0.0.1:80"),
        ("fd00::1", "http://[fd00::1]:80"),
    ],
)
def test_it_shows_an_address_for_browsers(host: str, url: str) -> None:
    assert address(host, 80) == url
