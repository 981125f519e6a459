"""What the site is made of, and when a queue counts as hanging."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError
from django.utils import timezone
from django_q.models import OrmQ

from config.services import queue_checks, queue_fault, queues, services
from projects.jobs import health


def due(seconds: float, cluster: str = "train") -> None:
    """A task that could have been taken `seconds` ago."""
    OrmQ.objects.create(key=cluster, payload="", lock=timezone.now() - timedelta(seconds=seconds))


def test_a_queue_with_old_tasks_and_no_heartbeat_hangs(db: None) -> None:
    due(61)
    assert (
        queue_fault("train") == "The queue train does nothing while tasks wait; starting it again."
    )


def test_a_queue_that_beats_does_not_hang(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    due(61)
    monkeypatch.setattr(health, "_beaten", {})
    health.beat("train")
    assert queue_fault("train") == ""


@pytest.mark.parametrize(("seconds", "cluster"), [(30, "train"), (61, "attune")])
def test_young_tasks_and_those_of_others_do_not_count(db: None, seconds: int, cluster: str) -> None:
    due(seconds, cluster)
    assert queue_fault("train") == ""


def test_a_database_that_is_away_is_no_fault_of_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**query: Any) -> None:
        raise DatabaseError("gone")

    monkeypatch.setattr(OrmQ.objects, "filter", away)
    assert queue_fault("train") == ""


def test_each_cluster_is_a_service_that_is_watched(settings: Any) -> None:
    names = {service.name for service in services("localhost", 1, worker=True)}
    watched = {name for check in queue_checks() for name in check.services}
    assert watched == {f"queue-{cluster}" for cluster in settings.QUEUE_CLUSTERS}
    assert watched < names


def test_each_queue_is_told_its_name_and_starts_once(settings: Any) -> None:
    told = [(service.environment or {}).get("Q_CLUSTER_NAME") for service in queues()]
    assert told == list(settings.QUEUE_CLUSTERS)


def test_without_a_worker_there_is_the_web_server_alone() -> None:
    (web,) = services("127.0.0.1", 8123, worker=False)
    assert web.command[-1] == "off"
    assert "--no-proxy-headers" in web.command
    assert web.command[web.command.index("--port") + 1] == "8123"


def test_what_works_on_data_sees_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_SECRET_KEY", "s")
    monkeypatch.setenv("ATTUNE_DATABASE_URL", "s")
    for service in services("localhost", 1, worker=True):
        if service.name in ("serving", "calibrate"):
            assert service.environment is not None
            assert not {"ATTUNE_SECRET_KEY", "ATTUNE_DATABASE_URL"} & set(service.environment)


def test_it_calibrates_once(settings: Any) -> None:
    assert "calibrate" in {service.name for service in services("localhost", 1, worker=True)}
    Path(settings.CALIBRATION_FILE).write_text("{}")
    assert "calibrate" not in {service.name for service in services("localhost", 1, worker=True)}
