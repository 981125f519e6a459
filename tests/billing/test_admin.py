"""Plans and usage in the admin."""

import json
import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry, User, Workspace
from billing.models import LedgerEntry, Plan
from billing.services import SECONDS, hold, limits_of, plan_of


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


@pytest.mark.parametrize(
    "model", ["plan", "subscription", "ledgerentry", "hold", "balance", "override"]
)
def test_lists_and_searches(
    admin: Client, workspace: Workspace, entry: LedgerEntry, model: str
) -> None:
    hold(workspace=workspace, run_id=uuid.uuid4(), project_id=uuid.uuid4())
    for query in ("", "?q=a"):
        assert admin.get(f"/admin/billing/{model}/{query}").status_code == 200


def form_of(plan: Plan, **changes: Any) -> dict[str, Any]:
    """What the page of the plan would send."""
    form = {
        name: "" if value is None else value
        for name, value in Plan.objects.values().get(pk=plan.pk).items()
    }
    form["bases"] = json.dumps(plan.bases)
    form["public"] = "on" if plan.public else ""
    return {**form, **changes}


def test_limits_of_an_unused_plan_are_changed(admin: Client) -> None:
    free = Plan.objects.get(slug="free")
    form = form_of(free, max_projects="7", max_training_minutes="", share="3", features=["search"])
    assert admin.post("/admin/billing/plan/free/change/", form).status_code == 302
    free.refresh_from_db()
    assert (free.max_projects, free.max_training_minutes, free.is_default) == (7, None, False)
    assert (free.share, free.version, free.features) == (3, 1, ["search"])


def test_the_edit_of_a_used_plan_is_its_next_version_and_subscribers_are_moved(
    admin: Client, workspace: Workspace
) -> None:
    internal = plan_of(workspace)
    form = form_of(internal, max_projects="7")
    answer = admin.post("/admin/billing/plan/internal/change/", form, follow=True)
    assert "Version 2 was made of it" in answer.content.decode()
    made = Plan.objects.get(family="internal", version=2)
    assert (made.max_projects, made.is_default, plan_of(workspace)) == (7, True, internal)
    internal.refresh_from_db()
    assert internal.max_projects is None
    page = {"action": "move_subscribers", "_selected_action": ["internal"]}
    admin.post("/admin/billing/plan/", page)
    assert plan_of(workspace) == made
    moved = AuditEntry.objects.get(verb="plan.changed", workspace=workspace)
    assert moved.values == {"before": "internal", "after": "internal-v2"}
    made.refresh_from_db()
    made.max_rows = 1
    with pytest.raises(TypeError, match="is in use: max_rows stay"):
        made.save()


def test_an_override_is_given_with_a_reason_and_audited(
    admin: Client, workspace: Workspace
) -> None:
    form = {"workspace": workspace.pk, "name": "projects", "value": "2", "reason": "a pilot"}
    answer = admin.post("/admin/billing/override/add/", form)
    assert answer.status_code == 302
    assert limits_of(workspace)["projects"] == 2
    assert AuditEntry.objects.get(verb="plan.override").values["reason"] == "a pilot"


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
