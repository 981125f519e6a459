"""What all commands share: where events go, how arguments are read, what stands before torch is imported."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

from training import catalogue, events, stopping
from training.failpoints import failpoint
from training.problems import Problem
from training.stopping import Stopped
from training.tasks import TASKS
from training.tasks.shape import BETWEEN

DROP = signal.SIGUSR1  # stop at once: nobody wants what was done so far


class Output:
    """Where events go, and when a signal may interrupt: never in the middle of a line."""

    def __init__(self) -> None:
        self.file: TextIO | None = None
        self.busy = False
        self.silent = False  # of several processes that train together one speaks
        stopping.forget()

    def say(self, data: dict[str, Any]) -> None:
        if self.silent:
            return
        text = json.dumps(events.finite(data), allow_nan=False) + "\n"
        self.busy = True
        try:
            for stream in filter(None, (sys.stdout, self.file)):
                stream.write(text)
                stream.flush()
        finally:
            self.busy = False
        stopping.check()

    def stop(self, number: int, _frame: FrameType | None) -> None:
        """The handler of the signals. The first one counts; more of them do not disturb the tidying up."""
        if stopping.ask(keeps=number != DROP) and not self.busy:
            raise Stopped

    def tell(self, found: Iterable[events.Event]) -> None:
        for event in found:
            self.say(event.as_dict())
            failpoint(f"said.{event.event}")
            if isinstance(event, events.Stage):
                failpoint(f"said.stage:{event.name}")


def pairs(given: Sequence[str], option: str) -> dict[str, str]:
    """`NAME=VALUE` arguments as a dict; the last one of a name counts."""
    found: dict[str, str] = {}
    for item in given:
        name, sign, value = item.partition("=")
        if not sign or not name:
            raise Problem("spec.choice", field=option, value=item, choices="NAME=VALUE")
        found[name] = value
    return found


def columns(wanted: argparse.Namespace) -> dict[str, str]:
    """Role -> column; a role that is given several times is played by several columns."""
    found: dict[str, str] = {}
    for item in wanted.column:
        for role, name in pairs([item], "--column").items():
            found[role] = BETWEEN.join([found[role], name]) if role in found else name
    return found


def bases() -> str:
    home = os.environ.get("ATTUNE_HOME", "")
    return str(Path(home) / "bases") if home else ""


def prepare_torch() -> None:
    """What has to stand before torch and transformers are imported."""
    os.environ.setdefault("HF_HUB_OFFLINE", "0" if catalogue.hub_allowed() else "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    # Threads that wait sleep: the site and other runs want the cores too.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from training import backbone

    backbone.keep_buffers()


def task_named(name: str) -> Any:
    task = TASKS.get(name)
    if task is None:
        raise Problem("spec.choice", field="task", value=name, choices=", ".join(TASKS))
    return task
