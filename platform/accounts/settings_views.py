"""The settings of a workspace that are about the workspace itself: its name, its API tokens."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import Action, allowed, user_of, workspace_for
from accounts.forms import ROLE_HELP, TokenForm, WorkspaceForm
from accounts.selectors import members_of, tokens_of


@require_safe
def general(request: HttpRequest, slug: str) -> HttpResponse:
    workspace = workspace_for(request, slug, Action.ENTER)
    mine = members_of(workspace).get(user=user_of(request))
    values = {
        "workspace": workspace,
        "mine": mine,
        "role_help": ROLE_HELP[mine.role],
        "manages": allowed(request.user, workspace, Action.MANAGE),
        "owns": allowed(request.user, workspace, Action.OWN),
        "name_form": WorkspaceForm(initial={"name": workspace.name}),
    }
    return render(request, "accounts/general.html", values)


@require_safe
def tokens(request: HttpRequest, slug: str) -> HttpResponse:
    workspace = workspace_for(request, slug, Action.MANAGE)
    values = {"workspace": workspace, "tokens": tokens_of(workspace), "token_form": TokenForm()}
    return render(request, "accounts/tokens.html", values)
