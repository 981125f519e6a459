"""`manage.py work [cluster]`: one queue cluster, by default the first of settings.QUEUE_CLUSTERS."""

from __future__ import annotations

import os
import signal
import sys
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django_q.cluster import Cluster
from django_q.conf import Conf

from projects.jobs import health, leaving, queue, watching


class Command(BaseCommand):
    help = "Starts a queue cluster; on SIGTERM its running tasks are laid down and given back."

    def add_arguments(self, parser: ArgumentParser) -> None:
        clusters = settings.QUEUE_CLUSTERS
        parser.add_argument("cluster", nargs="?", default=clusters[0], choices=clusters)

    def handle(self, *args: Any, cluster: str, **options: Any) -> None:
        if cluster != Conf.CLUSTER_NAME:
            _as_cluster(cluster)
        work = Cluster()

        def stop(number: int, frame: FrameType | None) -> None:
            leaving.announce()
            work.sig_handler(number, frame)
            health.rest(cluster)

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        if cluster == settings.QUEUE_CLUSTERS[0]:
            queue.run_schedules_now()
        work.start()
        watching.watch(lambda: work.sentinel.is_alive())


def _as_cluster(name: str) -> None:
    """Starts over in the same process: django-q reads the cluster's name from the environment, once."""
    os.environ["Q_CLUSTER_NAME"] = name
    os.execv(sys.executable, [sys.executable, *sys.argv])  # noqa: S606
