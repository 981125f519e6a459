"""The list and its bell, the choice of mail, the way out of it, and the pages of webhooks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User, Workspace
from notify import outgoing, services, signing
from notify.kinds import TOPICS
from notify.models import Delivery, News, Notice, Webhook
from notify.selectors import choice_of

pytestmark = pytest.mark.django_db
Announce = Callable[..., News]


def test_the_list_shows_what_is_ones_own(
    alice_client: Client, bob_client: Client, announce: Announce
) -> None:
    announce()
    assert (
        "Run 3 of “Tickets” has succeeded" in alice_client.get("/notifications/").content.decode()
    )
    assert "Nothing yet" in bob_client.get("/notifications/").content.decode()


def test_text_of_users_is_text(alice_client: Client, announce: Announce) -> None:
    announce(values={"number": 1, "project": "<script>alert(1)</script>", "seconds": 1})
    assert b"<script>alert" not in alice_client.get("/notifications/").content


def test_the_bell_counts_and_costs_nothing_while_the_count_stays(
    alice_client: Client, announce: Announce, django_assert_num_queries: Any
) -> None:
    announce()
    said = alice_client.get("/notifications/new.json?unread=0").json()
    assert said["unread"] == 1
    assert said["newest"]["title"] == "Run 3 of “Tickets” has succeeded"
    with django_assert_num_queries(3):
        assert alice_client.get("/notifications/new.json?unread=1").status_code == 204
    assert 'data-unread="1"' in alice_client.get("/notifications/settings/").content.decode()


def test_opening_one_marks_it_read_and_leads_to_the_page(
    alice_client: Client, announce: Announce
) -> None:
    announce()
    notice = Notice.objects.get()
    answer = alice_client.post(f"/notifications/{notice.pk}/open/")
    assert answer.headers["Location"] == "/w/alice/"
    notice.refresh_from_db()
    assert notice.read_at is not None


def test_all_can_be_marked_read(alice_client: Client, announce: Announce, alice: User) -> None:
    announce("a")
    announce("b")
    alice_client.post("/notifications/read/")
    assert not Notice.objects.filter(read_at=None).exists()


def test_what_mail_to_get_is_chosen(alice_client: Client, alice: User) -> None:
    assert choice_of(alice).topics == [name for name, topic in TOPICS.items() if topic.mail]
    given = {"topics": ["data"], "language": "zh-hans"}
    assert alice_client.post("/notifications/settings/", given).status_code == 302
    assert (choice_of(alice).topics, choice_of(alice).language) == (["data"], "zh-hans")
    alice_client.post("/notifications/settings/", {})
    assert choice_of(alice).topics == []


def test_mail_ends_without_signing_in(client: Client, alice: User) -> None:
    """GET asks first, since programs that look for viruses open links; POST is what mail programs send."""
    url = f"/notifications/off/{signing.off_token(alice, 'run')}/"
    assert client.get(url).status_code == 200
    assert "run" in choice_of(alice).topics
    outside = Client(enforce_csrf_checks=True)
    assert outside.post(url, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert choice_of(alice).topics == ["plan", "tips", "bills", "site"]
    assert client.post(url[:-3] + "xx/").status_code == 404


def test_an_owner_adds_changes_and_deletes_a_webhook(
    alice_client: Client, workspace: Workspace
) -> None:
    page = "/w/alice/webhooks/"
    given = {"url": "https://receiver.example.org/in", "topics": ["run", "plan"]}
    made = alice_client.post(page, given)
    hook = Webhook.objects.get()
    assert made.headers["Location"] == f"{page}{hook.pk}/"
    assert hook.topics == ["run", "plan"]
    shown = alice_client.get(f"{page}{hook.pk}/").content.decode()
    assert signing.secret(hook) in shown
    assert "receiver.example.org" in alice_client.get(page).content.decode()
    changed = {"url": hook.url, "topics": ["data"]}
    alice_client.post(f"{page}{hook.pk}/", changed)
    alice_client.post(f"{page}{hook.pk}/switch/")
    hook.refresh_from_db()
    assert (hook.topics, hook.active) == (["data"], False)
    alice_client.post(f"{page}{hook.pk}/delete/")
    assert not Webhook.objects.exists()


@pytest.mark.parametrize(
    "given",
    [
        {"url": "http://receiver.example.org/", "topics": ["run"]},
        {"url": "https://receiver.example.org/"},
        {"url": "https://receiver.example.org/", "topics": ["site"]},
    ],
)
def test_what_will_not_do_is_said_and_kept(alice_client: Client, given: Any) -> None:
    answer = alice_client.post("/w/alice/webhooks/", given)
    assert answer.status_code == 422
    assert given["url"] in answer.content.decode()
    assert not Webhook.objects.exists()


def test_an_address_in_a_private_network_is_said(
    alice_client: Client, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr(outgoing, "_resolved", lambda host, port: ["10.0.0.7"])
    given = {"url": "https://intranet.example.org/", "topics": ["run"]}
    answer = alice_client.post("/w/alice/webhooks/", given)
    assert "private network" in answer.content.decode()
    settings.WEBHOOKS_PRIVATE = True
    assert alice_client.post("/w/alice/webhooks/", given).status_code == 302


def test_a_workspace_has_few_of_them(alice_client: Client, workspace: Workspace) -> None:
    for number in range(10):
        Webhook.objects.create(workspace=workspace, url=f"https://{number}.example.org/")
    given = {"url": "https://receiver.example.org/", "topics": ["run"]}
    assert "at most 10 webhooks" in alice_client.post("/w/alice/webhooks/", given).content.decode()
    assert workspace.webhooks.count() == 10


def test_the_log_is_asked_for_anew_until_the_test_was_tried(
    alice_client: Client, hook: Webhook
) -> None:
    page = f"/w/alice/webhooks/{hook.pk}/"
    alice_client.post(f"{page}test/")
    assert "every 2s" in alice_client.get(f"{page}log/").content.decode()
    given = {"attempts": 1, "status": 500, "said": "<b>oops</b>", "seconds": 0.2}
    Delivery.objects.update(**given)
    shown = alice_client.get(f"{page}log/").content.decode()
    assert "every 2s" not in shown
    assert "&lt;b&gt;oops" in shown
    assert "Try now" in shown


def test_a_new_secret(alice_client: Client, hook: Webhook) -> None:
    before = signing.secret(hook)
    alice_client.post(f"/w/alice/webhooks/{hook.pk}/secret/")
    hook.refresh_from_db()
    assert signing.secret(hook) != before


def test_whoever_left_sees_the_news_of_the_workspace_no_more(
    bob_client: Client, bob: User, announce: Announce
) -> None:
    announce(to=[bob])
    assert "Tickets" in bob_client.get("/notifications/").content.decode()
    bob.memberships.exclude(role="owner").delete()
    assert "Tickets" not in bob_client.get("/notifications/").content.decode()
    assert services.mark_read(user=bob) == 1
