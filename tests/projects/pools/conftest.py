"""A version of labelled tickets, two runs that have succeeded, and a model that only pretends to be one."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User, Workspace
from projects.datasets import services as datasets
from projects.datasets.models import DatasetVersion
from projects.models import Project
from projects.pools import reading, services, suggesting
from projects.pools.models import Pool, Round
from projects.runs.models import Artifact, Run, Status
from projects.serving import client
from training.version import Stored
from training.version import write as write_version

LABELS = ("billing", "delivery", "refund")
TEXTS = b"text\n" + b"".join(b"new message %d\n" % n for n in range(5))


@pytest.fixture
def project(workspace: Workspace, alice: User) -> Project:
    return Project.objects.create(
        workspace=workspace, name="Tickets", task="text-classification", created_by=alice
    )


@pytest.fixture
def make_version(project: Project, home: Path) -> Callable[[], DatasetVersion]:
    """The next version: twelve rows, three labels."""

    def make() -> DatasetVersion:
        pk = uuid.uuid4()
        path = f"{project.pk}/{pk}.parquet"
        rows = [
            Stored(n, "a.csv", n + 2, "train", {"text": f"old {n}", "label": LABELS[n % 3]})
            for n in range(12)
        ]
        written = write_version(home / "versions" / path, rows, ["text", "label"])
        return DatasetVersion.objects.create(
            pk=pk,
            project=project,
            number=project.versions.count() + 1,
            name="a.csv",
            path=path,
            sha256=written["sha256"],
            size=written["size"],
            rows=12,
            splits={"train": 12},
            labels={label: {"train": 4} for label in LABELS},
        )

    return make


@pytest.fixture
def version(make_version: Callable[[], DatasetVersion]) -> DatasetVersion:
    return make_version()


@pytest.fixture
def make_run(project: Project, version: DatasetVersion, home: Path) -> Callable[..., Run]:
    def make(status: str = Status.SUCCEEDED) -> Run:
        number = Run.objects.filter(project=project).count() + 1
        run = Run.objects.create(
            project=project,
            version=version,
            number=number,
            start_key=uuid.uuid4().hex,
            status=status,
            spec={"base": "minilm-l6", "effort": "quick"},
        )
        (home / "runs" / str(run.pk) / "artifact").mkdir(parents=True)
        if status == Status.SUCCEEDED:
            Artifact.objects.create(run=run, folder=f"{run.pk}/artifact", zip_path="-", size=1)
        return run

    return make


@pytest.fixture
def run(make_run: Callable[..., Run]) -> Run:
    return make_run()


def share(number: int) -> dict[str, float]:
    """The fake model: the later a message, the less certain it is, and always of a refund."""
    best = round(0.9 - number / 10, 2)
    return {"refund": best, "billing": round(1 - best - 0.01, 2), "delivery": 0.01}


class FakeModel:
    """Stands in for the serving process; keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[dict[str, str]]] = []
        self.folders: list[Path] = []

    def predict(
        self, folder: Path, inputs: list[dict[str, str]], vectors: Path
    ) -> list[dict[str, Any]]:
        self.asked.append(inputs)
        self.folders.append(folder)
        return [{"probabilities": share(int(item["text"].rsplit(" ", 1)[1]))} for item in inputs]


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> FakeModel:
    fake = FakeModel()
    monkeypatch.setattr(client, "predict", fake.predict)
    return fake


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Does what is queued, until nothing is; gives the names of what was done."""
    queued: list[tuple[str, str]] = []

    def enqueue(task: str, key: Any, *, cluster: str | None = None) -> None:
        queued.append((task, str(key)))

    monkeypatch.setattr(services, "enqueue", enqueue)
    monkeypatch.setattr("projects.datasets.children.enqueue", enqueue)
    monkeypatch.setattr(datasets, "enqueue", lambda *given, **more: None)

    def work() -> list[str]:
        done = []
        while queued:
            task, key = queued.pop(0)
            {services.READ: reading, services.SUGGEST: suggesting}[task].execute(key)
            done.append(task.rpartition(".")[2])
        return done

    return work


@pytest.fixture
def add(
    project: Project, version: DatasetVersion, alice: User, work: Callable[[], list[str]]
) -> Callable[..., Pool]:
    """A pool of the file, read; with a run, its suggestions too."""

    def add(
        content: bytes = TEXTS, name: str = "new.csv", column: str = "text", **more: Any
    ) -> Pool:
        upload = datasets.add_upload(
            project=project, user=alice, file=SimpleUploadedFile(name, content)
        )
        pool = services.add_pool(
            project=project, user=alice, upload=upload, columns={"text": column}, **more
        )
        work()
        pool.refresh_from_db()
        return pool

    return add


@pytest.fixture
def pool(add: Callable[..., Pool]) -> Pool:
    """Five texts, and nothing suggested."""
    return add()


@pytest.fixture
def suggested(add: Callable[..., Pool], run: Run, model: FakeModel) -> Pool:
    """Five texts; the last one is the most uncertain."""
    return add(run=run)


def newest(pool: Pool) -> Round:
    return Round.objects.filter(pool=pool).latest("created_at")
