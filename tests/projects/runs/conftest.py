"""A project with a version of data, runs of it, and a child that only pretends to train."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.conf import settings
from django.core.files.storage import InMemoryStorage, Storage
from filelock import FileLock

from accounts.models import User, Workspace
from projects.datasets.models import DatasetVersion
from projects.datasets.samples import SAMPLES
from projects.jobs import launcher, leaving
from projects.models import Project
from projects.runs import afar, folders, guarding, measuring, services, storing, worker
from projects.runs.events import append
from projects.runs.models import Artifact, Run, Status
from projects.runs.recorder import KEPT
from projects.serving import client as serving
from training.spec import from_dict

ROOT = Path(__file__).resolve().parents[3]
CHILD = Path(__file__).with_name("fake_child.py")


def _module(name: str, path: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tests" / path)
    assert spec
    assert spec.loader
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


fake_child = _module("fake_child", "projects/runs/fake_child.py")


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
    monkeypatch.setattr(guarding, "LOOK", 0.0)

    # A slow machine would have it weighed in the middle of a test.
    monkeypatch.setattr(measuring, "EVERY", 3600.0)

    def behave(how: str) -> None:
        monkeypatch.setattr(launcher, "MODULE", (str(CHILD), how))

    return behave


class Played:
    """What fake_child.py says when all goes well, without a process: a launcher, and the job that it gives."""

    pid, returncode, stderr = 0, 0, ""

    def __init__(self, args: Sequence[str], *, folder: Path, **_given: Any) -> None:
        self._args, self._folder = args, folder

    def lines(self, timeout: float = 0.3) -> Iterator[dict[str, Any]]:
        with redirect_stdout(StringIO()) as said:
            fake_child.good(self._args[0], self._folder)
        for line in said.getvalue().splitlines():
            yield json.loads(line, parse_constant=lambda _name: None)

    def stop(self, grace: float = 10.0) -> None:
        pass


@pytest.fixture
def succeeded(queued: Run, child: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run that has gone through the worker, with predictions as training writes them."""
    child("good")
    with monkeypatch.context() as patch:
        patch.setattr(worker, "launcher_for", lambda _devices: Played)
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


# --- real fine-tunes of every kind, with a base of a few thousand weights ---


# Of training's own tests: its rows and its base.
tiny = _module("tiny", "training/conftest.py")
writing = _module("writing", "training/generative/conftest.py")
tiny_base = tiny.tiny_base
llama_base = writing.llama_base
chat_tokenizer = writing.chat_tokenizer

# By the name of the view of its results: the sample that it is trained on.
SAMPLE_OF = {
    "single": "support-tickets",
    "several": "hotel-comments",
    "pairs": "faq-pairs",
    "entities": "shop-messages",
    "relations": "relations",
    "answers": "passages",
    "texts": "shop-translations",
    "chat": "shop-chats",
}
WRITING = ("texts", "chat")
ROWS = 100  # of a sample
EPOCHS = {"epochs": 2, "learning_rate": 1e-3, "precision": "fp32"}
SHORT = {"epochs": 1, "max_new_tokens": 8, "tested": 10, "precision": "fp32"}  # of what writes


MADE = "made.json"  # in its folder, once it is done


@dataclass(frozen=True)
class Fit:
    """The folder of a finished fine-tune, with all that it said."""

    kind: str
    task: str
    folder: Path
    events: list[dict[str, Any]]

    @property
    def report(self) -> dict[str, Any]:
        return {name: value for name, value in self.events[-1].items() if name != "event"}


@pytest.fixture(scope="session")
def fit_of(
    tiny_base: Path, llama_base: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Fit]:
    """`fit_of("entities")`: made when it is first asked for, in whichever process of the tests; read only."""
    home = tmp_path_factory.getbasetemp()
    home = home.parent if "PYTEST_XDIST_WORKER" in os.environ else home

    @cache
    def find(kind: str) -> Fit:
        base = llama_base if kind in WRITING else tiny_base
        folder = home / f"fit-{kind}"
        with FileLock(home / f"fit-{kind}.lock"):
            if not (folder / MADE).is_file():
                folder.mkdir(exist_ok=True)
                task, events = _fitted(kind, base, folder)
                (folder / MADE).write_text(json.dumps({"task": task, "events": events}))
        return Fit(kind, folder=folder, **json.loads((folder / MADE).read_text()))

    return find


