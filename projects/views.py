"""Pages that make and remove projects. The pages that show them lie in projects.portal."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import Action, workspace_for
from projects import services
from projects.forms import ProjectForm
from projects.people import user_of
from projects.selectors import project_for, task_names
from training.problems import Problem
from training.tasks import TASKS
from web.errors import words


@require_http_methods(["GET", "POST"])
def project_create(request: HttpRequest, slug: str) -> HttpResponse:
    workspace = workspace_for(request, slug, Action.EDIT)
    form = ProjectForm(request.POST or None, initial={"task": task_names()[0]})
    problem: Problem | None = None
    if request.method == "POST" and form.is_valid():
        try:
            project = services.create_project(
                workspace=workspace, user=user_of(request), **form.cleaned_data
            )
            return redirect("project", slug=slug, project_id=project.pk)
        except Problem as error:
            problem = error
    values = {"workspace": workspace, "form": form, "tasks": TASKS, "problem": problem}
    status = 422 if request.method == "POST" else 200
    return render(request, "projects/create.html", values, status=status)


@require_POST
def project_delete(request: HttpRequest, slug: str, project_id: UUID) -> HttpResponse:
    """The name must be typed: what is deleted cannot be brought back."""
    project = project_for(request, project_id, Action.EDIT, slug)
    try:
        services.check_confirmation(project=project, typed=request.POST.get("name", ""))
        services.delete_project(project=project)
    except Problem as problem:
        said = words(problem.code, problem.values)
        messages.error(request, f"{said['title']}: {said['found']} {said['remedy']}")
        return redirect("project", slug=slug, project_id=project_id)
    messages.success(request, _("The project “%(name)s” was deleted.") % {"name": project.name})
    return redirect("workspace", slug=slug)
