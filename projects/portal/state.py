"""Whether the parts of the site work, from checks that are made when somebody asks. No name of a machine, no place, no
number that is of use to anybody else."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.utils.translation import gettext_lazy as _

from projects import room
from projects.jobs import hardware, health
from web import switches

OK, SLOW, DOWN = "ok", "degraded", "down"
TONES = {OK: "good", SLOW: "warn", DOWN: "bad"}
FRESH = 10  # seconds
WORST = (DOWN, SLOW, OK)


@dataclass(frozen=True)
class Part:
    name: str
    title: Any
    state: str
    words: Any

    @property
    def tone(self) -> str:
        return TONES[self.state]


def parts() -> list[Part]:
    """Checked at most every ten seconds; without a database, each time."""
    try:
        states: dict[str, str] = cache.get_or_set("site-state", _look, FRESH) or _look()
    except DatabaseError:
        states = _look()
    return [Part(name, TITLES[name], *_told(name, state)) for name, state in states.items()]


def worst(found: list[Part]) -> str:
    return next(state for state in WORST if state == OK or any(p.state == state for p in found))


def _look() -> dict[str, str]:
    return {name: check() for name, check in CHECKS.items()}


def _site() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return DOWN
    return OK


def _checks_of_data() -> str:
    return OK if health.worker_alive("attune") else DOWN


def _training() -> str:
    cluster = hardware.cluster()
    if not health.worker_alive(cluster):
        return DOWN
    name = f"take-{cluster}"
    paused = not switches.is_on("runs") or (name in switches.SWITCHES and not switches.is_on(name))
    return SLOW if paused else OK


def _serving() -> str:
    try:
        found = json.loads(Path(settings.SERVING_FILE).read_text(encoding="utf-8"))
        with socket.create_connection(("127.0.0.1", int(found["port"])), timeout=1):
            return OK
    except (OSError, ValueError, KeyError, TypeError):
        return DOWN


def _storage() -> str:
    if room.free() < settings.DISK_RESERVE:
        return DOWN
    return SLOW if room.scarce() else OK


CHECKS: dict[str, Callable[[], str]] = {
    "site": _site,
    "checks": _checks_of_data,
    "training": _training,
    "serving": _serving,
    "storage": _storage,
}
TITLES = {
    "site": _("Pages and API"),
    "checks": _("Checks of data"),
    "training": _("Training"),
    "serving": _("Predictions"),
    "storage": _("Storage"),
}
WORDS = {
    (OK, ""): _("Works."),
    (SLOW, "training"): _("Paused by the operator: runs wait, and those under way go on."),
    (SLOW, "storage"): _("Nearly full; large uploads may be refused soon."),
    (DOWN, "site"): _("The database does not answer."),
    (DOWN, "checks"): _("No worker is there; uploads wait."),
    (DOWN, "training"): _("No worker is there; runs wait."),
    (DOWN, "serving"): _("Models cannot be asked at the moment."),
    (DOWN, "storage"): _("Full; nothing new is taken."),
}


def _told(name: str, state: str) -> tuple[str, Any]:
    return state, WORDS.get((state, name)) or WORDS.get((state, ""), "")
