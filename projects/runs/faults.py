"""Why a training process ended as it should not have: what is known of it, and so what can be done."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path
from typing import Any

import psutil
from django.conf import settings

from projects.runs.models import Run, RunEvent

MUCH = 0.7  # of the machine's memory: whoever held so much and was killed was killed for it
MEMORY = "memory"  # the reason for which a run is carried out again with fewer rows at once
# What stands in the last lines of a process -> the code that says it in words. The first that fits counts.
SIGNS = (
    (("No space left on device", "Disk quota exceeded"), "disk.full"),
    (
        ("CUDA out of memory", "can't allocate memory", "MemoryError", "Cannot allocate"),
        "run.memory",
    ),
    (("CUDA error", "CUDA driver", "cuDNN error", "NCCL error", "no CUDA-capable"), "run.gpu"),
    (("Read-only file system", "Permission denied", "Input/output error"), "run.storage"),
)


def cause(error: Exception, run: Run) -> dict[str, Any]:
    """{"code", "values"} where the cause of a failure on our side is known; {} where it is not."""
    if isinstance(error, TimeoutError):
        return _told("run.stuck")
    text = str(error)[-4000:]
    for signs, code in SIGNS:
        if any(sign in text for sign in signs):
            return _told(code, **_room() if code == "disk.full" else {})
    returned = getattr(error, "returncode", None)
    if isinstance(returned, int) and returned < 0:
        return _killed(-returned, run)
    return {}


def _killed(number: int, run: Run) -> dict[str, Any]:
    """A SIGKILL that we did not send is nearly always the lack of memory; it is said for certain where it was seen."""
    if number == signal.SIGKILL and starved(run):
        return _told("run.memory")
    return _told("run.killed", signal=_name(number))


def starved(run: Run) -> bool:
    """Whether whoever ended it with SIGKILL was the system, for want of memory."""
    return held(run) > MUCH * psutil.virtual_memory().total


def halvings(run: Run) -> int:
    """How often it was carried out again for that, and so has its rows halved."""
    return RunEvent.objects.filter(run=run, kind="status", data__reason=MEMORY).count()


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def held(run: Run) -> int:
    """Bytes of memory at the last look at it (see measuring.py)."""
    looks = RunEvent.objects.filter(run=run, attempt=run.attempt, kind="usage")
    last = looks.order_by("-seq").values_list("data", flat=True).first()
    return int((last or {}).get("memory") or 0)


def _room() -> dict[str, Any]:
    return {"wanted": "–", "free": shutil.disk_usage(Path(settings.RUNS_DIR)).free}


def _told(code: str, **values: Any) -> dict[str, Any]:
    return {"code": code, "values": values}
