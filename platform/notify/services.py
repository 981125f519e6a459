"""Writes about notifications: what has happened, what was read, and who wants what."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django_q.tasks import async_task

from accounts.models import Role, User, Workspace
from notify.kinds import TOPICS
from notify.models import Choice, News, Notice

log = logging.getLogger(__name__)
SPREAD = "notify.tasks.spread"


def announce(
    *,
    kind: str,
    key: str,
    values: Mapping[str, Any],
    workspace: Workspace | None = None,
    to: Iterable[User] = (),
    path: str = "",
) -> None:
    """Writes down, with what the current transaction writes, that something has happened; people hear of it later.

    Never raises and never waits: what is being told of must not fail because it cannot be told. The same `key` again
    is the same news. `values` is plain JSON.
    """
    with quietly(key):
        told: dict[str, Any] = {"kind": kind, "workspace": workspace, "path": path}
        told |= {"values": dict(values), "audience": [str(user.pk) for user in to]}
        news, made = News.objects.get_or_create(key=key, defaults=told)
        if made:
            # Should this be lost, the sweep does it.
            transaction.on_commit(lambda: async_task(SPREAD, str(news.pk)), robust=True)


@contextmanager
def quietly(what: str) -> Iterator[None]:
    """What fails inside is undone and logged, and hurts nobody outside: not the run that ends, nor its transaction."""
    try:
        with transaction.atomic():
            yield
    except Exception:
        log.exception("Could not tell of %s", what)


def owners(workspace: Workspace) -> list[User]:
    mine = {"memberships__workspace": workspace, "memberships__role": Role.OWNER}
    return list(User.objects.filter(is_active=True, **mine))


def operators() -> list[User]:
    return list(User.objects.filter(is_active=True, is_staff=True))


def mark_read(*, user: User, ids: Collection[UUID] | None = None) -> int:
    """Those of `ids`, or all. Returns how many were unread before."""
    unread = Notice.objects.filter(user=user, read_at=None)
    if ids is not None:
        unread = unread.filter(pk__in=ids)
    return unread.update(read_at=timezone.now())


def choose(*, user: User, topics: Iterable[str], language: str = "") -> Choice:
    """Of what the person wants mail from now on."""
    wanted = [topic for topic in TOPICS if topic in set(topics)]
    given = {"topics": wanted, "language": language}
    return Choice.objects.update_or_create(user=user, defaults=given)[0]


@transaction.atomic
def stop_mail(*, user: User, topic: str) -> None:
    """No more mail of this topic; twice is harmless."""
    choice = Choice.objects.select_for_update().get_or_create(user=user)[0]
    choice.topics = [one for one in choice.topics if one != topic]
    choice.save(update_fields=["topics"])
