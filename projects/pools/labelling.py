"""Labels for the rows of a pool: taking one in front of oneself, answering it, taking an answer back.

Every step is one conditional UPDATE on the row: of two people who are at it at once, one is told that it is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from projects.datasets import annotating, drafts, services
from projects.datasets.annotating import CLAIM
from projects.datasets.models import Import, RowEdit
from projects.pools import kinds
from projects.pools.models import Pool, PoolRow
from projects.pools.selectors import draft_of, open_rows, row_in, suggestion
from training.problems import Problem

State = PoolRow.State
TRIES = 20  # rows that others may take in the same moment
NOBODY: dict[str, Any] = {"user": None, "until": None, "answered_at": None, "agreed": None}


def claim(*, pool: Pool, user: User, limit: int = 1) -> list[PoolRow]:
    """Up to `limit` open rows, held for this user for some minutes: those that they hold already, then the next."""
    now = timezone.now()
    mine = open_rows(pool).filter(user=user, until__gt=now).order_by("-until", "order", "number")
    found = list(mine[:limit])
    for row in _free(pool)[: limit + TRIES]:
        if len(found) == limit:
            break
        if _claimable(user).filter(pk=row.pk).update(user=user, until=now + CLAIM):
            found.append(row)
    PoolRow.objects.filter(pk__in=[row.pk for row in found], state=State.OPEN, user=user).update(
        until=now + CLAIM
    )
    return found


def _free(pool: Pool) -> QuerySet[PoolRow]:
    return open_rows(pool).filter(Q(until=None) | Q(until__lte=timezone.now()))


def _claimable(user: User) -> QuerySet[PoolRow]:
    """Open, and in front of nobody else."""
    free = Q(until=None) | Q(until__lte=timezone.now()) | Q(user=user)
    return PoolRow.objects.filter(free, state=State.OPEN)


@transaction.atomic
def answer(*, pool: Pool, user: User, number: int, values: Mapping[str, Any]) -> PoolRow:
    """Adds the row with these values (role -> value) to the draft of the newest version, for training.

    Raises Problem(`pool.row`, `pool.taken`, `pool.version`, `edit.value`, `edit.role`).
    """
    row = row_in(pool, number)
    version, kind = kinds.target(pool.project)
    for role in values:
        if role != kind.answers:
            raise Problem("edit.role", role=str(role)[:40], known=kind.answers)
    edit = annotating.add_row(version=version, user=user, values={**row.values, **values})
    best = suggestion(row, version)
    agreed = None if best is None else edit.values[kind.answers] == best[0]
    return _settle(row, user, State.LABELLED, edit=edit, agreed=agreed)


def skip(*, pool: Pool, user: User, number: int) -> PoolRow:
    """Puts the row off, for everybody, until `resume`. Raises Problem(`pool.row`, `pool.taken`)."""
    return _settle(row_in(pool, number), user, State.SKIPPED)


def _settle(row: PoolRow, user: User, state: str, **fields: Any) -> PoolRow:
    """Raises Problem(`pool.taken`), which undoes the caller's transaction, where somebody was quicker."""
    done = {"state": state, "user": user, "until": None, "answered_at": timezone.now(), **fields}
    if not _claimable(user).filter(pk=row.pk).update(**done):
        raise Problem("pool.taken", row=row.number)
    row.refresh_from_db()
    return row


@transaction.atomic
def undo(*, pool: Pool, user: User, number: int | None = None) -> PoolRow | None:
    """Takes the user's last answer back (or the one to this row), and puts the row in front of them again.

    None where there is none. Raises Problem(`edit.applied`) for what a version was made of.
    """
    said = PoolRow.objects.filter(pool=pool, user=user, answered_at__isnull=False)
    said = said.filter(number=number) if number is not None else said
    row = said.select_related("edit").order_by("-answered_at").first()
    if row is None:
        return None
    if row.edit:
        annotating.remove(edit=row.edit)  # which opens the row, see `receivers`
    held = {"state": State.OPEN, "edit": None, **NOBODY}
    held |= {"user": user, "until": timezone.now() + CLAIM}
    PoolRow.objects.filter(pk=row.pk).update(**held)
    row.refresh_from_db()
    return row


def reopen_row(edit: RowEdit) -> None:
    """The row's answer is about to be deleted."""
    PoolRow.objects.filter(edit=edit).update(state=State.OPEN, edit=None, **NOBODY)


def resume(*, pool: Pool) -> int:
    """Takes up again what was skipped; gives how many rows that is."""
    skipped = PoolRow.objects.filter(pool=pool, state=State.SKIPPED)
    return skipped.update(state=State.OPEN, **NOBODY)


@transaction.atomic
def commit(*, pool: Pool, user: User, note: str) -> Import:
    """Makes a version of the newest one and its draft. Labels that went into the draft of an older version, because
    it was the newest then, move along. Raises Problem(`pool.version`, `edit.nothing`)."""
    services.lock(pool.project)
    version, _kind = kinds.target(pool.project)
    older = draft_of(pool).exclude(version=version).values_list("pk", flat=True)
    RowEdit.objects.filter(drafts.OPEN, pk__in=list(older)).update(version=version, applied=None)
    return annotating.commit(version=version, user=user, note=note)
