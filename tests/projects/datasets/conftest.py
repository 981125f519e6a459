"""A project of Alice's, files to upload, and a child process that is none: the same check, in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User, Workspace
from projects.datasets import checking, services
from projects.datasets.models import DatasetVersion, Import, Upload
from projects.models import Project
from projects.services import create_project
from training.check import check
from training.problems import TABLE, Problem, fill
from training.tasks import TASKS
from training.validation import Source

LABELS = ("billing", "delivery", "refund")


def table(rows: int = 60, labels: tuple[str, ...] = LABELS, header: str = "text,label") -> bytes:
    """A clean file: distinct texts, labels in turn."""
    lines = [f"message number {n} about a parcel,{labels[n % len(labels)]}" for n in range(rows)]
    return "\n".join([header, *lines, ""]).encode()


@pytest.fixture
def project(workspace: Workspace, alice: User) -> Project:
    return create_project(
        workspace=workspace, user=alice, name="Tickets", task="text-classification"
    )


@pytest.fixture
def add(project: Project, alice: User) -> Callable[..., Upload]:
    def add(content: bytes = b"", name: str = "tickets.csv") -> Upload:
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
    monkeypatch.setattr(services, "enqueue", lambda task, key: queued.append(str(key)))
    monkeypatch.setattr(checking, "enqueue", lambda task, key: queued.append(str(key)))

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
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "launch", InProcess)


class InProcess:
    """Looks like launcher.Child; takes the arguments of `python -m training check`."""

    returncode: int | None = None
    stderr = ""

    def __init__(self, args: list[str], folder: Path) -> None:
        self.args, self.folder = args, folder

    def lines(self, timeout: float) -> Iterator[dict[str, Any] | None]:
        yield None
        try:
            yield from map(self._noted, check(*self._given(), out=self.folder))
        except Problem as problem:
            entry = TABLE[problem.code]
            self.returncode = 2
            yield {
                "event": "problem",
                "code": problem.code,
                "values": problem.values,
                "found": fill(entry.found, problem.values),
            }

    def stop(self, grace: float) -> None:
        pass

    def _noted(self, event: Any) -> dict[str, Any]:
        found = event.as_dict()
        if found["event"] == "checked":
            self.returncode = 2 if found["gate"] == "blocked" else 0
        return found

    def _given(self) -> tuple[Any, list[Source], dict[str, str]]:
        options = [option for option in self.args[1:] if option != "--json"]
        plain = [option.split("=", 1) for option in options if option.startswith("--encoding=")]
        pairs = [option for option in options if "=" not in option or not option.startswith("--")]
        found = list(zip(pairs[::2], pairs[1::2], strict=True))
        files = {n[2:]: v for n, v in found if n in ("--train", "--valid", "--test")}
        encoding = plain[0][1] if plain else ""
        sources = [Source(split, path, Path(path).name, encoding) for split, path in files.items()]
        columns = dict(value.split("=", 1) for name, value in found if name == "--column")
        return TASKS[dict(found)["--task"]], sources, columns
