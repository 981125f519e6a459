"""Writes about webhooks."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django_q.tasks import async_task

from accounts.audit import record
from accounts.models import User, Workspace
from notify import outgoing
from notify.kinds import HOOKED, PING
from notify.models import Delivery, News, Webhook
from notify.spreading import DELIVER
from training.problems import Problem

MOST = 10  # of a workspace


def add(*, workspace: Workspace, user: User, url: str, topics: Iterable[str]) -> Webhook:
    """Raises Problem(`webhook.url`, `webhook.topics`, `webhook.limit`)."""
    url, wanted = url.strip(), _topics(topics)
    outgoing.check(url, private=settings.WEBHOOKS_PRIVATE)
    with transaction.atomic():
        Workspace.objects.select_for_update().get(pk=workspace.pk)
        if workspace.webhooks.count() >= MOST:
            raise Problem("webhook.limit", limit=MOST)
        hook = Webhook.objects.create(workspace=workspace, created_by=user, url=url, topics=wanted)
        record(workspace, "webhook.created", user=user, about=url, topics=wanted)
        return hook


@transaction.atomic
def change(
    *,
    hook: Webhook,
    url: str | None = None,
    topics: Iterable[str] | None = None,
    active: bool | None = None,
) -> Webhook:
    """What is None stays. Raises Problem(`webhook.url`, `webhook.topics`)."""
    if url is not None and url.strip() != hook.url:
        outgoing.check(url.strip(), private=settings.WEBHOOKS_PRIVATE)
        hook.url = url.strip()
    if topics is not None:
        hook.topics = _topics(topics)
    if active is not None:
        hook.failures = 0 if active and not hook.active else hook.failures
        hook.active = active
    hook.save(update_fields=["url", "topics", "active", "failures"])
    said = {"topics": hook.topics, "active": hook.active}
    record(hook.workspace, "webhook.changed", about=hook.url, **said)
    return hook


@transaction.atomic
def change_secret(*, hook: Webhook) -> Webhook:
    """From now on messages are signed with another one; the old one is good for nothing any more."""
    Webhook.objects.filter(pk=hook.pk).update(generation=F("generation") + 1)
    hook.refresh_from_db()
    record(hook.workspace, "webhook.rekeyed", about=hook.url)
    return hook


@transaction.atomic
def remove(*, hook: Webhook) -> None:
    record(hook.workspace, "webhook.deleted", about=hook.url)
    hook.delete()


def test(*, hook: Webhook) -> Delivery:
    """Sends a message of the kind `ping`, also where the webhook is switched off."""
    now = timezone.now()
    news = News.objects.create(
        key=f"ping:{uuid.uuid4()}", kind=PING, workspace=hook.workspace, spread_at=now
    )
    return _queued(Delivery.objects.create(news=news, webhook=hook, due_at=now))


def again(*, delivery: Delivery) -> Delivery:
    """One that failed, or still waits for its next try, is tried at once."""
    fresh = {"state": Delivery.State.WAITING, "attempts": 0, "due_at": timezone.now()}
    Delivery.objects.filter(pk=delivery.pk).exclude(state=Delivery.State.DONE).update(
        **fresh, ended_at=None
    )
    return _queued(delivery)


def _queued(delivery: Delivery) -> Delivery:
    transaction.on_commit(lambda: async_task(DELIVER, str(delivery.pk)), robust=True)
    return delivery


def _topics(topics: Iterable[str]) -> list[str]:
    given = set(topics)
    if not given or not given <= set(HOOKED):
        raise Problem("webhook.topics", known=", ".join(HOOKED), found=", ".join(sorted(given)))
    return [topic for topic in HOOKED if topic in given]
