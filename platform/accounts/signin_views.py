"""How people of a workspace sign in: two factors, mail domains; and the end of one of one's own sessions."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import domains
from accounts.access import Action, user_of, workspace_for
from accounts.audit import record
from accounts.factors import KINDS
from accounts.forms import DomainForm, RulesForm
from accounts.members import grantable
from accounts.models import Workspace
from accounts.services import set_rules
from accounts.views import tell_errors
from training.problems import Problem
from web.telling import tell


@require_http_methods(["GET", "POST"])
def signin(request: HttpRequest, slug: str) -> HttpResponse:
    workspace = workspace_for(request, slug, Action.MANAGE)
    initial = {"needs_two_factors": workspace.needs_two_factors}
    form = RulesForm(request.POST or None, initial=initial)
    if request.method == "POST":
        form = RulesForm(request.POST)
        form.is_valid()
        set_rules(workspace=workspace, **form.cleaned_data)
        messages.success(request, _("The rules were saved."))
        return redirect("workspace-signin", slug=slug)
    values = {
        "workspace": workspace,
        "form": form,
        "without": _without(workspace),
        "domains": workspace.domains.all(),
        "domain_form": DomainForm(grantable(user_of(request), workspace)),
        "sign_on": settings.SIGN_ON,
    }
    return render(request, "accounts/signin.html", values)


def _without(workspace: Workspace) -> int:
    having = Authenticator.objects.filter(type__in=KINDS).values("user")
    return workspace.memberships.exclude(user__in=having).count()


@require_POST
def domain_claim(request: HttpRequest, slug: str) -> HttpResponse:
    workspace = workspace_for(request, slug, Action.MANAGE)
    user = user_of(request)
    form = DomainForm(grantable(user, workspace), request.POST)
    if not form.is_valid():
        tell_errors(request, form)
        return redirect("workspace-signin", slug=slug)
    try:
        domains.claim(workspace=workspace, by=user, **form.cleaned_data)
        messages.success(request, _("The domain was claimed."))
    except Problem as problem:
        tell(request, problem)
    return redirect("workspace-signin", slug=slug)


@require_POST
def domain_release(request: HttpRequest, slug: str, domain_id: int) -> HttpResponse:
    workspace = workspace_for(request, slug, Action.MANAGE)
    domains.release(domain=get_object_or_404(workspace.domains, pk=domain_id), by=user_of(request))
    messages.success(request, _("The domain was given up."))
    return redirect("workspace-signin", slug=slug)


@require_POST
def session_end(request: HttpRequest, session_id: int) -> HttpResponse:
    """Signs one of one's own sessions out."""
    found = get_object_or_404(UserSession, pk=session_id, user=user_of(request))
    found.end()
    for membership in user_of(request).memberships.select_related("workspace"):
        record(membership.workspace, "account.session_ended")
    messages.success(request, _("Signed out there."))
    return redirect("usersessions_list")
