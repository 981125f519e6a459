"""Reads of what annotators have said about the rows of a version, and what a new version would make of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.http import Http404
from django.utils import timezone

from accounts.models import User
from projects.datasets.models import DatasetVersion, Import, RowClaim, RowEdit
from projects.datasets.selectors import version_file
from training import browse
from training.version import Stored

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
    by_row: dict[int, dict[Any, RowEdit]] = {}
    for edit in found:
        said = by_row.setdefault(edit.row or 0, {})
        said.pop(edit.user_id, None)  # so that the newest stands last
        said[edit.user_id] = edit
    return [Draft(row, tuple(by_row.get(row.row, {}).values())) for row in rows]


def draft_of(version: DatasetVersion, row: int) -> Draft | None:
    found = browse.rows(version_file(version), [row])
    return drafts_of(version, found)[0] if found else None


def added_rows(version: DatasetVersion) -> QuerySet[RowEdit]:
    return open_edits(version).filter(kind=Kind.ADD)


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
