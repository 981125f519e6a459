"""What is put into the queue, and the schedules."""

from __future__ import annotations

from importlib import import_module
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django_q.models import OrmQ, Schedule

from projects.datasets import health
from projects.datasets import services as data_services
from projects.jobs import queue
from projects.runs import services

pytestmark = pytest.mark.django_db


def test_a_task_is_queued_with_the_commit_and_carries_an_id(
    django_capture_on_commit_callbacks: Any,
) -> None:
    key = uuid4()
    with django_capture_on_commit_callbacks(execute=True):
        queue.enqueue("projects.runs.tasks.execute", key, cluster="train")
        assert not OrmQ.objects.exists()
    entry = OrmQ.objects.get()
    assert (entry.key, entry.task["args"], entry.task["kwargs"]) == ("train", (str(key),), {})
    assert queue.queued("projects.runs.tasks.execute", cluster="train") == {str(key)}


def test_an_entry_that_cannot_be_read_is_none() -> None:
    OrmQ.objects.create(key="train", payload="nonsense")
    assert queue.queued("projects.runs.tasks.execute", cluster="train") == set()


@pytest.mark.parametrize(
    "name", [*settings.SCHEDULES, services.EXECUTE, data_services.CHECK, health.EXAMINE]
)
def test_names_of_tasks_resolve(name: str) -> None:
    module, _dot, function = name.rpartition(".")
    assert callable(getattr(import_module(module), function))


def test_migrations_make_the_rows_of_the_schedules() -> None:
    """The tables of the tests are made by `migrate`; nothing else has been called."""
    assert sorted(Schedule.objects.values_list("func", flat=True)) == sorted(settings.SCHEDULES)


def test_there_is_one_row_a_schedule() -> None:
    queue.ensure_schedules()
    queue.ensure_schedules()
    assert sorted(Schedule.objects.values_list("func", flat=True)) == sorted(settings.SCHEDULES)


def test_schedules_run_at_a_start() -> None:
    queue.run_schedules_now()
    assert {entry.task["func"] for entry in OrmQ.objects.all()} == set(settings.SCHEDULES)
