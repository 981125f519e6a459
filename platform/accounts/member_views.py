"""Pages of a workspace's people: who is in it, invitations, leaving, handing over, ending it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import invitations, members
from accounts.access import WORDS, Action, allowed, permits, user_of, workspace_for
from accounts.forms import ROLE_HELP, InviteForm, MemberForm, WorkspaceForm
from accounts.models import Member, Role, Workspace
from accounts.selectors import invitations_of, members_of
from accounts.views import tell_errors
from training.problems import Problem
from web.telling import tell


@require_safe
def members_page(request: HttpRequest, slug: str) -> HttpResponse:
    workspace = workspace_for(request, slug, Action.MEET)
    manages = allowed(request.user, workspace, Action.MEMBERS)
    values = {
        "workspace": workspace,
        "members": members_of(workspace),
        "manages": manages,
        "invitations": invitations_of(workspace) if manages else [],
        "form": InviteForm(members.grantable(user_of(request), workspace)) if manages else None,
        "roles": [(Role(role).label, help_) for role, help_ in ROLE_HELP.items()],
        "matrix": matrix(),
    }
    return render(request, "accounts/members.html", values)


def matrix() -> dict[str, Any]:
    """The table of who may do what, for people: the roles, and each action with a yes or no for each."""
    return {
        "roles": [role.label for role in Role],
        "rows": [
            (words, [permits(role, action) for role in Role]) for action, words in WORDS.items()
        ],
    }


@require_POST
@never_cache
def member_invite(request: HttpRequest, slug: str) -> HttpResponse:
    """By mail: back to the list. As a link: the page that shows it, which is nowhere kept."""
    workspace = workspace_for(request, slug, Action.MEMBERS)
    user = user_of(request)
    form = InviteForm(members.grantable(user, workspace), request.POST)
    if not form.is_valid():
        tell_errors(request, form)
        return redirect("workspace-members", slug=slug)
    emails, role = form.cleaned_data["emails"], form.cleaned_data["role"]
    given = {"workspace": workspace, "by": user, "role": role, "days": form.cleaned_data["days"]}
    if not emails:
        made, url = invitations.invite(**given, uses=form.cleaned_data["uses"])
        values = {"workspace": workspace, "invitation": made, "url": url}
        return render(request, "accounts/invitation_created.html", values, status=201)
    _invite_all(request, emails, given)
    return redirect("workspace-members", slug=slug)


def _invite_all(request: HttpRequest, emails: list[str], given: dict[str, Any]) -> None:
    """One that cannot be invited does not hold the others back."""
    sent = 0
    for email in emails:
        try:
            invitations.invite(**given, email=email)
            sent += 1
        except Problem as problem:
            tell(request, problem, about=email)
    if sent:
        said = ngettext("%(count)s invitation was sent.", "%(count)s invitations were sent.", sent)
        messages.success(request, said % {"count": sent})


@require_POST
def invitation_revoke(request: HttpRequest, slug: str, invitation_id: UUID) -> HttpResponse:
    workspace = workspace_for(request, slug, Action.MEMBERS)
    found = get_object_or_404(invitations_of(workspace), pk=invitation_id)
    invitations.revoke(invitation=found, by=user_of(request))
    messages.success(request, _("The invitation was taken back."))
    return redirect("workspace-members", slug=slug)


@require_http_methods(["GET", "POST"])
def member(request: HttpRequest, slug: str, member_id: int) -> HttpResponse:
    """One person: the role, and what ends it."""
    workspace = workspace_for(request, slug, Action.MEMBERS)
    found = get_object_or_404(members_of(workspace), pk=member_id)
    user = user_of(request)
    known = members.grantable(user, workspace)
    said = {"role": found.role, "guest": found.guest}
    form = MemberForm(known, request.POST or None, initial=said)
    if request.method == "POST" and form.is_valid():
        try:
            members.change_role(member=found, by=user, **form.cleaned_data)
            messages.success(request, _("The role of %(email)s was changed.") % _who(found))
            return redirect("workspace-members", slug=slug)
        except Problem as problem:
            tell(request, problem)
            return redirect("workspace-member", slug=slug, member_id=member_id)
    values = {
        "workspace": workspace,
        "member": found,
        "form": form,
        "choices": [(role, Role(role).label, ROLE_HELP[role]) for role in known],
        "mine": found.role in known,
        "owns": permits(_mine(request, workspace).role, Action.OWN),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "accounts/member.html", values, status=status)


@require_POST
def member_remove(request: HttpRequest, slug: str, member_id: int) -> HttpResponse:
    workspace = workspace_for(request, slug, Action.MEMBERS)
    found = get_object_or_404(members_of(workspace), pk=member_id)
    try:
        members.remove_member(member=found, by=user_of(request))
    except Problem as problem:
        tell(request, problem)
        return redirect("workspace-member", slug=slug, member_id=member_id)
    messages.success(request, _("%(email)s is no longer a member.") % _who(found))
    if found.user_id == user_of(request).pk:
        return redirect("home")
    return redirect("workspace-members", slug=slug)


@require_POST
def workspace_hand_over(request: HttpRequest, slug: str, member_id: int) -> HttpResponse:
    workspace = workspace_for(request, slug, Action.OWN)
    to = get_object_or_404(members_of(workspace), pk=member_id)
    try:
        members.hand_over(to=to, by=_mine(request, workspace), typed=request.POST.get("name", ""))
    except Problem as problem:
        tell(request, problem)
        return redirect("workspace-member", slug=slug, member_id=member_id)
    messages.success(request, _("%(email)s owns the workspace now.") % _who(to))
    return redirect("workspace-members", slug=slug)


@require_POST
def workspace_leave(request: HttpRequest, slug: str) -> HttpResponse:
    workspace = workspace_for(request, slug, Action.ENTER)
    try:
        members.leave(member=_mine(request, workspace))
    except Problem as problem:
        tell(request, problem)
        return redirect("workspace-settings", slug=slug)
    messages.success(request, _("You have left “%(name)s”.") % {"name": workspace.name})
    return redirect("home")


@require_http_methods(["GET", "POST"])
def workspace_new(request: HttpRequest) -> HttpResponse:
    """A further workspace of one's own."""
    form = WorkspaceForm(request.POST or None)
    problem: Problem | None = None
    if request.method == "POST" and form.is_valid():
        try:
            made = members.open_workspace(user=user_of(request), name=form.cleaned_data["name"])
            return redirect("workspace-members", slug=made.slug)
        except Problem as error:
            problem = error
    status = 422 if request.method == "POST" else 200
    return render(request, "accounts/new.html", {"form": form, "problem": problem}, status=status)


@require_POST
def workspace_delete(request: HttpRequest, slug: str) -> HttpResponse:
    """The name must be typed: what is deleted cannot be brought back."""
    workspace = workspace_for(request, slug, Action.OWN)
    name = workspace.name
    try:
        members.delete_workspace(
            workspace=workspace, user=user_of(request), typed=request.POST.get("name", "")
        )
    except Problem as problem:
        tell(request, problem)
        return redirect("workspace-settings", slug=slug)
    messages.success(request, _("The workspace “%(name)s” was deleted.") % {"name": name})
    return redirect("home")


def _mine(request: HttpRequest, workspace: Workspace) -> Member:
    return members_of(workspace).get(user=user_of(request))


def _who(member: Member) -> dict[str, str]:
    return {"email": member.user.email}
