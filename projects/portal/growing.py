"""Pages by which members begin, share and invite: templates, the public page of a model, referrals, first steps."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import Action, allowed, workspace_for
from projects.people import user_of
from projects.portal import first_steps, referrals, sharing, starters, steering
from projects.portal.models import Share
from projects.runs import selectors
from projects.runs.models import Run


@require_GET
def starter_list(request: HttpRequest, slug: str) -> HttpResponse:
    workspace = workspace_for(request, slug, Action.VIEW)
    values = {
        "workspace": workspace,
        "starters": starters.STARTERS,
        "can_edit": allowed(user_of(request), workspace, Action.EDIT),
    }
    return render(request, "portal/templates.html", values)


@require_POST
def starter_use(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """A project with the template's data, whose check is under way."""
    workspace = workspace_for(request, slug, Action.EDIT)
    starter = starters.starter_of(name)
    project = starters.begin(workspace=workspace, user=user_of(request), starter=starter)
    messages.success(request, _("The data is being checked; then you can train."))
    return redirect("project", slug=slug, project_id=project.pk)


@require_POST
def first_steps_close(request: HttpRequest, slug: str) -> HttpResponse:
    workspace = workspace_for(request, slug, Action.VIEW)
    steering.dismiss(user=user_of(request), what=f"{first_steps.WHAT}:{workspace.pk}")
    if request.headers.get("HX-Request"):
        return HttpResponse()
    return redirect("workspace", slug=slug)


@require_GET
def referral_page(request: HttpRequest, slug: str) -> HttpResponse:
    workspace = workspace_for(request, slug, Action.BILLING)
    credit = settings.REFERRAL_CREDIT
    if not referrals.offered() or credit is None:
        raise Http404
    amount, currency = credit
    code = referrals.code_of(workspace)
    values = {
        "workspace": workspace,
        "url": settings.SITE_URL + reverse("referral", args=[code.code]),
        "summary": referrals.summary(workspace),
        "amount": amount,
        "currency": currency,
    }
    return render(request, "portal/referrals.html", values)


# --- the public page of a model ---------------------------------------------------------------------------------------


class ShareForm(forms.Form):
    title = forms.CharField(label=gettext_lazy("Title"), max_length=120)
    text = forms.CharField(
        label=gettext_lazy("Description"),
        max_length=600,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("What the model is for, and what it is not for."),
    )
    can_try = forms.BooleanField(label=gettext_lazy("Visitors can try it"), required=False)
    listed = forms.BooleanField(
        label=gettext_lazy("Search engines may list it"),
        required=False,
        help_text=gettext_lazy("Otherwise only those find it who have the link."),
    )


@require_http_methods(["GET", "POST"])
def share(request: HttpRequest, slug: str, project_id: UUID, run_id: UUID) -> HttpResponse:
    run = _run(request, slug, project_id, run_id)
    found = sharing.of_run(run)
    rows = sharing.test_rows(run)
    form = ShareForm(request.POST or None, initial=_initial(run, found))
    if request.method == "POST" and form.is_valid():
        examples = sharing.chosen_examples(run, request.POST.getlist("examples"))
        given = form.cleaned_data | {"examples": examples}
        sharing.share(run=run, user=user_of(request), **given)
        messages.success(request, _("The page is public now."))
        return redirect("share", slug=slug, project_id=project_id, run_id=run_id)
    values = {
        "workspace": run.project.workspace,
        "project": run.project,
        "run": run,
        "form": form,
        "share": found,
        "rows": [(number, row, bool(found and row in found.examples)) for number, row in enumerate(rows)],
        "url": settings.SITE_URL + reverse("shared", args=[found.token]) if found else "",
    }  # fmt: skip
    return render(request, "portal/share.html", values, status=422 if form.is_bound else 200)


@require_POST
def share_revoke(request: HttpRequest, slug: str, project_id: UUID, run_id: UUID) -> HttpResponse:
    run = _run(request, slug, project_id, run_id)
    share = get_object_or_404(Share, run=run, revoked_at=None)
    sharing.revoke(share=share, user=user_of(request))
    messages.success(request, _("The page is no longer public; its address leads nowhere."))
    return redirect("run", slug=slug, project_id=project_id, run_id=run_id)


def _run(request: HttpRequest, slug: str, project_id: UUID, run_id: UUID) -> Run:
    """Who shares gives the model away in a way: it takes what taking it away takes, and training it."""
    if not settings.PUBLIC:
        raise Http404
    run = selectors.run_for(request, run_id, Action.TRAIN, project_id, slug)
    selectors.artifact_of(run)
    return run


def _initial(run: Run, found: Share | None) -> dict[str, object]:
    if found:
        return {name: getattr(found, name) for name in ("title", "text", "can_try", "listed")}
    return {"title": run.project.name, "can_try": True}
