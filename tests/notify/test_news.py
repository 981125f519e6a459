"""Who hears of what, and that nobody hears it twice or not at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from accounts.models import Member, User, Workspace
from notify import services, spreading
from notify.kinds import KINDS, TOPICS
from notify.models import Delivery, News, Notice, Webhook
from notify.words import told

pytestmark = pytest.mark.django_db
Announce = Callable[..., News]


def test_who_it_is_for_gets_a_notice_a_mail_and_the_webhook_hears_of_it(
    announce: Announce, alice: User, bob: User, hook: Webhook
) -> None:
    news = announce()
    assert [notice.user for notice in Notice.objects.all()] == [alice]
    assert {(one.user, one.webhook) for one in Delivery.objects.all()} == {
        (alice, None),
        (None, hook),
    }
    assert told(news.kind, news.values).title == "Run 3 of “Tickets” has succeeded"
    assert "1 min 1 s" in told(news.kind, news.values).text


def test_the_same_key_is_the_same_news(announce: Announce, hook: Webhook) -> None:
    first, again = announce(), announce()
    assert first == again
    assert (Notice.objects.count(), Delivery.objects.count()) == (1, 2)


def test_it_is_queued_with_the_commit(
    workspace: Workspace, django_capture_on_commit_callbacks: Any
) -> None:
    given: dict[str, Any] = {"kind": "run.failed", "values": {}, "workspace": workspace}
    with django_capture_on_commit_callbacks(execute=True):
        services.announce(key="run:2", **given)
        assert not OrmQ.objects.exists()
    assert OrmQ.objects.get().task["func"] == services.SPREAD


def test_what_was_lost_between_commit_and_queue_is_spread_by_the_sweep(
    workspace: Workspace, alice: User
) -> None:
    given: dict[str, Any] = {"kind": "run.failed", "values": {}, "workspace": workspace}
    services.announce(key="run:2", to=[alice], **given)
    spreading.sweep()
    assert not Notice.objects.exists()  # it may be on its way
    News.objects.update(at=timezone.now() - timedelta(minutes=1))
    spreading.sweep()
    assert Notice.objects.count() == 1


def test_a_failure_to_tell_is_no_failure_of_what_is_told(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "News", None)
    services.announce(kind="run.failed", key="x", values={}, workspace=workspace)
    assert Workspace.objects.filter(pk=workspace.pk).exists()  # the transaction is still good


def test_whoever_has_left_the_workspace_hears_nothing(
    announce: Announce, bob: User, alice: User
) -> None:
    Member.objects.filter(user=bob).delete()
    announce(to=[alice, bob])
    assert [notice.user for notice in Notice.objects.all()] == [alice]


def test_mail_is_as_chosen(announce: Announce, alice: User) -> None:
    services.choose(user=alice, topics=["data", "nonsense"])
    announce()
    assert not Delivery.objects.exists()
    announce("import:1", kind="data.ready")
    assert Delivery.objects.get().user == alice


def test_what_the_person_did_brings_no_mail(announce: Announce) -> None:
    announce(kind="run.cancelled")
    assert Notice.objects.exists()
    assert not Delivery.objects.exists()


def test_a_webhook_hears_of_its_topics_while_it_is_on(announce: Announce, hook: Webhook) -> None:
    announce("import:1", kind="data.ready")
    hook.active = False
    hook.save()
    announce()
    assert not Delivery.objects.filter(webhook=hook).exists()


def test_old_news_go(announce: Announce) -> None:
    announce()
    News.objects.update(at=timezone.now() - spreading.KEPT - timedelta(days=1))
    spreading.sweep()
    assert not News.objects.exists()


def test_a_failed_run_says_why() -> None:
    problem = {"code": "run.memory", "values": {}}
    said = told("run.failed", {"number": 1, "project": "A", "problem": problem})
    assert "ran out of memory" in said.text
    assert "smaller base model" in said.text
    ours = told("run.failed", {"number": 1, "project": "A", "problem": {"incident": "7f3k2mn"}})
    assert "7f3k2mn" in ours.text


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_topic_and_words(kind: str) -> None:
    assert KINDS[kind].topic in TOPICS
    assert told(kind, {}).title
