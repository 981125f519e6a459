"""What a workspace has used of its plan."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import Action, workspace_for
from billing import words
from billing.services import allowance


@require_safe
def usage(request: HttpRequest, slug: str) -> HttpResponse:
    workspace = workspace_for(request, slug, Action.USAGE)
    state = allowance(workspace)
    values = {"workspace": workspace, "plan": state.plan, "meters": words.lines(state)}
    return render(request, "billing/usage.html", values)
