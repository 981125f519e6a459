"""Mail and webhooks on their way: signed, tried again, given up, and never twice."""

from __future__ import annotations

import json
import smtplib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import User
from notify import mailing, outgoing, sending, services, signing, spreading, webhooks
from notify.models import Delivery, News, Notice, Webhook
from notify.outgoing import Answer, Unreached

pytestmark = pytest.mark.django_db
Announce = Callable[..., News]


@pytest.fixture
def to_hook(announce: Announce, hook: Webhook) -> Delivery:
    announce()
    return Delivery.objects.get(webhook=hook)


@pytest.fixture
def to_alice(announce: Announce) -> Delivery:
    announce()
    return Delivery.objects.get(user__isnull=False)


def due(delivery: Delivery) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(due_at=timezone.now() - timedelta(seconds=1))


def answering(monkeypatch: pytest.MonkeyPatch, *answers: Any) -> None:
    """The receiver's answers, one after another; the last one stays."""
    left = list(answers)

    def post(*args: Any, **given: Any) -> Answer:
        said = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(said, Exception):
            raise said
        return Answer(said, "<b>no</b>\x00", 0.2)

    monkeypatch.setattr(outgoing, "post", post)


def test_a_webhook_gets_a_signed_message(
    to_hook: Delivery, hook: Webhook, asked: list[Any], settings: Any
) -> None:
    settings.SITE_URL = "https://attune.example.org"
    sending.deliver(to_hook.pk)
    ((url, body, headers),) = asked
    assert url == hook.url
    said = json.loads(body)
    assert (said["type"], said["workspace"]) == ("run.succeeded", "alice")
    assert said["url"] == "https://attune.example.org/w/alice/"
    assert said["data"]["number"] == 3
    signature = signing.sign(
        signing.secret(hook), headers["webhook-id"], int(headers["webhook-timestamp"]), body
    )
    assert headers["webhook-signature"] == f"v1,{signature}"
    to_hook.refresh_from_db()
    assert (to_hook.state, to_hook.status, to_hook.said) == ("done", 200, "thanks")


def test_the_signature_is_that_of_standard_webhooks() -> None:
    """The example of its specification."""
    signature = signing.sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert signature == "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_new_secret_is_another_one(hook: Webhook) -> None:
    before = signing.secret(hook)
    assert signing.secret(webhooks.change_secret(hook=hook)) != before


def test_it_is_sent_once_although_delivered_twice(to_hook: Delivery, asked: list[Any]) -> None:
    sending.deliver(to_hook.pk)
    sending.deliver(to_hook.pk)
    assert len(asked) == 1


def test_what_fails_is_tried_again_later_and_later(
    to_hook: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, 500, Unreached("connection refused"), 302, 200)
    waits = []
    for _try in range(4):
        begin = timezone.now()
        sending.deliver(to_hook.pk)
        to_hook.refresh_from_db()
        waits.append(round((to_hook.due_at - begin).total_seconds()))
        due(to_hook)
    assert waits[:3] == [60, 300, 1800]
    assert (to_hook.state, to_hook.attempts) == ("done", 4)


def test_a_redirect_is_a_failure_and_the_answer_is_shown_as_text(
    to_hook: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, 302)
    sending.deliver(to_hook.pk)
    to_hook.refresh_from_db()
    assert (to_hook.state, to_hook.status, to_hook.said) == ("waiting", 302, "<b>no</b>")


def test_after_five_more_tries_it_has_failed_and_in_the_end_the_webhook_is_switched_off(
    announce: Announce, hook: Webhook, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, Unreached("no answer within 10 seconds"))
    for number in range(sending.GIVE_UP):
        announce(f"run:{number}")
        delivery = Delivery.objects.get(webhook=hook, news__key=f"run:{number}")
        for _try in range(len(sending.WAITS) + 1):
            assert delivery.state == "waiting"
            sending.deliver(delivery.pk)
            due(delivery)
            delivery.refresh_from_db()
        assert (delivery.state, delivery.said) == ("failed", "no answer within 10 seconds")
    hook.refresh_from_db()
    assert (hook.active, hook.failures) == (False, sending.GIVE_UP)
    news = News.objects.get(kind="webhook.off")
    spreading.spread(news.pk)
    assert Notice.objects.get(news=news).user == alice


def test_one_that_arrives_ends_the_count_of_failures(to_hook: Delivery, hook: Webhook) -> None:
    Webhook.objects.update(failures=4)
    sending.deliver(to_hook.pk)
    hook.refresh_from_db()
    assert hook.failures == 0


def test_a_test_goes_to_a_webhook_that_is_switched_off(hook: Webhook, asked: list[Any]) -> None:
    webhooks.change(hook=hook, active=False)
    sending.deliver(webhooks.test(hook=hook).pk)
    assert json.loads(asked[0][1])["type"] == "ping"


def test_try_now_starts_over(to_hook: Delivery, asked: list[Any]) -> None:
    Delivery.objects.update(state="failed", attempts=6)
    webhooks.again(delivery=to_hook)
    sending.deliver(to_hook.pk)
    assert len(asked) == 1


def test_mail_says_it_in_words_and_how_to_end_it(to_alice: Delivery, alice: User) -> None:
    services.choose(user=alice, topics=["run", "plan"], language="en")
    sending.deliver(to_alice.pk)
    (letter,) = mail.outbox
    assert letter.subject == "Run 3 of “Tickets” has succeeded"
    assert letter.to == [alice.email]
    assert "/w/alice/" in letter.body
    assert letter.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert letter.extra_headers["List-Unsubscribe"].strip("<>") in letter.body


def test_a_name_cannot_add_a_header(announce: Announce, alice: User) -> None:
    news = announce(values={"number": 1, "project": "A\nBcc: eve@example.org", "seconds": 1})
    assert "\n" not in mailing.written(news, alice).subject


def test_mail_waits_while_the_server_is_down(
    to_alice: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(news: News, user: User) -> None:
        raise smtplib.SMTPServerDisconnected("gone")

    monkeypatch.setattr(mailing, "send", refuse)
    sending.deliver(to_alice.pk)
    to_alice.refresh_from_db()
    assert (to_alice.state, to_alice.said) == ("waiting", "gone")
    monkeypatch.undo()
    due(to_alice)
    sending.deliver(to_alice.pk)
    assert len(mail.outbox) == 1
