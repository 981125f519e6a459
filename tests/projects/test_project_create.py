"""The page and the endpoint that make a project."""

from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import Workspace
from billing.models import Plan
from billing.services import plan_of
from projects.models import Project

NEW = {"name": "Tickets by topic", "task": "text-classification"}


def url(workspace: Workspace) -> str:
    return f"/w/{workspace.slug}/new/"


def test_it_works(alice_client: Client, workspace: Workspace) -> None:
    response = alice_client.post(url(workspace), NEW)
    project = Project.objects.get()
    assert (project.name, project.task, project.workspace) == (*NEW.values(), workspace)
    assert response["Location"] == f"/w/{workspace.slug}/p/{project.pk}/"


def test_it_offers_every_task(alice_client: Client, workspace: Workspace) -> None:
    page = alice_client.get(url(workspace)).content.decode()
    assert page.count('type="radio"') == 8
    assert "data only for now" not in page


@pytest.mark.parametrize("task", ["nonsense", ""])
def test_it_rejects_a_task_that_is_not_there(
    alice_client: Client, workspace: Workspace, task: str
) -> None:
    response = alice_client.post(url(workspace), {**NEW, "task": task})
    assert response.status_code == 422
    assert not Project.objects.exists()


@pytest.mark.parametrize("name", ["", "   ", "x" * 121, "\u202e"])
def test_it_rejects_a_name_that_will_not_do(
    alice_client: Client, workspace: Workspace, name: str
) -> None:
    assert alice_client.post(url(workspace), {**NEW, "name": name}).status_code == 422
    assert not Project.objects.exists()


@pytest.mark.parametrize(
    "name", ["工单分类", "<script>alert(1)</script>", "👨‍👩‍👧 family", "Ä" * 120]
)
def test_it_keeps_any_script_and_shows_it_as_text(
    alice_client: Client, workspace: Workspace, name: str
) -> None:
    alice_client.post(url(workspace), {**NEW, "name": name})
    assert Project.objects.get().name == name
    assert b"<script>alert" not in alice_client.get(f"/w/{workspace.slug}/").content


def test_it_stops_at_the_plan(alice_client: Client, workspace: Workspace) -> None:
    plan = plan_of(workspace)
    Plan.objects.filter(pk=plan.pk).update(max_projects=1)
    alice_client.post(url(workspace), NEW)
    response = alice_client.post(url(workspace), NEW)
    assert response.status_code == 422
    assert b"No project left in your plan" in response.content
    assert Project.objects.count() == 1


def test_a_member_may_and_a_viewer_may_not(
    bob_client: Client, vera_client: Client, workspace: Workspace
) -> None:
    assert vera_client.post(url(workspace), NEW).status_code == 403
    assert bob_client.post(url(workspace), NEW).status_code == 302


def test_it_checks_ownership(charlie_client: Client, workspace: Workspace) -> None:
    assert charlie_client.post(url(workspace), NEW).status_code == 404
    assert not Project.objects.exists()


def test_the_api_works(api: APIClient, workspace: Workspace) -> None:
    response = api.post("/api/v1/projects/", {"name": "By API"}, format="json")
    assert response.status_code == 201
    assert response.json()["workspace"] == workspace.slug
    assert [row["name"] for row in api.get("/api/v1/projects/").json()["results"]] == ["By API"]


@pytest.mark.parametrize(
    ("body", "status"),
    [({}, 400), ({"name": 5, "task": []}, 400), ({"name": "x", "task": "nonsense"}, 422)],
)
def test_the_api_says_what_is_wrong(api: APIClient, body: Any, status: int) -> None:
    response = api.post("/api/v1/projects/", body, format="json")
    assert response.status_code == status
    assert {"code", "title", "remedy"} <= set(response.json())


def test_a_token_opens_its_own_workspace_only(
    api: APIClient, charlies_workspace: Workspace
) -> None:
    body = {**NEW, "workspace": charlies_workspace.slug}
    assert api.post("/api/v1/projects/", body, format="json").status_code == 404
