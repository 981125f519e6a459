"""The child of a job, and how the job ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import User
from projects.bases import services, tasks, working
from projects.bases.models import BaseJob
from projects.datasets import children

pytestmark = pytest.mark.django_db


class FakeChild:
    def __init__(self, events: list[dict[str, Any]], returncode: int) -> None:
        self.events, self.returncode, self.stderr = events, returncode, "a traceback"

    def lines(self, timeout: float = 0.3) -> Iterator[dict[str, Any]]:
        yield from self.events

    def stop(self, grace: float = 0) -> None:
        pass


@pytest.fixture
def job(operator: User) -> BaseJob:
    return services.start(base="minilm-l6", kind=BaseJob.Kind.VERIFY, user=operator)


def ended(
    job: BaseJob, monkeypatch: pytest.MonkeyPatch, events: list[dict[str, Any]], code: int = 0
) -> BaseJob:
    monkeypatch.setattr(children, "launch", lambda arguments, folder, warm: FakeChild(events, code))
    tasks.work(str(job.pk))
    return BaseJob.objects.get(pk=job.pk)


def test_it_works(job: BaseJob, monkeypatch: pytest.MonkeyPatch) -> None:
    found = ended(job, monkeypatch, [{"event": "answered", "answer": "0.1 0.2", "files": 3}])
    assert (found.status, found.answer, found.progress) == ("ready", "0.1 0.2", 1.0)


def test_a_problem_of_the_users_is_kept(job: BaseJob, monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"package": "a==1", "found": "1", "wanted": "2"}
    event = {"event": "problem", "code": "base.checksum", "values": values}
    found = ended(job, monkeypatch, [event], 2)
    assert found.status == "failed"
    assert found.problem == {"code": "base.checksum", "values": values}


def test_a_fault_of_ours_gets_a_number(job: BaseJob, monkeypatch: pytest.MonkeyPatch) -> None:
    found = ended(job, monkeypatch, [], 1)
    assert found.status == "failed"
    assert found.problem.keys() == {"incident"}


def test_the_command_names_the_folder_of_the_bases(job: BaseJob, settings: Any) -> None:
    given = working.arguments(job, settings.BASES_DIR)
    assert given == ["verify-base", "minilm-l6", "--out", str(settings.BASES_DIR)]
