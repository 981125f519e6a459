"""Plans and usage in the admin."""

import uuid
from decimal import Decimal

import pytest
from django.test import Client

from accounts.models import User, Workspace
from billing.models import LedgerEntry, Plan
from billing.services import SECONDS, hold


@pytest.fixture
def admin(db: None) -> Client:
    operator = User.objects.create_superuser("operator@example.org", "secret")
    client = Client()
    client.force_login(operator, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def entry(workspace: Workspace) -> LedgerEntry:
    return LedgerEntry.objects.create(
        workspace=workspace, meter=SECONDS, amount=Decimal("61.5"), run_id=uuid.uuid4()
    )


@pytest.mark.parametrize("model", ["plan", "subscription", "ledgerentry", "hold"])
def test_lists_and_searches(
    admin: Client, workspace: Workspace, entry: LedgerEntry, model: str
) -> None:
    hold(workspace=workspace, run_id=uuid.uuid4(), project_id=uuid.uuid4())
    for query in ("", "?q=a"):
        assert admin.get(f"/admin/billing/{model}/{query}").status_code == 200


def test_limits_are_changed(admin: Client) -> None:
    form = {"name": "Free", "max_projects": "7", "max_training_minutes": "", "share": "3"}
    assert admin.post("/admin/billing/plan/free/change/", form).status_code == 302
    plan = Plan.objects.get(slug="free")
    assert (plan.max_projects, plan.max_training_minutes, plan.is_default) == (7, None, False)
    assert plan.share == 3


def test_there_is_always_one_default(admin: Client) -> None:
    page = "/admin/billing/plan/"
    admin.post(page, {"action": "make_default", "_selected_action": ["free"]})
    assert Plan.objects.get(is_default=True).slug == "free"
    admin.post(page, {"action": "make_default", "_selected_action": ["team", "internal"]})
    assert Plan.objects.get(is_default=True).slug == "free"
    assert admin.post(f"{page}free/delete/", {"post": "yes"}).status_code == 403
    assert admin.post(f"{page}team/delete/", {"post": "yes"}).status_code == 302
    chosen = {"action": "delete_selected", "_selected_action": ["free"], "post": "yes"}
    admin.post(page, chosen)
    assert Plan.objects.filter(slug="free").exists()


def test_the_ledger_can_only_be_read(admin: Client, entry: LedgerEntry) -> None:
    page = f"/admin/billing/ledgerentry/{entry.pk}/"
    assert "61.5" in admin.get(f"{page}change/").content.decode()
    assert admin.post(f"{page}change/", {"amount": "1"}).status_code == 403
    assert admin.post(f"{page}delete/", {"post": "yes"}).status_code == 403
    assert admin.get("/admin/billing/ledgerentry/add/").status_code == 403
    assert LedgerEntry.objects.get().amount == Decimal("61.5")


def test_a_workspace_with_usage_keeps_its_ledger(
    admin: Client, workspace: Workspace, entry: LedgerEntry
) -> None:
    admin.post(f"/admin/accounts/workspace/{workspace.pk}/delete/", {"post": "yes"})
    assert LedgerEntry.objects.count() == 1
