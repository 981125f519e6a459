"""Room on the disk: new work is refused, in words, before there is so little left that the database stops."""

from __future__ import annotations

import shutil
from pathlib import Path

from django.conf import settings

from training.problems import Problem

WARNED = 2  # times the reserve: from here on operators are told


def free() -> int:
    """Bytes on the disk of the home."""
    home = Path(settings.ATTUNE_HOME)
    home.mkdir(parents=True, exist_ok=True)  # of a new site, nothing is there yet
    return shutil.disk_usage(home).free


def check(wanted: int = 0) -> None:
    """Raises Problem(`disk.full`) where `wanted` bytes more would reach into the reserve."""
    there = free()
    if there < wanted + settings.DISK_RESERVE:
        raise Problem("disk.full", wanted=wanted + settings.DISK_RESERVE, free=there)


def scarce() -> bool:
    return free() < WARNED * settings.DISK_RESERVE
