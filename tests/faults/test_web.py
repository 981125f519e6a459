"""The web server is killed while somebody uploads a file."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.conf import settings

from accounts.models import Workspace
from config.services import web
from projects.datasets.models import Upload
from projects.housekeeping import finding, keeping
from tests.config.test_up import free_port
from tests.faults.cluster import database_url, until
from tests.faults.invariants import assert_consistent

FILE = b"text,label\n" + b"a row of this file,yes\n" * 400_000
END = b"\r\n--b--\r\n"
HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'


class Site:
    """A web server on the database and the folder of the test, which is started as often as one wants to."""

    def __init__(self, home: Path) -> None:
        self.port = free_port()
        self.environment = {
            **os.environ,
            "ATTUNE_HOME": str(home),
            "ATTUNE_SECRET_KEY": settings.SECRET_KEY,
            "ATTUNE_DATABASE_URL": database_url(),
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = list(web("127.0.0.1", self.port).command)
        self.process = subprocess.Popen(command, env=self.environment)
        until(self.answers, "a site that answers")

    def answers(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/healthz", headers={"Host": "localhost"})
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def spooled(self) -> int:
        """Bytes of the body that it has written into a file without a name."""
        assert self.process
        found = list(Path(f"/proc/{self.process.pid}/fd").iterdir())
        return max(path.stat().st_size for path in found if "(deleted)" in str(path.readlink()))

    def kill(self) -> int:
        assert self.process
        self.process.kill()
        return self.process.wait()


@pytest.fixture
def site(home: Path, transactional_db: None) -> Iterator[Site]:
    made = Site(home)
    made.start()
    yield made
    made.kill()


def begin(site: Site, path: str, token: str) -> socket.socket:
    """The head of a request that sends the file."""
    length = len(HEAD) + len(FILE) + len(END)
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {token}",
        "Content-Type: multipart/form-data; boundary=b",
        f"Content-Length: {length}",
        "Connection: close",
    ]
    sock = socket.create_connection(("127.0.0.1", site.port), timeout=60)
    sock.sendall("\r\n".join([*lines, "", ""]).encode() + HEAD)
    return sock


def answer(sock: socket.socket) -> bytes:
    with sock, sock.makefile("rb") as file:
        return file.read()


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_it_is_killed_in_the_middle_of_an_upload(
    site: Site, project: Any, api_token: str, workspace: Workspace, home: Path
) -> None:
    """No half file counts as one, nothing of it stays, and the same file is taken when the server is back."""
    path = f"/api/v1/projects/{project.pk}/uploads/"
    half = begin(site, path, api_token)
    half.sendall(FILE[: len(FILE) // 2])
    until(lambda: site.spooled() > len(FILE) // 4, "a part of the file on the disk")
    assert site.kill() == -signal.SIGKILL
    half.close()
    assert not Upload.objects.exists()
    with mock.patch.object(finding, "SETTLED", -1.0):
        keeping.clean()
    assert size(home / "tmp") + size(home / "uploads") == 0

    site.start()
    whole = begin(site, path, api_token)
    whole.sendall(FILE + END)
    assert b" 201 " in answer(whole).splitlines()[0]
    assert Upload.objects.get().size == len(FILE)
    assert_consistent()
