"""Where an invitation leads: whoever has the link sees into what it lets, and comes in once signed in."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import invitations
from accounts.access import Action, permits
from accounts.forms import ROLE_HELP
from accounts.models import User
from training.problems import Problem

KEY = "invitation"  # of the session: the secret that lets somebody sign up where sign-up is closed


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    found = invitations.find(secret)
    if not isinstance(request.user, User):
        request.session[KEY] = secret
        return render(request, "accounts/invitation.html", {"invitation": found, **_help(found)})
    if request.method == "POST":
        return _accept(request, secret, request.user)
    problem: Problem | None = None
    try:
        invitations.check_address(found, request.user)
    except Problem as error:
        problem = error
    values = {
        "invitation": found,
        "problem": problem,
        "already": found.workspace.memberships.filter(user=request.user).exists(),
        **_help(found),
    }
    return render(request, "accounts/invitation.html", values)


def _help(found: invitations.Invitation) -> dict[str, object]:
    return {"help": ROLE_HELP[found.role]}


def _accept(request: HttpRequest, secret: str, user: User) -> HttpResponse:
    member = invitations.accept(secret=secret, user=user)
    request.session.pop(KEY, None)
    messages.success(request, _("Welcome to “%(name)s”.") % {"name": member.workspace.name})
    there = "workspace" if permits(member.role, Action.VIEW) else "workspace-settings"
    return redirect(there, slug=member.workspace.slug)


def is_invited(request: HttpRequest) -> bool:
    """Whether the visitor has come by an invitation that is still good."""
    secret = request.session.get(KEY, "")
    try:
        return bool(secret and invitations.find(secret))
    except Problem:
        return False
