"""The settings of a workspace: its plan and what is left, its members, its API tokens."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import Action, allowed, workspace_for
from accounts.forms import TokenForm, WorkspaceForm
from accounts.selectors import members_of, tokens_of
from billing import words
from billing.services import allowance


@require_safe
def workspace_settings(request: HttpRequest, slug: str) -> HttpResponse:
    workspace = workspace_for(request, slug, Action.VIEW)
    state = allowance(workspace)
    manages = allowed(request.user, workspace, Action.MANAGE)
    values = {
        "workspace": workspace,
        "plan": state.plan,
        "meters": words.lines(state),
        "members": members_of(workspace),
        "manages": manages,
        "tokens": tokens_of(workspace) if manages else [],
        "token_form": TokenForm(),
        "name_form": WorkspaceForm(initial={"name": workspace.name}),
    }
    return render(request, "billing/settings.html", values)
