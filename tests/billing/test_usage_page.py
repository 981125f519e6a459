"""The usage page of a workspace: its plan, and what is left of it."""

import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User, Workspace
from billing import reports, usage, words
from billing.models import LedgerEntry, Plan, Subscription
from billing.services import Meter, allowance
from projects.models import Project


@pytest.fixture
def url(workspace: Workspace) -> str:
    return f"/w/{workspace.slug}/settings/usage/"


@pytest.fixture
def used(workspace: Workspace, alice: User) -> Project:
    """A project that has used ninety minutes today."""
    given: dict[str, Any] = {"workspace": workspace, "task": "text-classification"}
    project = Project.objects.create(name="Tickets", created_by=alice, **given)
    LedgerEntry.objects.create(
        workspace=workspace, project_id=project.pk, run_id=uuid.uuid4(), amount=5400,
        meter="training_seconds",
    )  # fmt: skip
    return project


def text_of(response: Any, name: str) -> str:
    """The words of one meter."""
    html = response.content.decode()
    found = re.search(rf'id="meter-{name}".*?(?=id="meter-|</section>)', html, re.S)
    assert found
    return " ".join(re.sub(r"<[^>]*>", " ", found[0]).replace("\xa0", " ").split())


def test_it_works(alice_client: Client, url: str) -> None:
    response = alice_client.get(url)
    assert response.status_code == 200
    html = response.content.decode()
    assert "Internal" in html
    assert "unlimited" in text_of(response, "projects")


def test_it_shows_what_is_left(
    alice_client: Client, url: str, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Plan.objects.create(
        slug="tight", name="Tight", max_projects=4, max_rows=10_000, max_storage_bytes=2 * 1024**2
    )
    Subscription.objects.filter(workspace=workspace).update(plan=plan)
    monkeypatch.setitem(usage._COUNTS, "projects", lambda workspace: 3)
    monkeypatch.setitem(usage._COUNTS, "storage", lambda workspace: 1024**2)
    response = alice_client.get(url)
    assert "3 of 4" in text_of(response, "projects")
    assert "1 left" in text_of(response, "projects")
    assert "1.0 MB of 2.0 MB" in text_of(response, "storage")
    assert "up to 10,000" in text_of(response, "rows")


@pytest.mark.parametrize(
    ("limit", "used", "tone"), [(10, 7, ""), (10, 8, "warn"), (10, 12, "bad"), (None, 9, "")]
)
def test_a_bar_warns_when_little_is_left(limit: int | None, used: int, tone: str) -> None:
    line = words.line(Meter("projects", limit, used))
    assert line.tone == tone
    assert line.used is None or line.limit is None or line.used <= line.limit


def test_it_checks_ownership(charlie_client: Client, client: Client, url: str) -> None:
    assert charlie_client.get(url).status_code == 404
    assert client.get(url).status_code == 302


def test_it_rejects_post(alice_client: Client, url: str) -> None:
    assert alice_client.post(url).status_code == 405


def test_it_shows_what_was_used_by_project_day_and_meter(
    alice_client: Client, url: str, workspace: Workspace, used: Project
) -> None:
    page = alice_client.get(url).content.decode()
    assert "Tickets" in page
    assert "90.0" in page  # minutes
    assert "data-chart" in page
    chart = alice_client.get(f"{url}chart/training_seconds/").json()
    assert [bar["name"] for bar in chart["data"]] == ["Tickets"]
    assert sum(chart["data"][0]["y"]) == 90
    file = alice_client.get(f"{url}file/").content.decode().splitlines()
    assert file[0] == "day,project,project_id,meter,amount,beyond,cost_USD_minor"
    assert file[1].split(",")[1:] == [
        "Tickets",
        str(used.pk),
        "training_seconds",
        "5400.000",
        "0.000",
        "0.0000",
    ]
    assert alice_client.get(f"{url}?month=1999-01").status_code == 200
    assert alice_client.get(f"{url}chart/nonsense/").status_code == 404


def test_it_expects_the_mean_of_late_for_each_day_to_come(
    workspace: Workspace, used: Project
) -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    LedgerEntry.objects.create(
        workspace=workspace, meter="gpu_seconds", amount=3000, at=now - timedelta(days=10)
    )
    found = {one.name: one for one in reports.forecast(workspace, allowance(workspace), now)}
    # 50 minutes in ten days: five a day, for ten days more.
    assert (found["gpu_minutes"].expected, found["gpu_minutes"].days) == (100, 10)


def test_a_cap_is_set_by_whoever_may_pay(
    alice_client: Client, bob_client: Client, url: str, workspace: Workspace
) -> None:
    plan = Plan.objects.create(slug="priced", name="Priced", price_minute=2)
    Subscription.objects.filter(workspace=workspace).update(plan=plan)
    assert 'name="cap"' in alice_client.get(url).content.decode()
    assert 'name="cap"' not in bob_client.get(url).content.decode()
    alice_client.post(f"{url}cap/", {"cap": "12.50"})
    assert bob_client.post(f"{url}cap/", {"cap": "99"}).status_code == 403
    alice_client.post(f"{url}cap/", {"cap": "-1"})
    assert Subscription.objects.get(workspace=workspace).spending_cap == 1250


def test_the_api_says_the_same(api: APIClient, workspace: Workspace, used: Project) -> None:
    assert api.get("/api/v1/plans/").json() == []
    place = f"/api/v1/workspaces/{workspace.slug}"
    limits = api.get(f"{place}/limits/").json()
    assert (limits["plan"], limits["spending_cap"]) == ("internal", 0)
    minutes = next(one for one in limits["limits"] if one["name"] == "minutes")
    assert (minutes["used"], minutes["limit"], minutes["left"]) == (90, None, None)
    (row,) = api.get(f"{place}/usage/").json()["rows"]
    assert (row["project"], row["amount"], row["meter"]) == ("Tickets", 5400, "training_seconds")
    set_to = api.put(f"{place}/spending-cap/", {"spending_cap": 700}, format="json").json()
    assert set_to["spending_cap"] == 700
    Plan.objects.filter(pk="internal").update(is_default=False)
    Plan.objects.filter(pk="free").update(is_default=True)
    offered = api.get("/api/v1/plans/").json()
    assert [one["family"] for one in offered] == ["free", "starter", "team", "enterprise"]
    assert offered[1]["overage"]["training_seconds"] == "2.0000"
