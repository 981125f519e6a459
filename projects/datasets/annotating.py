"""Writes about rows: answers of annotators, rows added by hand, and the version that is made of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from projects.datasets import drafts, editors, services
from projects.datasets.models import DatasetVersion, Import, RowClaim, RowEdit
from projects.datasets.selectors import SPLITS, version_file
from projects.models import Project
from projects.selectors import task_of
from training import version as versions
from training.problems import TABLE, Problem
from training.tasks.shape import Flaw, Task, Variant, read_plain
from training.validation.parts import as_list, texts_in

Kind = RowEdit.Kind
CLAIM = timedelta(minutes=5)
# What a row may have and still be kept.
MILD = ("span.overlap", "answer.moved")


@transaction.atomic
def save(
    *, version: DatasetVersion, user: User, row: int, kind: str, values: Mapping[str, Any] = {}
) -> RowEdit:
    """The user's answer to a row of this version, in place of an earlier one of theirs.

    Raises Problem(`edit.row`, `edit.kind`, `edit.value`, `edit.role`).
    """
    draft = drafts.draft_of(version, row)
    if draft is None:
        raise Problem("edit.row", row=row, version=version.number)
    if kind not in (Kind.SET, Kind.DROP, Kind.ACCEPT, Kind.REJECT, Kind.SKIP):
        raise Problem("edit.kind", kind=str(kind)[:20])
    said: dict[str, str] = {}
    if kind in (Kind.SET, Kind.ACCEPT):
        full = checked(version, {**draft.row.values, **_texts(version, values)})
        said = {role: text for role, text in full.items() if draft.row.values.get(role) != text}
    take_back(version=version)
    edit, _made = RowEdit.objects.update_or_create(
        version=version,
        row=row,
        user=user,
        applied=None,
        defaults={"kind": kind, "values": said},
    )
    RowClaim.objects.filter(version=version, row=row).delete()
    return edit


@transaction.atomic
def undo(*, version: DatasetVersion, user: User, row: int) -> bool:
    """Takes the user's own answer back; False where there is none. Other people's answers stay."""
    take_back(version=version)
    mine = RowEdit.objects.filter(version=version, row=row, user=user, applied=None)
    return bool(mine.delete()[0])


def add_row(
    *, version: DatasetVersion, user: User, values: Mapping[str, Any], split: str = "train"
) -> RowEdit:
    """A new row. Raises Problem(`edit.value`, `edit.role`, `spec.choice`)."""
    if split not in SPLITS:
        raise Problem("spec.choice", field="split", value=split[:40], choices=", ".join(SPLITS))
    empty = dict.fromkeys(roles_of(version), "")
    full = checked(version, {**empty, **_texts(version, values)})
    return RowEdit.objects.create(
        version=version, user=user, kind=Kind.ADD, values={**full, "split": split}
    )


def remove(*, edit: RowEdit) -> None:
    """Takes an answer or an added row back. Raises Problem(`edit.applied`) for what a version was made of."""
    gone, _kinds = RowEdit.objects.filter(drafts.OPEN, pk=edit.pk).delete()
    if not gone:
        raise Problem("edit.applied")


@transaction.atomic
def commit(*, version: DatasetVersion, user: User, note: str) -> Import:
    """Makes a version of the draft. What is said from now on stays in the draft.

    What an earlier version was made of from this one goes into it again: nothing that was said about a row is
    lost because two versions were made one after the other. Raises Problem(`edit.nothing`).
    """
    Project.objects.select_for_update().get(pk=version.project_id)
    take_back(version=version)
    edits = list(RowEdit.objects.select_for_update().filter(version=version))
    if not any(edit.applied_id is None and edit.kind != Kind.SKIP for edit in edits):
        raise Problem("edit.nothing", version=version.number)
    changes = drafts.changes_of(edits)
    if not changes:
        raise Problem("edit.nothing", version=version.number)
    job = services.start_revision(
        project=version.project, user=user, base=version, changes=changes, note=note
    )
    newest = max(edit.updated_at for edit in edits)
    fresh = RowEdit.objects.filter(version=version, applied=None, updated_at__lte=newest)
    fresh.exclude(kind=Kind.SKIP).update(applied=job)
    return job


def take_back(*, version: DatasetVersion) -> None:
    """What an import that came to nothing had taken is in the draft again, but for what was said anew since."""
    lost = RowEdit.objects.filter(version=version, applied__status__in=drafts.FAILED)
    for edit in lost.order_by("-updated_at"):
        anew = RowEdit.objects.filter(version=version, row=edit.row, user=edit.user, applied=None)
        if edit.row is not None and anew.exists():
            edit.delete()
        else:
            RowEdit.objects.filter(pk=edit.pk).update(applied=None)


def claim_next(*, version: DatasetVersion, user: User) -> dict[str, Any] | None:
    """The most suspicious row that nobody else is looking at, held for this user for some minutes."""
    now = timezone.now()
    RowClaim.objects.filter(version=version, until__lte=now).delete()
    for item in drafts.review_of(version, user).left[:20]:
        try:
            with transaction.atomic():
                RowClaim.objects.filter(version=version, user=user).delete()
                RowClaim.objects.create(
                    version=version, user=user, row=item["row"], until=now + CLAIM
                )
        except IntegrityError:  # somebody was quicker
            continue
        return item
    return None


def variant_of(version: DatasetVersion) -> Variant:
    """How its rows are stored."""
    task = task_of(version.project)
    found = task.variant(version.variant)
    return task.variant(found.stored or found.name)


def roles_of(version: DatasetVersion) -> list[str]:
    """What it holds: what every version of its variant has, and what is besides."""
    variant = variant_of(version)
    there = versions.columns(version_file(version))[0] if variant.may else []
    return [*variant.keeps, *(role for role in variant.may if role in there)]


def typed_roles(version: DatasetVersion) -> list[str]:
    """What a person is asked for who types a row: what is counted in it is found by itself."""
    besides = roles_of(version)[len(variant_of(version).keeps) :]
    return [*_typed_variant(version).needs, *besides]


def from_typed(version: DatasetVersion, said: Mapping[str, str]) -> dict[str, str]:
    """A row as a person types it, with [marks](label) or <e1>marks</e1> in its text, as the version holds it; of texts
    that are as good, one stands on each line.

    Raises Problem(`edit.value`).
    """
    further = [role for role in variant_of(version).may if role in said]
    said = {**said, **{role: _lines(said[role]) for role in further}}
    variant = _typed_variant(version)
    if variant.parse is None or variant is variant_of(version):
        return dict(said)
    task = task_of(version.project)
    parsed = variant.parse(dict.fromkeys(task.roles, "") | dict(said))
    for flaw in parsed.flaws:
        if flaw.code not in MILD:
            raise _unusable(task, flaw)
    return {**said, **dict(zip(variant.keeps, parsed.values, strict=True))}


def _lines(cell: str) -> str:
    """Further texts, one on each line, as a list; a list stays what it is."""
    found = texts_in(cell)
    return as_list(cell.splitlines()) if found == [cell] and "\n" in cell else cell


def _typed_variant(version: DatasetVersion) -> Variant:
    name = editors.editor_of(version).typed
    return task_of(version.project).variant(name) if name else variant_of(version)


def checked(version: DatasetVersion, values: Mapping[str, str]) -> dict[str, str]:
    """The values as a version holds them. Raises Problem(`edit.value`) for what an import would refuse."""
    task, variant = task_of(version.project), variant_of(version)
    given = {role: values.get(role, "") for role in {*task.roles, *variant.keeps}}
    besides = {role: texts_in(given[role]) for role in roles_of(version)[len(variant.keeps) :]}
    parsed = variant.parse(given) if variant.parse else read_plain(variant, given)
    for flaw in parsed.flaws:
        if flaw.code not in MILD:
            raise _unusable(task, flaw)
    for role, texts in besides.items():
        if texts is None:
            raise _unusable(task, Flaw("references.unread", role, given[role]))
    kept = dict(zip(variant.keeps, parsed.values, strict=True))
    return kept | {role: as_list(texts) for role, texts in besides.items()}


def _unusable(task: Task, flaw: Flaw) -> Problem:
    titles = {column.role: column.title for column in task.columns}
    return Problem(
        "edit.value",
        role=titles.get(flaw.role, flaw.role),
        kind=flaw.values.get("reason") or TABLE[flaw.code].title,
        value=editors.spoken(flaw.value)[:80],
        expected=TABLE[flaw.code].expected,
    )


def _texts(version: DatasetVersion, values: Mapping[str, Any]) -> dict[str, str]:
    """Strings by role, of roles that the version holds."""
    known = roles_of(version)
    for role in values:
        if role not in known:
            raise Problem("edit.role", role=str(role)[:40], known=", ".join(known))
    return {role: str(value).replace("\0", "") for role, value in values.items()}
