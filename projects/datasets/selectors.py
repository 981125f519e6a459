"""Reads of uploads, imports and versions: always through the project's workspace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.db.models import Model, Q, QuerySet
from django.http import Http404

from accounts.access import Action
from projects.datasets import files
from projects.datasets.models import DatasetVersion, Import, PartialUpload, Upload
from projects.datasets.samples import SAMPLES, Sample
from projects.models import Project
from projects.selectors import require_in, task_of
from training import draft, table, validation
from training import version as versions
from training.problems import Problem
from training.tasks.shape import COMMON, Column

M = TypeVar("M", bound=Model)
PAGE = 50
# File name endings that a file dialogue offers.
ACCEPTED = ",".join(
    dict.fromkeys(
        [ending for known in table.FORMATS.values() for ending in known.extensions]
        + [".zip", ".gz"]
    )
)


def upload_for(request: Any, upload_id: UUID | str, action: Action) -> Upload:
    return _checked(request, Upload.objects.all(), upload_id, action)


def partial_for(request: Any, partial_id: UUID | str, action: Action) -> PartialUpload:
    return _checked(request, PartialUpload.objects.all(), partial_id, action)


def import_for(request: Any, import_id: UUID | str, action: Action) -> Import:
    related = Import.objects.select_related("train", "valid", "test")
    return _checked(request, related, import_id, action)


def version_for(request: Any, version_id: UUID | str, action: Action) -> DatasetVersion:
    return _checked(request, DatasetVersion.objects.all(), version_id, action)


def _checked(request: Any, rows: QuerySet[M], pk: UUID | str, action: Action) -> M:
    found: Any = rows.select_related("project__workspace").filter(pk=pk).first()
    if found is None:
        raise Http404
    require_in(request, found.project, action)
    return found


def upload_in(project: Project, upload_id: UUID | str) -> Upload:
    """Of this project, for a reference in a form or a request body. Raises Problem(`import.upload`)."""
    try:
        pk = UUID(str(upload_id))
    except ValueError:
        pk = UUID(int=0)
    found = Upload.objects.filter(project=project, pk=pk).first()
    if found is None:
        raise Problem("import.upload", upload=str(upload_id)[:40])
    return found


def path_of(upload: Upload) -> Path:
    return files.located(settings.UPLOADS_DIR, upload.path)


def version_file(version: DatasetVersion) -> Path:
    return files.located(settings.VERSIONS_DIR, version.path)


@dataclass(frozen=True)
class Reading:
    """How a file is to be read; what is empty (or None) is detected."""

    encoding: str = ""
    delimiter: str = ""
    format: str = ""
    header: bool | None = None


def preview_of(upload: Upload, reading: Reading = Reading()) -> table.Preview:
    """The first rows. Raises Problem(`file.*`, `column.*`, `upload.gone`)."""
    path = path_of(upload)
    if not path.is_file():
        raise Problem("upload.gone", name=upload.name)
    return table.preview(path, **asdict(reading))


def roles_of(project: Project) -> tuple[Column, ...]:
    return (*task_of(project).columns, *COMMON)


def guessed_columns(
    project: Project, preview: table.Preview, further: Sequence[str] = ()
) -> dict[str, str]:
    """`further`: columns that the files for validation and test have besides."""
    task = task_of(project)
    found = validation.guess_columns(task, preview.columns, preview.rows)
    if not further:
        return found
    whole = validation.guess_columns(task, [*preview.columns, *further], [])
    listed = {column.role for column in task.columns if column.listed}
    return {role: name for role, name in whole.items() if role in listed} | found


def further_columns(
    project: Project,
    preview: table.Preview | None,
    uploads: Iterable[Upload | None],
    reading: Reading,
) -> list[str]:
    """What the files for validation and test have besides; a file that cannot be read has nothing.

    Of a task none of whose roles a file may lack, the files are not even opened: nobody would use it.
    """
    if not any(column.listed for column in task_of(project).columns):
        return []
    found: dict[str, None] = {}
    for upload in uploads:
        with suppress(Problem):
            found |= dict.fromkeys(preview_of(upload, reading).columns if upload else [])
    return [name for name in found if preview and name not in preview.columns]


def versions_in(project: Project) -> QuerySet[DatasetVersion]:
    return DatasetVersion.objects.filter(project=project)


@dataclass(frozen=True)
class Past:
    """A version in the history of its project."""

    version: DatasetVersion
    note: str  # what was done, or the file that it came from
    more: int | None  # rows than the version it was made from; None where it came from a file

    @property
    def fewer(self) -> int:
        return -(self.more or 0)


def history(project: Project, limit: int = 100) -> list[Past]:
    """Newest first."""
    rows = versions_in(project).select_related("parent", "source__train", "created_by")
    rows = rows.defer(*(f"{path}{name}" for path in ("", "parent__") for name in HEAVY))
    return [
        Past(
            version,
            version.source.title if version.source else version.name,
            version.rows - version.parent.rows if version.parent else None,
        )
        for version in rows.defer("source__findings", "source__changes")[:limit]
    ]


HEAVY = ("findings", "labels", "stats")


def version_before(
    version: DatasetVersion, newest_first: Sequence[DatasetVersion]
) -> DatasetVersion | None:
    """What it was made of; of one that was uploaded, the one that was the newest then."""
    older = (other for other in newest_first if other.number < version.number)
    return version.parent or next(older, None)


def trainable(version: DatasetVersion) -> bool:
    """Whether models can be made of such data; a version from before variants is of the usual one."""
    task = task_of(version.project)
    return task.variant(version.variant).learner is not None


def draftable(version: DatasetVersion) -> bool:
    """Whether a linear model can answer what such data asks."""
    learner = task_of(version.project).variant(version.variant).learner
    return learner is not None and learner.head in draft.HEADS


def imports_in(project: Project) -> QuerySet[Import]:
    return Import.objects.filter(project=project).select_related("train")


def unfinished_imports(project: Project) -> QuerySet[Import]:
    """What the overview still has to say something about: under way, or ended without a version and newer than it."""
    newest = versions_in(project).values_list("created_at", flat=True).first()
    rows = imports_in(project).exclude(status=Import.Status.READY)
    open_now = Q(status__in=(Import.Status.QUEUED, Import.Status.CHECKING))
    return rows.filter(open_now | Q(created_at__gt=newest)) if newest else rows


def samples_for(project: Project) -> dict[str, Sample]:
    return {name: sample for name, sample in SAMPLES.items() if sample.task == project.task}


@dataclass(frozen=True)
class LabelRow:
    label: str
    counts: dict[str, int]  # by split
    total: int
    share: float  # of the most frequent label, 0 to 100: the width of its bar


def label_rows(version: DatasetVersion) -> list[LabelRow]:
    """Most frequent first."""
    totals = {label: sum(counts.values()) for label, counts in version.labels.items()}
    most = max(totals.values(), default=0) or 1
    order = sorted(totals, key=lambda label: (-totals[label], label))
    return [
        LabelRow(label, version.labels[label], totals[label], 100 * totals[label] / most)
        for label in order
    ]


SPLITS = ("train", "valid", "test")


def splits_of(version: DatasetVersion) -> list[tuple[str, int]]:
    return [(split, version.splits.get(split, 0)) for split in SPLITS]


@dataclass(frozen=True)
class RowQuery:
    """Which rows of a version are asked for; what makes no sense is left out."""

    page: int
    split: str
    label: str
    search: str

    def url(self, page: int) -> str:
        asked = {"split": self.split, "label": self.label, "q": self.search}
        query = {name: value for name, value in asked.items() if value} | {"page": str(page)}
        return f"?{urlencode(query)}#rows"


def read_row_query(data: Mapping[str, Any], version: DatasetVersion) -> RowQuery:
    page = str(data.get("page", "1"))
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 9 else 1
    split, label = str(data.get("split", "")), str(data.get("label", ""))
    return RowQuery(
        page=max(1, number),
        split=split if split in SPLITS else "",
        label=label if label in version.labels else "",
        search=str(data.get("q", "")).replace("\0", "")[:200],
    )


def rows_of(version: DatasetVersion, asked: RowQuery) -> versions.Page:
    """One page of the rows asked for. Raises Problem(`version.broken`)."""
    return versions.page(
        version_file(version),
        offset=(asked.page - 1) * PAGE,
        limit=PAGE,
        label=asked.label or None,
        split=asked.split or None,
        search=asked.search or None,
    )


@dataclass(frozen=True)
class Pages:
    total: int
    first: int  # number of the first row shown, from 1; 0 when there is none
    last: int
    before: str  # address of the page before; empty at the first
    after: str


def pages(asked: RowQuery, total: int) -> Pages:
    start = (asked.page - 1) * PAGE
    last = min(start + PAGE, total)
    return Pages(
        total=total,
        first=start + 1 if start < total else 0,
        last=last if start < total else 0,
        before=asked.url(asked.page - 1) if asked.page > 1 else "",
        after=asked.url(asked.page + 1) if last < total else "",
    )
