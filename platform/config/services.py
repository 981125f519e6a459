"""The processes that make up the site."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from config.supervisor import Service

SECRETS = ("ATTUNE_SECRET_KEY", "ATTUNE_DATABASE_URL", "ATTUNE_EMAIL_URL")
SITE = Path(__file__).resolve().parents[1]  # the folder in which `config` lies


def services(host: str, port: int, worker: bool) -> list[Service]:
    return [web(host, port), *(workers() if worker else ())]


def workers() -> Iterator[Service]:
    yield from queues()
    home, file = str(settings.ATTUNE_HOME), str(settings.SERVING_FILE)
    serve = training("serve", "--home", home, "--file", file)
    yield Service("serving", serve, without_secrets(), late=True)
    if not Path(settings.CALIBRATION_FILE).exists():
        # It only makes estimates better, so everything else comes first.
        calibrate = training("calibrate", "--out", str(settings.CALIBRATION_FILE))
        nice = ("nice", "-n", "15", *calibrate)
        yield Service("calibrate", nice, without_secrets(), late=True, once=True)


def web(host: str, port: int) -> Service:
    """No header of a proxy is believed, save that of the scheme under ATTUNE_HTTPS."""
    run = (sys.executable, "-m", "uvicorn", "config.asgi:application", "--app-dir", str(SITE))
    listen = ("--host", host, "--port", str(port), "--timeout-graceful-shutdown", "5")
    quiet = ("--no-proxy-headers", "--no-server-header", "--no-access-log", "--lifespan", "off")
    return Service("web", (*run, *listen, *quiet))


def queues() -> Iterator[Service]:
    """One cluster for each name in QUEUE_CLUSTERS: a long run never stands before a short task."""
    for name in getattr(settings, "QUEUE_CLUSTERS", ("",)):
        environment = {**os.environ, "Q_CLUSTER_NAME": name} if name else None
        command = (sys.executable, str(settings.ROOT / "manage.py"), "qcluster")
        yield Service("-".join(filter(None, ("queue", name))), command, environment)


def training(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "training", *arguments)


def without_secrets() -> dict[str, str]:
    """What works on people's data has no use for the keys of the site."""
    return {name: value for name, value in os.environ.items() if name not in SECRETS}
