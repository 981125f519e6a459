"""`manage.py up`: makes everything ready, then runs the site until Ctrl-C."""

from __future__ import annotations

import os
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from accounts.services import operator_link
from config.prepare import prepare
from config.services import queue_checks, services
from config.supervisor import Supervisor, Taken, check_port, sole

ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
LOCAL = ("127.0.0.1", "localhost", "::1")


class Command(BaseCommand):
    help = "Runs the site: web server, queue and serving process. Ctrl-C stops all of them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on")
        parser.add_argument(
            "--no-worker",
            action="store_true",
            help="only the web server: no queue, no serving process",
        )

    def handle(self, *args: Any, host: str, port: int, no_worker: bool, **options: Any) -> None:
        try:
            with sole(settings.ATTUNE_HOME) as lock:
                check_port(host, port)
                _tell_address(host, port)
                self._prepare()
                self._supervisor(host, port, not no_worker, lock).run()
        except Taken as taken:
            raise CommandError(str(taken)) from None
        except DatabaseError as error:
            raise CommandError(_no_database(error)) from None

    def _prepare(self) -> None:
        self._say(f"Attune{_version()}, state in {settings.ATTUNE_HOME}")
        with self._timed():
            for notice in prepare():
                self._say(notice)

    @contextmanager
    def _timed(self) -> Iterator[None]:
        begin = time.monotonic()
        yield
        self._say(
            f"Database, styles and static files are ready ({time.monotonic() - begin:.1f} s)."
        )

    def _supervisor(self, host: str, port: int, worker: bool, lock: int) -> Supervisor:
        return Supervisor(
            services=services(host, port, worker),
            logs=settings.ATTUNE_HOME / "logs",
            say=self._say,
            ready=lambda: answers(host, port),
            on_ready=lambda: self._welcome(host, port),
            checks=queue_checks() if worker else [],
            folder=settings.ROOT,
            keep_open=(lock,),
        )

    def _welcome(self, host: str, port: int) -> None:
        base = address(host, port)
        self._say(f"\nListening on {base} (Ctrl-C stops)")
        if link := operator_link(base):
            self._say(f"Nobody runs this site yet. Whoever opens this link first will: {link}")
        if folder := getattr(settings, "EMAIL_FILE_PATH", ""):
            self._say(f"Mail is written to {folder} until ATTUNE_EMAIL_URL names a server.")
        if host not in LOCAL and _local_names():
            self._say(
                "It is asked for by local names only: set ATTUNE_HOSTS to the names under which "
                "others reach it, such as ATTUNE_HOSTS=attune.example.org."
            )

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def answers(host: str, port: int) -> bool:
    connection = HTTPConnection(ANYWHERE.get(host, host), port, timeout=5)
    try:
        connection.request("GET", "/healthz", headers={"Host": "localhost"})
        return connection.getresponse().status < 500
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def address(host: str, port: int) -> str:
    """Where a browser on this machine finds it."""
    name = "localhost" if host in (*LOCAL, *ANYWHERE) else host
    return f"http://{f'[{name}]' if ':' in name else name}:{port}"


def _no_database(error: DatabaseError) -> str:
    """Without the address: it may hold a password."""
    return (
        "ATTUNE_DATABASE_URL: expected a database that answers and lets tables be made, found: "
        f"{' '.join(str(error).split())}. Start it or name another."
    )


def _local_names() -> bool:
    return set(settings.ALLOWED_HOSTS) <= {*LOCAL, "[::1]"}


def _tell_address(host: str, port: int) -> None:
    """Services inherit it: links in mail lead here as long as the site has no name of its own."""
    if _local_names():
        os.environ.setdefault("ATTUNE_URL", address(host, port))


def _version() -> str:
    try:
        return f" {version('attune')}"
    except PackageNotFoundError:  # run from a checkout that was not installed
        return ""
