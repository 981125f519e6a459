"""A project with a version of data, runs of it, and a child that only pretends to train."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from accounts.models import User, Workspace
from projects.datasets.models import DatasetVersion
from projects.jobs import launcher, leaving
from projects.models import Project
from projects.runs import folders, services, worker
from projects.runs.models import Run, Status

CHILD = Path(__file__).with_name("fake_child.py")


@pytest.fixture
def project(workspace: Workspace, alice: User) -> Project:
    return Project.objects.create(
        workspace=workspace, name="Tickets", task="text-classification", created_by=alice
    )


@pytest.fixture
def version(project: Project) -> DatasetVersion:
    counts = {"train": 6, "valid": 2, "test": 4}
    return DatasetVersion.objects.create(
        project=project,
        number=1,
        name="tickets.csv",
        path=f"{project.pk}/version.parquet",
        sha256="0" * 64,
        size=3,
        rows=12,
        splits=counts,
        labels={"no": counts, "yes": counts},
    )


@pytest.fixture
def start(project: Project, version: DatasetVersion, alice: User) -> Callable[..., Run]:
    def make(**given: Any) -> Run:
        usual = {"project": project, "version": version, "user": alice}
        usual |= {"base": "minilm-l6", "effort": "quick"}
        return services.start(**(usual | given))

    return make


@pytest.fixture
def queued(start: Callable[..., Run]) -> Run:
    return start()


@pytest.fixture
def bare(project: Project, version: DatasetVersion) -> Callable[..., Run]:
    """A run in any status, without a start."""

    def make(status: str = Status.QUEUED, **given: Any) -> Run:
        number = Run.objects.filter(project=project).count() + 1
        spec = {"task": project.task, "base": "minilm-l6", "effort": "quick", "seed": 13}
        return Run.objects.create(
            project=project,
            version=version,
            number=number,
            start_key=uuid.uuid4().hex,
            status=status,
            **({"spec": spec} | given),
        )

    return make


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """`child("good")`: what the launcher starts from now on behaves so (see fake_child.py)."""
    monkeypatch.setattr(worker, "LOOK", 0.0)

    def behave(how: str) -> None:
        monkeypatch.setattr(launcher, "MODULE", (str(CHILD), how))

    return behave


@pytest.fixture
def succeeded(queued: Run, child: Callable[[str], None]) -> Run:
    """A run that has gone through the worker, with predictions as training writes them."""
    child("good")
    worker.execute(queued.pk)
    queued.refresh_from_db()
    rows = [
        {"row": 0, "line": 2, "text": "=HYPERLINK(1)", "label": "no", "predicted": "no"},
        {"row": 1, "line": 3, "text": "please do", "label": "yes", "predicted": "no"},
        {"row": 2, "line": 4, "text": "of course not", "label": "no", "predicted": "no"},
        {"row": 3, "line": 5, "text": "certainly, yes", "label": "yes", "predicted": "yes"},
    ]
    told = [
        {
            **row,
            "file": "tickets.csv",
            "probability": 0.9,
            "correct": row["label"] == row["predicted"],
            "probabilities": [0.9, 0.1],
        }
        for row in rows
    ]
    pq.write_table(pa.Table.from_pylist(told), folders.of_attempt(queued) / "predictions.parquet")
    return queued


@pytest.fixture(autouse=True)
def _not_leaving() -> Any:
    yield
    leaving.forget()
