"""Named places at which a test breaks the product; nothing at all happens unless ATTUNE_FAILPOINTS names them.

ATTUNE_FAILPOINTS holds entries NAME=ACTION[:VALUE][@N][!], separated by blanks:

    kill            this process gets SIGKILL
    exit:CODE       it ends at once with that status, without any tidying up
    error:ENOSPC    OSError of that errno
    memory          MemoryError
    wait:SECONDS    it sleeps, and may be interrupted
    hang            it sleeps for ever and is deaf to SIGTERM and SIGINT

@N: only the Nth time that this process comes there. !: once, over all processes that share ATTUNE_FAILPOINTS_SEEN, a
folder in which it is noted. The variable is read at each pass, because a child may be forked before it is set.
"""

from __future__ import annotations

import errno
import os
import re
import signal
import time
from collections import Counter
from pathlib import Path
from typing import NoReturn

VARIABLE, SEEN = "ATTUNE_FAILPOINTS", "ATTUNE_FAILPOINTS_SEEN"
# Each is passed somewhere and broken by a test (tests/faults/test_failpoints.py looks for both).
NAMES = frozenset(
    {
        "said.stage",  # `python -m training` has told of an event: of a stage (said.stage:testing is one of them) …
        "said.started",
        "said.step",
        "said.scored",
        "said.saved",
        "said.report",
        "said.verified",
        "run.claimed",  # the worker has claimed a run and nothing else
        "run.fitted",  # the child has ended well; it is verified next
        "run.ending",  # how a run ended is known, and is written next
        "run.ended",  # it is written; files are tidied next
    }
)
_ENTRY = re.compile(r"([\w.:-]+)=([a-z]+)(?::([\w.]+))?(?:@(\d+))?(!?)")
_passed: Counter[str] = Counter()


def failpoint(name: str) -> None:
    """Passed by. What an entry asks for happens here: it may raise, sleep or never return."""
    armed = os.environ.get(VARIABLE)
    if not armed:
        return
    _passed[name] += 1
    for entry in armed.split():
        found = _ENTRY.fullmatch(entry)
        if found is None:
            raise ValueError(f"{VARIABLE}: expected NAME=ACTION[:VALUE][@N][!], found {entry!r}")
        if found[1] == name and _due(found):
            _act(found[2], found[3] or "")


def _due(entry: re.Match[str]) -> bool:
    name, _action, _value, number, once = entry.groups()
    return (not number or _passed[name] == int(number)) and not (once and _seen(entry[0]))


def _seen(entry: str) -> bool:
    """Whether another pass was first to leave the note; of two at once one is."""
    note = Path(os.environ[SEEN]) / re.sub(r"\W", "_", entry)
    try:
        note.touch(exist_ok=False)
    except FileExistsError:
        return True
    return False


def _act(action: str, value: str) -> None:
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif action == "exit":
        os._exit(int(value))
    elif action == "error":
        number = getattr(errno, value)
        raise OSError(number, os.strerror(number))
    elif action == "memory":
        raise MemoryError
    elif action == "wait":
        time.sleep(float(value))
    elif action == "hang":
        _hang()
    else:
        raise ValueError(f"{VARIABLE}: there is no action {action!r}")


def _hang() -> NoReturn:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    while True:
        time.sleep(1)
