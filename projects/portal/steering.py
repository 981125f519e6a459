"""Switches, announcements and flags: how they are read on every page, and how they are changed."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.cache import cache
from django.db import DatabaseError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import audit
from accounts.models import User, Workspace
from projects.portal.models import Announcement, Dismissal, Flag, SwitchRow
from training.problems import Problem
from web import switches


def read() -> Mapping[str, switches.State]:
    """For web.switches. A database that does not answer, or has no table yet, switches nothing off."""
    try:
        rows = list(SwitchRow.objects.all())
    except DatabaseError:
        return {}
    return {
        row.name: switches.State(row.on, {"en": row.message_en, "zh": row.message_zh})
        for row in rows
    }


def switch(
    *, name: str, on: bool, user: User, message_en: str = "", message_zh: str = ""
) -> SwitchRow:
    """Takes effect here at once, and in the other processes within switches.FRESH seconds."""
    if name not in switches.SWITCHES:
        raise KeyError(name)
    given = {"on": on, "message_en": message_en, "message_zh": message_zh, "changed_by": user}
    row = SwitchRow.objects.update_or_create(name=name, defaults=given)[0]
    audit.record(None, "switch.on" if on else "switch.off", user=user, about=name)
    switches.forget()
    return row


def ensure_switches(**kwargs: object) -> None:
    """A row for every switch, so that the admin lists them all; those that are no more go."""
    for name in switches.SWITCHES:
        SwitchRow.objects.get_or_create(name=name)
    SwitchRow.objects.exclude(name__in=switches.SWITCHES).delete()


# --- announcements ----------------------------------------------------------------------------------------------------


def announcements(user: User | None) -> QuerySet[Announcement]:
    """Those of this moment that `user` has not closed; visitors cannot close any."""
    now = timezone.now()
    rows = Announcement.objects.filter(Q(ends_at=None) | Q(ends_at__gt=now), begins_at__lte=now)
    if user is not None:
        closed = Dismissal.objects.filter(user=user, what__startswith="announcement:")
        ids = [what.partition(":")[2] for what in closed.values_list("what", flat=True)]
        rows = rows.exclude(pk__in=ids, dismissible=True)
    return rows


def dismiss(*, user: User, what: str) -> None:
    """For good; twice is harmless."""
    Dismissal.objects.get_or_create(user=user, what=what[:60])


def dismissed(user: User, what: str) -> bool:
    return Dismissal.objects.filter(user=user, what=what).exists()


# --- flags ------------------------------------------------------------------------------------------------------------


@transaction.atomic
def flag(*, workspace: Workspace, kind: str, reason: str, user: User) -> Flag:
    found = Flag.objects.create(workspace=workspace, kind=kind, reason=reason, made_by=user)
    verb = "workspace.suspended" if kind == Flag.Kind.SUSPENDED else "workspace.watched"
    audit.record(workspace, verb, user=user, about=workspace.name, reason=reason)
    return found


@transaction.atomic
def lift(*, flag: Flag, user: User) -> bool:
    """False where it was lifted already."""
    open_ones = Flag.objects.filter(pk=flag.pk, lifted_at=None)
    if not open_ones.update(lifted_at=timezone.now(), lifted_by=user):
        return False
    workspace = flag.workspace
    audit.record(workspace, "workspace.released", user=user, about=workspace.name, was=flag.kind)
    return True


def suspension(workspace: Workspace) -> Flag | None:
    mine = Flag.objects.filter(workspace=workspace, lifted_at=None, kind=Flag.Kind.SUSPENDED)
    return mine.first()


def require_good_standing(workspace: Workspace) -> None:
    """For projects.gates. Raises Problem(`workspace.suspended`)."""
    found = suspension(workspace)
    if found:
        raise Problem("workspace.suspended", reason=found.reason)


def forget_pages() -> None:
    """What pages keep of all this for a few seconds."""
    cache.delete("announcements")
