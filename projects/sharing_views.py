"""The page on which a project is shared."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import Action
from accounts.forms import InviteForm
from accounts.members import grantable
from accounts.models import Role
from accounts.views import tell_errors
from projects import sharing
from projects.people import user_of
from projects.selectors import project_for

GUEST_ROLES = (Role.EDITOR, Role.ANNOTATOR, Role.VIEWER)


@require_http_methods(["GET", "POST"])
def project_people(request: HttpRequest, slug: str, project_id: UUID) -> HttpResponse:
    project = project_for(request, project_id, Action.MEMBERS, slug)
    if request.method == "POST":
        sharing.set_people(
            project=project,
            restricted=request.POST.get("who") == "chosen",
            users=request.POST.getlist("user"),
            by=user_of(request),
        )
        messages.success(request, _("Who sees the project was changed."))
        return redirect("project-people", slug=slug, project_id=project_id)
    values = {
        "workspace": project.workspace,
        "project": project,
        "people": sharing.people_of(project),
        "form": InviteForm(_roles(request, project)),
    }
    return render(request, "projects/people.html", values)


@require_POST
@never_cache
def project_invite(request: HttpRequest, slug: str, project_id: UUID) -> HttpResponse:
    """A guest, into this project alone: by mail to one address, or as a link for one."""
    project = project_for(request, project_id, Action.MEMBERS, slug)
    form = InviteForm(_roles(request, project), request.POST)
    if not form.is_valid():
        tell_errors(request, form)
        return redirect("project-people", slug=slug, project_id=project_id)
    said, emails = form.cleaned_data, form.cleaned_data["emails"] or [""]
    for email in emails:
        made, url = sharing.invite_guest(
            project=project,
            by=user_of(request),
            role=said["role"],
            email=email,
            days=said["days"],
            uses=said["uses"],
        )
    if emails == [""]:
        values = {"workspace": project.workspace, "invitation": made, "url": url}
        return render(request, "accounts/invitation_created.html", values, status=201)
    messages.success(request, _("Invited: %(emails)s") % {"emails": ", ".join(emails)})
    return redirect("project-people", slug=slug, project_id=project_id)


def _roles(request: HttpRequest, project: sharing.Project) -> list[str]:
    known = grantable(user_of(request), project.workspace)
    return [role for role in GUEST_ROLES if role in known]
