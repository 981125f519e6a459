"""Reads of what annotators have said about the rows of a version, and what a new version would make of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.db.models.fields.json import KT
from django.http import Http404
from django.utils import timezone

from accounts.models import User
from projects.datasets.models import DatasetVersion, HealthReport, Import, RowClaim, RowEdit
from projects.datasets.selectors import version_file
from projects.selectors import task_of
from training import browse
from training.version import Stored

T = TypeVar("T")
Kind = RowEdit.Kind
FAILED = (Import.Status.BLOCKED, Import.Status.FAILED)
# Not made into a version yet, or made into one that came to nothing.
OPEN = Q(applied=None) | Q(applied__status__in=FAILED)
DROPPED = "\0dropped"  # as an answer; no label is that


@dataclass(frozen=True)
class Draft:
    """A row as it would be in a new version. `edits`: the newest answer of each annotator, the newest last."""

    row: Stored
    edits: Sequence[RowEdit] = field(default_factory=tuple)

    @property
    def edit(self) -> RowEdit | None:
        """The one that counts; an answer that was put off does not."""
        said = [edit for edit in self.edits if edit.kind != Kind.SKIP]
        return said[-1] if said else None

    @property
    def dropped(self) -> bool:
        return self.edit is not None and self.edit.kind == Kind.DROP

    @property
    def values(self) -> dict[str, str]:
        changed = self.edit.values if self.edit and self.edit.kind != Kind.REJECT else {}
        return {**self.row.values, **changed}

    @property
    def changed(self) -> dict[str, str]:
        """role -> the old value, of what differs."""
        values = self.values
        return {role: old for role, old in self.row.values.items() if values[role] != old}

    @property
    def conflict(self) -> bool:
        """Whether two annotators say different things."""
        return len({answer(edit, self.row) for edit in self.edits} - {None}) > 1

    @property
    def answers(self) -> list[tuple[RowEdit, dict[str, str]]]:
        """Each annotator's answer with the values that it gives."""
        return [(edit, {**self.row.values, **edit.values}) for edit in self.edits]


def answer(edit: RowEdit, row: Stored) -> tuple[str, ...] | None:
    """What somebody says the row is, to compare with what others say; None for an answer that was put off."""
    if edit.kind == Kind.SKIP:
        return None
    if edit.kind == Kind.DROP:
        return (DROPPED,)
    return tuple({**row.values, **edit.values}.values())


def of_version(version: DatasetVersion) -> QuerySet[RowEdit]:
    return RowEdit.objects.filter(version=version)


def open_edits(version: DatasetVersion) -> QuerySet[RowEdit]:
    """The draft, the oldest first; what was put off is in it."""
    return of_version(version).filter(OPEN).select_related("user")


def drafts_of(version: DatasetVersion, rows: Sequence[Stored]) -> list[Draft]:
    """The rows with what is said about them, in their order."""
    found = open_edits(version).filter(row__in=[row.row for row in rows]).order_by("updated_at")
    by_row = _by_row((edit.row or 0, edit.user_id, edit) for edit in found)
    return [Draft(row, tuple(by_row.get(row.row, {}).values())) for row in rows]


def _by_row(said: Iterable[tuple[int, Any, T]]) -> dict[int, dict[Any, T]]:
    """(row, person, answer), the oldest first -> the newest answer of each person, the newest last."""
    by_row: dict[int, dict[Any, T]] = {}
    for row, person, answer in said:
        answers = by_row.setdefault(row, {})
        answers.pop(person, None)  # so that the newest stands last
        answers[person] = answer
    return by_row


def changed_values(version: DatasetVersion) -> dict[int, dict[str, str]]:
    """row -> role -> what a new version would have there, of rows that it would change."""
    found = of_version(version).filter(OPEN, row__isnull=False).order_by("updated_at")
    asked = found.values_list("row", "user_id", "kind", "values")
    by_row = _by_row((row or 0, user, (kind, values)) for row, user, kind, values in asked)
    changed = {}
    for row, answers in by_row.items():
        said = [answer for answer in answers.values() if answer[0] != Kind.SKIP]
        if said and said[-1][0] in (Kind.SET, Kind.ACCEPT) and said[-1][1]:
            changed[row] = said[-1][1]
    return changed


def said_in(version: DatasetVersion, role: str) -> list[str]:
    """What the draft's answers and added rows have in a role, each once."""
    found = of_version(version).filter(OPEN, values__has_key=role).order_by()
    # As text: a label that looks like JSON would be read as such.
    texts = found.annotate(said=KT(f"values__{role}")).values_list("said", flat=True)
    return [text for text in texts.distinct() if text]


def draft_of(version: DatasetVersion, row: int) -> Draft | None:
    found = browse.rows(version_file(version), [row])
    return drafts_of(version, found)[0] if found else None


def added_rows(version: DatasetVersion) -> QuerySet[RowEdit]:
    """The newest first."""
    return open_edits(version).filter(kind=Kind.ADD).order_by("-created_at")


