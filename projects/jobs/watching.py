"""Looks after what workers hold, in the process that keeps a cluster: it runs no tasks and so never waits."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Protocol

from django.conf import settings
from django.db import DatabaseError, connections
from django.utils.module_loading import import_string

log = logging.getLogger(__name__)
EVERY = 1.0  # seconds


class Watch(Protocol):
    def look(self) -> int: ...


def watch(going: Callable[[], bool], pause: Callable[[float], None] = time.sleep) -> None:
    """Calls each of settings.WATCHES once a second while `going`."""
    watches: list[Watch] = [import_string(name)() for name in settings.WATCHES]
    while going():
        for one in watches:
            _look(one)
        pause(EVERY)


def _look(one: Watch) -> None:
    """A database that is away is asked again; nothing that goes wrong here ends the cluster."""
    try:
        one.look()
    except DatabaseError:
        log.warning("Cannot look after what is under way", exc_info=True)
        connections.close_all()
    except Exception:
        log.exception("Cannot look after what is under way")
