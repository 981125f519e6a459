"""The operator's pages: what is done with runs, storage and switches from them, and in the admin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, User, Workspace
from projects.portal.models import Demo, Flag
from projects.runs.models import Run
from web import switches


def verbs() -> list[str]:
    return list(AuditEntry.objects.filter(verb__startswith="run.").values_list("verb", flat=True))


@pytest.mark.parametrize(
    ("before", "act", "after", "said"),
    [
        ("queued", "cancel", "cancelled", ["run.cancelled"]),
        ("running", "cancel", "stopping", ["run.cancelled"]),
        ("running", "requeue", "queued", ["run.requeued"]),
        ("succeeded", "cancel", "succeeded", []),
        ("succeeded", "requeue", "succeeded", []),
    ],
)
@pytest.mark.parametrize("where", ["page", "admin"])
def test_runs_are_stopped_and_put_back_through_their_services(
    operator_client: Client,
    a_run: Callable[..., Run],
    where: str,
    before: str,
    act: str,
    after: str,
    said: list[str],
) -> None:
    run = a_run(before, attempt=1, cluster="train-cpu")
    if where == "page":
        path, form = reverse("panel-run", args=[run.pk]), {"act": act}
    else:
        path = reverse("admin:runs_run_changelist")
        form = {"action": act, "_selected_action": str(run.pk)}
    page = operator_client.post(path, form, follow=True)
    run.refresh_from_db()
    assert (run.status, verbs()) == (after, said)
    levels = {message.level_tag for message in page.context["messages"]}
    assert levels == ({"success"} if said else {"warning"})


@pytest.fixture
def looker(client: Client, db: None) -> Client:
    """Of the staff, with leave to look at the operator's pages and at runs."""
    user = User.objects.create_user("looker@example.org", "secret", is_staff=True)
    granted = ("view_panel", "view_run", "view_share", "view_switchrow")
    user.user_permissions.add(*Permission.objects.filter(codename__in=granted))
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def test_who_may_look_changes_nothing(looker: Client, a_run: Callable[..., Run]) -> None:
    run = a_run("running", attempt=1)
    for path in ("/panel/", "/panel/queue/", "/panel/figures/runs.csv", "/panel/storage/"):
        assert looker.get(path).status_code == 200
    page = reverse("panel-run", args=[run.pk])
    assert "Put back into the queue" not in looker.get(page).content.decode()
    assert looker.post(page, {"act": "cancel"}).status_code == 403
    assert looker.post(reverse("panel-switch", args=["runs"]), {"on": "no"}).status_code == 403
    assert looker.post("/panel/storage/clean/").status_code == 403
    chosen = {"action": "cancel", "_selected_action": str(run.pk)}
    looker.post(reverse("admin:runs_run_changelist"), chosen)
    run.refresh_from_db()
    assert run.status == "running"
    assert switches.is_on("runs")
    assert looker.get(reverse("impersonate", args=[run.created_by_id])).status_code == 404


def test_of_the_staff_only_those_see_the_panel_who_were_given_leave(
    client: Client, db: None
) -> None:
    user = User.objects.create_user("clerk@example.org", "secret", is_staff=True)
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get("/panel/").status_code == 404
    assert client.get(reverse("bases")).status_code == 404
    assert 'href="/panel/"' not in client.get("/admin/").content.decode()


def test_switches_and_the_demo_are_changed_in_the_admin(
    operator_client: Client,
    make_everything: Callable[..., dict[str, Any]],
    workspace: Workspace,
    alice: User,
) -> None:
    path = reverse("admin:portal_switchrow_change", args=["runs"])
    operator_client.post(path, {"message_en": "Moving"})
    assert not switches.is_on("runs")
    run = make_everything(workspace, alice)["run_id"]
    operator_client.post(reverse("admin:portal_demo_add"), {"run": run, "title_en": "Ask"})
    assert Demo.objects.get().title_en == "Ask"


def test_acts_of_operators_and_shared_pages_are_only_read_in_the_admin(
    operator_client: Client,
) -> None:
    for model in ("impersonation", "share"):
        assert operator_client.get(reverse(f"admin:portal_{model}_add")).status_code == 403


def test_an_unknown_act_is_none(operator_client: Client, a_run: Callable[..., Run]) -> None:
    path = reverse("panel-run", args=[a_run("running").pk])
    assert operator_client.post(path, {"act": "delete"}).status_code == 404


def test_the_page_of_a_run_shows_no_text_of_its_data(
    operator_client: Client,
    make_everything: Callable[..., dict[str, Any]],
    workspace: Workspace,
    alice: User,
) -> None:
    run_id = make_everything(workspace, alice)["run_id"]
    page = operator_client.get(reverse("panel-run", args=[run_id]))
    assert page.status_code == 200
    assert "good canary" not in page.content.decode()


def test_intake_is_paused_with_a_message_that_people_see(
    operator_client: Client, alice_client: Client, workspace: Workspace
) -> None:
    path = reverse("panel-switch", args=["runs"])
    operator_client.post(path, {"on": "no", "message_en": "New disks until noon"})
    assert not switches.is_on("runs")
    assert "New disks until noon" in operator_client.get("/panel/queue/").content.decode()
    assert operator_client.post(reverse("panel-switch", args=["nonsense"])).status_code == 404


def test_queue_and_storage_answer_with_something_in_them(
    operator_client: Client,
    a_run: Callable[..., Run],
    make_everything: Callable[..., dict[str, Any]],
    workspace: Workspace,
    alice: User,
) -> None:
    make_everything(workspace, alice)
    a_run("queued", cluster="train-cpu")
    assert workspace.name in operator_client.get("/panel/queue/").content.decode()
    assert operator_client.get("/panel/queue/live/")["Cache-Control"] == "no-store"
    assert workspace.name in operator_client.get("/panel/storage/?look=1").content.decode()


def test_flags_of_the_admin_are_made_and_lifted_in_the_trail(
    operator_client: Client, workspace: Workspace
) -> None:
    form = {"workspace": workspace.pk, "kind": Flag.Kind.SUSPENDED, "reason": "Spam"}
    operator_client.post(reverse("admin:portal_flag_add"), form)
    flag = Flag.objects.get()
    lift = {"action": "lift", "_selected_action": str(flag.pk)}
    operator_client.post(reverse("admin:portal_flag_changelist"), lift)
    flag.refresh_from_db()
    assert flag.lifted_at
    mine = AuditEntry.objects.filter(workspace=workspace).order_by("pk")
    said = mine.filter(verb__in=("workspace.suspended", "workspace.released"))
    assert [entry.verb for entry in said] == ["workspace.suspended", "workspace.released"]


@pytest.mark.parametrize(
    "model",
    [
        "announcement",
        "switchrow",
        "flag",
        "impersonation",
        "price",
        "demo",
        "share",
        "referral",
        "count",
    ],
)
def test_every_list_of_the_admin_opens(operator_client: Client, model: str) -> None:
    path = reverse(f"admin:portal_{model}_changelist")
    assert operator_client.get(path).status_code == 200
