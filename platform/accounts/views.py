"""Pages of people: the first operator, a workspace's name and its API tokens."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import first_operator, services
from accounts.access import Action, user_of, workspace_for
from accounts.forms import OperatorForm, TokenForm, WorkspaceForm
from accounts.models import User
from accounts.selectors import tokens_of

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def operator(request: HttpRequest, secret: str) -> HttpResponse:
    """Makes the first operator: an account of its own, or whoever is signed in."""
    if not first_operator.is_valid(secret):
        raise Http404
    user = request.user if isinstance(request.user, User) else None
    form: Form = Form(request.POST or None) if user else OperatorForm(request.POST or None)
    if request.method == "POST" and (user or form.is_valid()):
        return _make_operator(request, secret, user, form)
    status = 422 if request.method == "POST" else 200
    return render(request, "accounts/operator.html", {"form": form}, status=status)


def _make_operator(
    request: HttpRequest, secret: str, user: User | None, form: Form
) -> HttpResponse:
    values = {} if user else form.cleaned_data
    try:
        made = first_operator.make_operator(secret=secret, user=user, **values)
    except first_operator.LinkUsed:
        raise Http404 from None
    if user is None:
        login(request, made, backend=BACKEND)
    messages.success(request, _("You are the operator now. The administration is in your menu."))
    return redirect("home")


@require_POST
def workspace_rename(request: HttpRequest, slug: str) -> HttpResponse:
    workspace = workspace_for(request, slug, Action.MANAGE)
    form = WorkspaceForm(request.POST)
    if form.is_valid():
        services.rename_workspace(workspace=workspace, name=form.cleaned_data["name"])
        messages.success(request, _("The workspace was renamed."))
    else:
        tell_errors(request, form)
    return redirect("workspace-settings", slug=slug)


@require_POST
@never_cache
def token_create(request: HttpRequest, slug: str) -> HttpResponse:
    """Answers with the page that shows the token: it is nowhere kept, so there is nothing to redirect to."""
    workspace = workspace_for(request, slug, Action.MANAGE)
    form = TokenForm(request.POST)
    if not form.is_valid():
        tell_errors(request, form)
        return redirect("workspace-tokens", slug=slug)
    token, text = services.create_token(
        workspace=workspace,
        user=user_of(request),
        name=form.cleaned_data["name"],
        expires_at=form.expires_at(),
    )
    url = request.build_absolute_uri("/api/v1/projects/")
    values = {"workspace": workspace, "token": token, "text": text, "url": url}
    return render(request, "accounts/token_created.html", values, status=201)


@require_POST
def token_revoke(request: HttpRequest, slug: str, token_id: UUID) -> HttpResponse:
    workspace = workspace_for(request, slug, Action.MANAGE)
    token = get_object_or_404(tokens_of(workspace), pk=token_id)
    services.revoke_token(token=token)
    messages.success(request, _("The token “%(name)s” was revoked.") % {"name": token.name})
    return redirect("workspace-tokens", slug=slug)


def tell_errors(request: HttpRequest, form: Form) -> None:
    for field, errors in form.errors.items():
        label = form.fields[field].label if field in form.fields else ""
        messages.error(request, f"{label}: {' '.join(str(error) for error in errors)}")
