"""Sends one piece of news: as mail, or to a webhook. What fails is tried again, later each time."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from datetime import timedelta
from smtplib import SMTPException
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from notify import mailing, outgoing, signing
from notify.kinds import PING
from notify.models import Delivery, News, Webhook
from notify.services import announce, owners
from notify.words import told
from training.problems import Problem

log = logging.getLogger(__name__)
# Seconds from one try to the next; after the last one it has failed.
WAITS = (60, 5 * 60, 30 * 60, 2 * 3600, 6 * 3600)
GIVE_UP = 5  # deliveries in a row that failed for good: the webhook is switched off
SHOWN = 500  # characters of an answer


def deliver(delivery_id: UUID | str) -> None:
    """Tries once. Called twice at once, the second does nothing."""
    related = Delivery.objects.select_related("news__workspace", "webhook", "user")
    found = related.filter(pk=delivery_id).first()
    if found is None or not _claim(found):
        return
    if found.webhook is not None and not found.webhook.active and found.news.kind != PING:
        _end(found, Delivery.State.FAILED, said="The webhook is switched off.")
        return
    _try(found, _send_hook if found.webhook else _send_mail)


def _claim(delivery: Delivery) -> bool:
    """Raises the number of tries, and sets when the next is due: a worker that dies here has only lost one."""
    tried = delivery.attempts
    wait = WAITS[min(tried, len(WAITS) - 1)]
    waiting = Delivery.objects.filter(
        pk=delivery.pk, state=Delivery.State.WAITING, attempts=tried, due_at__lte=timezone.now()
    )
    delivery.attempts = tried + 1
    return bool(waiting.update(attempts=tried + 1, due_at=timezone.now() + timedelta(seconds=wait)))


def _try(delivery: Delivery, send: Callable[[Delivery], dict[str, Any]]) -> None:
    try:
        said = send(delivery)
    except (outgoing.Unreached, OSError, SMTPException) as error:
        said = {"said": str(error) or type(error).__name__}
    except Problem as problem:
        said = {"said": str(problem)}
    except Exception as error:
        # Ours; tried again like the rest, so that a mended site still sends it.
        log.exception("Delivery %s failed", delivery.pk)
        said = {"said": type(error).__name__}
    if said.pop("done", False):
        _end(delivery, Delivery.State.DONE, **said)
    elif delivery.attempts > len(WAITS):
        _end(delivery, Delivery.State.FAILED, **said)
    else:
        _held(delivery).update(**_short(said))


def _held(delivery: Delivery) -> Any:
    return Delivery.objects.filter(
        pk=delivery.pk, attempts=delivery.attempts, state=Delivery.State.WAITING
    )


def _short(said: dict[str, Any]) -> dict[str, Any]:
    text = "".join(
        letter for letter in said.get("said", "") if letter.isprintable() or letter == " "
    )
    return said | {"said": text[:SHOWN]}


def _end(delivery: Delivery, state: str, **said: Any) -> None:
    ended = _held(delivery).update(state=state, ended_at=timezone.now(), **_short(said))
    if not ended or delivery.webhook is None or delivery.news.kind == PING:
        return
    hook = Webhook.objects.filter(pk=delivery.webhook.pk)
    if state == Delivery.State.DONE:
        hook.update(failures=0)
    else:
        hook.update(failures=F("failures") + 1)
        _switch_off(delivery.webhook)


def _switch_off(hook: Webhook) -> None:
    """One that nobody answers any more is left alone, and its owners are told."""
    dead = Webhook.objects.filter(pk=hook.pk, active=True, failures__gte=GIVE_UP)
    if dead.update(active=False):
        values = {"workspace_name": hook.workspace.name, "url": hook.url}
        announce(
            kind="webhook.off",
            key=f"webhook.off:{hook.pk}:{int(time.time())}",
            values=values,
            workspace=hook.workspace,
            to=owners(hook.workspace),
            path=f"/w/{hook.workspace.slug}/webhooks/{hook.pk}/",
        )


def message(news: News) -> bytes:
    """The body of a webhook: what the documentation shows."""
    words = told(news.kind, news.values)
    workspace = news.workspace.slug if news.workspace else None
    content = {
        "type": news.kind,
        "timestamp": news.at.isoformat(),
        "workspace": workspace,
        "title": words.title,
        "url": settings.SITE_URL + news.path if news.path else "",
        "data": news.values,
    }
    return json.dumps(content, ensure_ascii=False).encode()


def _send_hook(delivery: Delivery) -> dict[str, Any]:
    hook, body = delivery.webhook, message(delivery.news)
    assert hook is not None  # noqa: S101  (deliver has looked)
    signed = signing.headers(signing.secret(hook), str(delivery.pk), int(time.time()), body)
    sent = {"Content-Type": "application/json", "User-Agent": "Attune-Webhook/1", **signed}
    answer = outgoing.post(hook.url, body, sent, private=settings.WEBHOOKS_PRIVATE)
    said = {"status": answer.status, "said": answer.text, "seconds": round(answer.seconds, 3)}
    return said | {"done": 200 <= answer.status < 300}


def _send_mail(delivery: Delivery) -> dict[str, Any]:
    assert delivery.user is not None  # noqa: S101  (it is either the one or the other)
    begin = time.monotonic()
    mailing.send(delivery.news, delivery.user)
    return {"done": True, "seconds": round(time.monotonic() - begin, 3)}