def _fitted(kind: str, base: Path, folder: Path) -> tuple[str, list[dict[str, Any]]]:
    from training.events import finite
    from training.fit import fit

    task, file, columns, variant = _data(kind, folder)
    given = {"task": task, "train": str(file), "columns": columns, "variant": variant}
    settings = SHORT if kind in WRITING else EPOCHS
    given |= {"base_folder": str(base), "effort": "quick", "settings": settings}
    return task, [finite(event.as_dict()) for event in fit(from_dict(given), folder)]


def _data(kind: str, folder: Path) -> tuple[str, Path, dict[str, str], str]:
    """(task, file, columns, variant)"""
    if kind == "scores":
        rows = tiny.rows_of(90)
        pairs = [
            (rows[n][0], rows[n + 1][0], str(5 * (rows[n][1] == rows[n + 1][1])))
            for n in range(len(rows) - 1)
        ]
        roles = ("text_a", "text_b", "score")
        file = tiny.write_csv(folder / "scores.csv", pairs, roles)
        return "text-matching", file, {role: role for role in roles}, "score"
    sample = SAMPLES[SAMPLE_OF[kind]]
    with sample.file.open(encoding="utf-8", newline="") as whole:
        head, *rows = list(csv.reader(whole))[: ROWS + 1]
    file = tiny.write_csv(folder / f"{kind}.csv", rows, head)
    return sample.task, file, sample.columns, sample.variant


KINDS = (*SAMPLE_OF, "scores")


@pytest.fixture
def run_of(fit_of: Callable[[str], Fit], workspace: Workspace, alice: User) -> Callable[[str], Run]:
    """`run_of("entities")`: a succeeded run of that kind, with its version, files and events."""

    def make(kind: str) -> Run:
        fit = fit_of(kind)
        project = Project.objects.create(
            workspace=workspace, name=kind, task=fit.task, created_by=alice
        )
        run = _run(fit, project, _version(fit, project))
        append(run.pk, [(one["event"], one) for one in fit.events if one["event"] in KEPT])
        return run

    return make


def _version(fit: Fit, project: Project) -> DatasetVersion:
    path = f"{project.pk}/version.parquet"
    target = Path(settings.VERSIONS_DIR) / path
    target.parent.mkdir(parents=True)
    shutil.copy(fit.folder / "version.parquet", target)
    return DatasetVersion.objects.create(
        project=project,
        number=1,
        name=f"{fit.kind}.csv",
        path=path,
        sha256="0" * 64,
        size=3,
        rows=ROWS,
        splits=fit.report["details"]["rows"],
        labels={name: {} for name in fit.report["details"]["labels"]},
        variant=fit.report["details"]["variant"],
    )


def _run(fit: Fit, project: Project, version: DatasetVersion) -> Run:
    run = Run.objects.create(
        project=project,
        version=version,
        number=1,
        start_key=uuid.uuid4().hex,
        spec={"task": fit.task, "base": "minilm-l6", "effort": "quick", "seed": 13},
        status=Status.SUCCEEDED,
        attempt=1,
        report=fit.report,
    )
    folder = folders.of_attempt(run)
    folder.mkdir(parents=True)
    shutil.copy(fit.folder / "predictions.parquet", folder)
    shutil.copytree(fit.folder / "artifact", folder / "artifact")
    Artifact.objects.create(
        run=run,
        folder=folders.relative(folder / "artifact"),
        zip_path=folders.relative(folder / "artifact.zip"),
        size=3,
        sha256="0" * 64,
        verified={"rows": 4, "labels_equal": True, "max_difference": 0.0},
    )
    return run


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model itself in place of the serving process."""
    from training import inference

    monkeypatch.setattr(
        serving, "predict", lambda folder, inputs: inference.load(folder).predict(inputs)
    )


@pytest.fixture(params=["memory", "s3"])
def bucket(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Storage]:
    """Another storage than the folder of runs: one in memory, and one that speaks with S3 (of moto)."""
    with ExitStack() as stack:
        found = InMemoryStorage() if request.param == "memory" else _s3(stack, monkeypatch)
        monkeypatch.setattr(storing, "storage", lambda: found)
        monkeypatch.setattr(afar, "storage", lambda: found)
        yield found


def _s3(stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> Storage:
    """As settings.STORAGES has it with ATTUNE_S3_BUCKET."""
    import boto3
    from moto import mock_aws
    from storages.backends.s3 import S3Storage

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    stack.enter_context(mock_aws())
    boto3.client("s3").create_bucket(Bucket="attune")
    return S3Storage(bucket_name="attune", location="artifacts", default_acl=None)
