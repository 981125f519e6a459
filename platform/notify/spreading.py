"""Brings news to those who are meant to hear them: a row in their lists, and rows of what is to be sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django_q.tasks import async_task

from accounts.models import Member, User
from notify.kinds import HOOKED
from notify.models import Choice, Delivery, News, Notice, Webhook, default_topics

DELIVER = "notify.tasks.deliver"
LATE = timedelta(seconds=20)  # after which the sweep takes it for lost
AT_ONCE = 500  # rows of one sweep
KEPT = timedelta(days=90)


def spread(news_id: UUID | str) -> None:
    """Tells everybody, once: a second call finds it told."""
    for delivery in _spread(news_id):
        async_task(DELIVER, str(delivery))


@transaction.atomic
def _spread(news_id: UUID | str) -> list[UUID]:
    now = timezone.now()
    if not News.objects.filter(pk=news_id, spread_at=None).update(spread_at=now):
        return []
    news = News.objects.get(pk=news_id)
    people = list(_people(news))
    Notice.objects.bulk_create(
        [Notice(news=news, user=user, at=news.at) for user in people], ignore_conflicts=True
    )
    rows = [*_mails(news, people, now), *_hooks(news, now)]
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)
    return [row.pk for row in rows]


def _people(news: News) -> Iterable[User]:
    """Of the audience those who are still there, and still in the workspace."""
    found = User.objects.filter(pk__in=news.audience, is_active=True)
    if news.workspace_id is None:
        return found.filter(is_staff=True)
    return found.filter(pk__in=Member.objects.filter(workspace=news.workspace).values("user"))


def _mails(news: News, people: list[User], now: datetime) -> Iterator[Delivery]:
    if not news.told.mail:
        return
    chosen = dict(Choice.objects.filter(user__in=people).values_list("user", "topics"))
    for user in people:
        if news.told.topic in chosen.get(user.pk, default_topics()):
            yield Delivery(news=news, user=user, due_at=now)


def _hooks(news: News, now: datetime) -> Iterator[Delivery]:
    if news.workspace_id is None or news.told.topic not in HOOKED:
        return
    for hook in Webhook.objects.filter(workspace=news.workspace, active=True):
        if news.told.topic in hook.topics:
            yield Delivery(news=news, webhook=hook, due_at=now)


def sweep() -> None:
    """What was lost on its way is taken up again, what is due is sent, what is old goes."""
    now = timezone.now()
    lost = News.objects.filter(spread_at=None, at__lt=now - LATE)
    for pk in lost.values_list("pk", flat=True)[:AT_ONCE]:
        spread(pk)
    due = Delivery.objects.filter(state=Delivery.State.WAITING, due_at__lt=now - LATE)
    for pk in due.order_by("due_at").values_list("pk", flat=True)[:AT_ONCE]:
        async_task(DELIVER, str(pk))
    old = News.objects.filter(at__lt=now - KEPT).values_list("pk", flat=True)[:AT_ONCE]
    News.objects.filter(pk__in=list(old)).delete()
