"""An operator acts as somebody else: for a reason, for a while, and never with what is the person's own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, Invitation, User, Workspace
from projects.models import Project
from projects.portal import impersonating
from projects.portal.models import Impersonation
from training.problems import Problem


def begin(client: Client, user: User, reason: str = "Ticket 4711: sees no runs") -> Any:
    return client.post(f"/panel/act-as/{user.pk}/", {"reason": reason})


def test_it_shows_what_the_person_sees(
    operator_client: Client, alice: User, workspace: Workspace
) -> None:
    assert operator_client.get(f"/w/{workspace.slug}/").status_code == 404
    assert begin(operator_client, alice).status_code == 302
    page = operator_client.get(f"/w/{workspace.slug}/")
    assert page.status_code == 200
    assert "alice@example.org" in page.content.decode()
    assert "/panel/act-as/stop/" in page.content.decode()


def test_begin_and_end_are_written_down_once(
    operator_client: Client, operator: User, alice: User, workspace: Workspace
) -> None:
    begin(operator_client, alice)
    for _twice in range(2):
        operator_client.post("/panel/act-as/stop/")
    mine = AuditEntry.objects.filter(workspace=workspace, verb__startswith="impersonation.")
    said = [(entry.verb, entry.user) for entry in mine.order_by("at", "pk")]
    assert said == [("impersonation.started", operator), ("impersonation.ended", operator)]
    assert mine.first().values["reason"] == "Ticket 4711: sees no runs"  # type: ignore[union-attr]
    assert operator_client.get("/panel/").status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/accounts/password/change/"),
        ("get", "/accounts/email/"),
        ("post", "/w/alice/tokens/"),
        ("post", "/w/alice/settings/name/"),
        ("get", "/w/alice/webhooks/"),
        ("post", "/api/v1/workspaces/alice/webhooks/"),
        ("get", "/admin/"),
        ("get", "/panel/"),
    ],
)
def test_what_is_the_persons_own_is_refused(
    operator_client: Client, alice: User, method: str, path: str
) -> None:
    begin(operator_client, alice)
    answer = getattr(operator_client, method)(path, {"name": "Mine now"})
    assert answer.status_code in (302, 403, 404)
    assert "/panel" not in answer.headers.get("Location", "")
    assert Workspace.objects.get(slug="alice").name == "alice"


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("post", "project-people"),
        ("post", "project-invite"),
        ("post", "project-delete"),
        ("delete", "api-project"),
    ],
)
def test_who_sees_a_project_and_its_end_stay_the_persons_own(
    operator_client: Client, alice: User, project: Project, method: str, name: str
) -> None:
    begin(operator_client, alice)
    ids = {"project_id": project.pk}
    ids |= {} if name.startswith("api") else {"slug": project.workspace.slug}
    answer = getattr(operator_client, method)(
        reverse(name, kwargs=ids), {"who": "chosen", "emails": "spy@example.org", "role": "editor"}
    )
    assert answer.status_code == 403
    project.refresh_from_db()
    assert not project.restricted
    assert not Invitation.objects.exists()
    assert Impersonation.objects.get().changes == 0


def test_work_can_be_done_and_is_counted(
    operator_client: Client, alice: User, workspace: Workspace
) -> None:
    begin(operator_client, alice)
    form = {"name": "New", "task": "text-classification"}
    assert operator_client.post(f"/w/{workspace.slug}/new/", form).status_code == 302
    assert workspace.projects.get().created_by == alice
    assert Impersonation.objects.get().changes == 1


@pytest.mark.parametrize("reason", ["", "    ", "why"])
def test_it_wants_a_reason(operator_client: Client, alice: User, reason: str) -> None:
    assert begin(operator_client, alice, reason).status_code == 422
    assert not Impersonation.objects.exists()


def test_nobody_acts_as_another_operator(operator_client: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    assert begin(operator_client, alice).status_code == 422


def test_people_cannot_act_as_each_other(alice: User, charlie: User, client: Client) -> None:
    given: Any = {"operator": charlie, "user": alice, "session": client.session}
    with pytest.raises(Problem, match="not allowed"):
        impersonating.start(reason="to see", **given)


def test_it_ends_with_its_time(operator_client: Client, alice: User, workspace: Workspace) -> None:
    begin(operator_client, alice)
    Impersonation.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert operator_client.get(f"/w/{workspace.slug}/").status_code == 404
    found = Impersonation.objects.get()
    assert (found.how, found.ended_at is None) == ("expired", False)


def test_it_ends_when_the_person_becomes_an_operator(
    operator_client: Client, alice: User, workspace: Workspace
) -> None:
    begin(operator_client, alice)
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    assert operator_client.get(f"/w/{workspace.slug}/").status_code == 404
    assert Impersonation.objects.get().how == "refused"


def test_the_row_of_another_operator_opens_nothing(
    operator_client: Client, alice: User, alice_client: Client, charlies_workspace: Workspace
) -> None:
    """A session that names a row which is not its own user's is its own user's."""
    begin(operator_client, alice)
    session = alice_client.session
    session[impersonating.KEY] = str(Impersonation.objects.get().pk)
    session.save()
    assert alice_client.get(f"/w/{charlies_workspace.slug}/").status_code == 404


def test_the_sweep_ends_what_nobody_came_back_to(operator_client: Client, alice: User) -> None:
    begin(operator_client, alice)
    Impersonation.objects.update(until=timezone.now() - timedelta(seconds=1))
    impersonating.sweep()
    assert Impersonation.objects.get().how == "expired"
