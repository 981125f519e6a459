"""How a workspace stands with its payments, in one word; and the one place where read-only is decided."""

from __future__ import annotations

from typing import Any

from accounts.access import Action
from accounts.models import Workspace
from billing.models import Subscription
from billing.offers import billing_page
from billing.subscriptions.table import READ_ONLY, Status
from training.problems import Problem

# What begins something new or changes what is there. To look, to take away and to pay stay open.
BEGINS = frozenset({Action.EDIT, Action.TRAIN, Action.LABEL})
# Of those, what only ends or removes something: it stays possible.
ENDS = frozenset(
    {
        *("run-cancel", "run-pause", "api-run-cancel", "api-run-pause"),
        *("project-delete", "pool-delete"),
    }
)


def check(request: Any, workspace: Workspace, action: Action) -> None:
    """Registered with accounts.access: pages and API ask here before they begin anything. Raises Problem."""
    if action not in BEGINS or request.method in ("GET", "HEAD", "OPTIONS"):
        return
    match = getattr(request, "resolver_match", None)
    removes = request.method == "DELETE" or (match is not None and match.view_name in ENDS)
    if not removes:
        require_open(workspace)


def require_open(workspace: Workspace) -> None:
    """Raises Problem(`plan.read_only`, `plan.ended`) where nothing new may begin."""
    found = Subscription.objects.filter(workspace=workspace, status__in=READ_ONLY)
    state = found.values_list("status", flat=True).first()
    if state is None:
        return
    code = "plan.read_only" if state == Status.GRACE else "plan.ended"
    raise Problem(code, workspace=workspace.name, offer_url=billing_page(workspace))
