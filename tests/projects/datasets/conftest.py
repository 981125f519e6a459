"""A project of Alice's, files to upload, and a child process that is none: the same check, in this process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User, Workspace
from projects.datasets import checking, children, services
from projects.datasets.models import DatasetVersion, Import, Upload
from projects.models import Project
from projects.services import create_project
from training import commands
from training.problems import Problem

LABELS = ("billing", "delivery", "refund")


def table(rows: int = 60, labels: tuple[str, ...] = LABELS, header: str = "text,label") -> bytes:
    """A clean file: distinct texts, labels in turn."""
    lines = [f"message number {n} about a parcel,{labels[n % len(labels)]}" for n in range(rows)]
    return "\n".join([header, *lines, ""]).encode()


TEST = b"text,label\nmessage number 3 about a parcel,billing\n" + b"".join(
    b"another text %d,refund\n" % n for n in range(9)
)


@pytest.fixture
def project(workspace: Workspace, alice: User) -> Project:
    return create_project(
        workspace=workspace, user=alice, name="Tickets", task="text-classification"
    )


@pytest.fixture
def add(project: Project, alice: User) -> Callable[..., Upload]:
    def add(content: bytes = b"", name: str = "tickets.csv", project: Project = project) -> Upload:
        file = SimpleUploadedFile(name, content or table())
        return services.add_upload(project=project, user=alice, file=file)

    return add


@pytest.fixture
def upload(add: Callable[..., Upload]) -> Upload:
    return add()


@pytest.fixture
def start(
    project: Project, alice: User, upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Import]:
    """Starts an import; nothing is queued."""
    queued: list[str] = []
    monkeypatch.setattr(
        services, "enqueue", lambda task, key, cluster=None: queued.append(str(key))
    )
    monkeypatch.setattr(
        children, "enqueue", lambda task, key, cluster=None: queued.append(str(key))
    )

    def start(**given: Any) -> Import:
        columns = {"text": "text", "label": "label"}
        values = {"project": project, "user": alice, "train": upload, "columns": columns, **given}
        return services.start_import(**values)

    start.queued = queued  # type: ignore[attr-defined]
    return start


@pytest.fixture
def job(start: Callable[..., Import]) -> Import:
    return start()


@pytest.fixture
def version(job: Import, in_process: None) -> DatasetVersion:
    checking.execute(job.pk)
    return DatasetVersion.objects.get(source=job)


@pytest.fixture
def faulty(
    start: Callable[..., Import], add: Callable[..., Upload], in_process: None
) -> DatasetVersion:
    """A copy, a contradiction, labels that look alike, rare labels, and a row of the test that was trained on."""
    train = table() + (
        b"message number 4 about a parcel,delivery\n"
        b"message number 5 about a parcel,billing\n"
        b"a refund in capitals,REFUND\n"
        b"alone here,rare\n"
    )
    job = start(train=add(train), test=add(TEST, "test.csv"))
    checking.execute(job.pk)
    return DatasetVersion.objects.get(source=job)


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "launch", InProcess)


class InProcess:
    """Looks like launcher.Child; takes the arguments of `python -m training check`."""

    returncode: int | None = None
    stderr = ""

    def __init__(self, args: list[str], folder: Path, warm: bool) -> None:
        self.args, self.folder, self.warm = args, folder, warm

    def lines(self, timeout: float) -> Iterator[dict[str, Any] | None]:
        yield None
        said: list[dict[str, Any]] = []
        out = commands.Output()
        out.say = lambda data: said.append(json.loads(json.dumps(data)))  # type: ignore[method-assign]
        wanted = commands._parser().parse_args(self.args)
        try:
            self.returncode = wanted.run(wanted, out)
        except Problem as problem:
            commands._say_problem(out, problem)
            self.returncode = commands.PROBLEM
        yield from said

    def stop(self, grace: float) -> None:
        pass