def changed_rows(version: DatasetVersion) -> list[int]:
    """Rows that somebody has an open answer to, in their order."""
    found = open_edits(version).exclude(kind=Kind.SKIP).filter(row__isnull=False)
    numbers = found.order_by("row").values_list("row", flat=True).distinct()
    return [row for row in numbers if row is not None]


def twice_rows(version: DatasetVersion) -> list[int]:
    """Rows that two people or more have answered."""
    counted = of_version(version).exclude(kind=Kind.SKIP).filter(row__isnull=False)
    people = counted.order_by().values("row").annotate(people=Count("user", distinct=True))
    found = people.filter(people__gt=1).order_by("row").values_list("row", flat=True)
    return [row for row in found if row is not None]


def conflict_rows(version: DatasetVersion) -> list[int]:
    twice = browse.rows(version_file(version), twice_rows(version))
    return [draft.row.row for draft in drafts_of(version, twice) if draft.conflict]


def has_draft(version: DatasetVersion) -> bool:
    return open_edits(version).exclude(kind=Kind.SKIP).exists()


def changes_of(edits: Iterable[RowEdit]) -> list[dict[str, Any]]:
    """What training.edits makes a version of: of each row the newest answer counts."""
    newest: dict[int, RowEdit] = {}
    added: list[dict[str, Any]] = []
    for edit in sorted(edits, key=lambda edit: edit.updated_at):
        if edit.kind == Kind.ADD:
            values, split = _without_split(edit.values)
            added.append({"op": "add", "values": values, "split": split})
        elif edit.kind != Kind.SKIP and edit.row is not None:
            newest[edit.row] = edit
    dropped = sorted(row for row, edit in newest.items() if edit.kind == Kind.DROP)
    changes = [
        {"op": "set", "row": row, "values": newest[row].values}
        for row in sorted(newest)
        if newest[row].kind in (Kind.SET, Kind.ACCEPT) and newest[row].values
    ]
    return [*changes, *([{"op": "drop", "rows": dropped}] if dropped else []), *added]


def _without_split(values: Mapping[str, str]) -> tuple[dict[str, str], str]:
    said = dict(values)
    return {role: value for role, value in said.items() if role != "split"}, said.get("split", "")


@dataclass(frozen=True)
class Review:
    """How far the likely label errors are looked through, and those that are left, the most suspicious first."""

    total: int
    done: int
    left: list[dict[str, Any]]


class Why(StrEnum):
    """Why a version has no likely label errors to look through."""

    NEVER = "never"  # its rows are of a kind for which none are looked for
    WAITING = "waiting"  # the close look is under way
    FAILED = "failed"
    UNLOOKED = "unlooked"  # it was never asked for
    UNSURE = "unsure"  # no model knows the labels well enough to doubt one
    CLEAN = "clean"


def why_none(version: DatasetVersion) -> Why:
    task = task_of(version.project)
    if not task.variant(version.variant).doubtful:
        return Why.NEVER
    report = HealthReport.objects.filter(version=version).only("status", "stats").first()
    if report is None:
        return Why.UNLOOKED
    if report.status != HealthReport.Status.READY:
        return Why.FAILED if report.status == HealthReport.Status.FAILED else Why.WAITING
    found = report.stats.get("suspects") or {}
    return Why.CLEAN if found.get("usable") else Why.UNSURE


def review_of(version: DatasetVersion, user: User | None = None) -> Review:
    """Without those that somebody has decided, that `user` has put off, or that somebody else is looking at."""
    suspects = browse.suspects(version_file(version))
    said = of_version(version).filter(row__isnull=False)
    decided = set(said.exclude(kind=Kind.SKIP).values_list("row", flat=True))
    put_off = set(said.filter(kind=Kind.SKIP, user=user).values_list("row", flat=True))
    taken = set(
        RowClaim.objects.filter(version=version, until__gt=timezone.now())
        .exclude(user=user)
        .values_list("row", flat=True)
    )
    open_now = [item for item in suspects if item["row"] not in decided]
    left = [item for item in open_now if item["row"] not in put_off | taken]
    return Review(len(suspects), len(suspects) - len(open_now), left)


def decisions(version: DatasetVersion, limit: int = 20) -> QuerySet[RowEdit]:
    """Who decided what, the newest first."""
    kinds = (Kind.ACCEPT, Kind.REJECT, Kind.SET, Kind.DROP, Kind.SKIP)
    rows = [item["row"] for item in browse.suspects(version_file(version))]
    found = of_version(version).filter(kind__in=kinds, row__isnull=False).select_related("user")
    return found.filter(row__in=rows[:10_000]).order_by("-updated_at")[:limit]


def edit_in(version: DatasetVersion, edit_id: UUID | str) -> RowEdit:
    found = of_version(version).filter(pk=edit_id).first()
    if found is None:
        raise Http404
    return found
