"""The processes that make up the site."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone
from django_q.models import OrmQ

from config.supervisor import Check, Service
from projects.jobs import forked, health, launcher

log = logging.getLogger(__name__)
LONGEST_WAIT = timedelta(seconds=60)
SITE = Path(__file__).resolve().parents[1]  # the folder in which `config` lies


def services(host: str, port: int, worker: bool) -> list[Service]:
    return [web(host, port), *(workers() if worker else ())]


def workers() -> Iterator[Service]:
    yield from queues()
    home, file = str(settings.ATTUNE_HOME), str(settings.SERVING_FILE)
    serve = training("serve", "--home", home, "--file", file)
    yield Service("serving", serve, launcher.environment({}), late=True)
    if settings.LAUNCHER and sys.platform == "linux":
        socket = str(settings.ATTUNE_HOME / forked.SOCKET)
        bare = launcher.environment({}, network=False)  # each child is given its own
        yield Service("launcher", training("launch", "--socket", socket), bare)
    if not Path(settings.CALIBRATION_FILE).exists():
        # It only makes estimates better, so everything else comes first.
        calibrate = training("calibrate", "--out", str(settings.CALIBRATION_FILE))
        nice = ("nice", "-n", "15", *calibrate)
        yield Service("calibrate", nice, launcher.environment({}), late=True, once=True)


def web(host: str, port: int) -> Service:
    """No header of a proxy is believed, save that of the scheme under ATTUNE_HTTPS."""
    run = (sys.executable, "-m", "uvicorn", "config.asgi:application", "--app-dir", str(SITE))
    listen = ("--host", host, "--port", str(port), "--timeout-graceful-shutdown", "5")
    quiet = ("--no-proxy-headers", "--no-server-header", "--no-access-log", "--lifespan", "off")
    return Service("web", (*run, *listen, *quiet))


def queues() -> Iterator[Service]:
    """One cluster for each name in QUEUE_CLUSTERS: a long run never stands before a short task."""
    for cluster in settings.QUEUE_CLUSTERS:
        manage = str(settings.ROOT / "manage.py")
        # Told here as well, or `work` would have to start over to tell it to django-q.
        named = {**os.environ, "Q_CLUSTER_NAME": cluster}
        yield Service(queue_name(cluster), (sys.executable, manage, "work", cluster), named)


def queue_name(cluster: str) -> str:
    return f"queue-{cluster}"


def training(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, *launcher.MODULE, *arguments)


def queue_checks() -> list[Check]:
    return [
        Check((queue_name(cluster),), every=10, settle=30, fault=partial(queue_fault, cluster))
        for cluster in settings.QUEUE_CLUSTERS
    ]


def queue_fault(cluster: str) -> str:
    """A cluster whose pusher has died or hangs still looks alive to the system: tasks are due and nobody looks."""
    if health.worker_alive(cluster):
        return ""
    try:
        late = timezone.now() - LONGEST_WAIT
        waits = OrmQ.objects.filter(key=cluster, lock__lte=late).exists()
    except DatabaseError as error:
        log.warning("Cannot look into the queue: %s", error)
        return ""
    finally:
        connection.close()
    return f"The queue {cluster} does nothing while tasks wait; starting it again." if waits else ""
