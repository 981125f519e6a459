"""What this machine trains on: GPUs, slots, threads. Found without torch."""

from __future__ import annotations

import os
from typing import cast

from django.conf import settings

from projects.jobs.health import CPU, GPU


def cluster() -> str:
    """The cluster of the queue that a new run goes to."""
    return GPU if GPU in settings.QUEUE_CLUSTERS else CPU


def slots(cluster: str) -> int:
    """Runs that are carried out there at the same time."""
    clusters = cast("dict[str, dict[str, int]]", settings.Q_CLUSTER["ALT_CLUSTERS"])
    return clusters.get(cluster, {}).get("workers", 1)


def together() -> int:
    """Runs that may be carried out at the same time on this machine."""
    return sum(slots(name) for name in (CPU, GPU) if name in settings.QUEUE_CLUSTERS)


def threads() -> int:
    """Of one run: runs side by side share the cores."""
    return max(1, cores() // max(1, together()))


def cores() -> int:
    """Those that this process may use, which in a container can be fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
