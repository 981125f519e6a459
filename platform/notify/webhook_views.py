"""Pages of a workspace's webhooks."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import Action, user_of, workspace_for
from notify import signing, webhooks
from notify.forms import WebhookForm
from notify.kinds import TOPICS
from notify.models import Delivery, Webhook
from notify.selectors import SHOWN, deliveries_of, webhook_for, webhooks_of
from notify.words import told
from training.problems import Problem
from web.errors import as_json


@require_http_methods(["GET", "POST"])
def webhook_list(request: HttpRequest, slug: str) -> HttpResponse:
    workspace = workspace_for(request, slug, Action.CONNECT)
    form, problem = WebhookForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        try:
            given = form.cleaned_data
            hook = webhooks.add(workspace=workspace, user=user_of(request), **given)
            return redirect("webhook", slug=slug, webhook_id=hook.pk)
        except Problem as error:
            problem = as_json(error.code, error.values)
    values = {
        "workspace": workspace,
        "hooks": [
            (hook, _titles(hook), deliveries_of(hook).first()) for hook in webhooks_of(workspace)
        ],
        "form": form,
        "problem": problem,
        "most": webhooks.MOST,
        "private": settings.WEBHOOKS_PRIVATE,
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "notify/webhooks.html", values, status=status)


@require_http_methods(["GET", "POST"])
@never_cache
def webhook(request: HttpRequest, slug: str, webhook_id: UUID) -> HttpResponse:
    """One of them: what it hears of, its secret, and what was sent to it. POST changes it."""
    hook = webhook_for(request, webhook_id, slug)
    form = WebhookForm(request.POST or None, initial={"url": hook.url, "topics": hook.topics})
    problem = None
    if request.method == "POST" and form.is_valid():
        try:
            webhooks.change(hook=hook, **form.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect("webhook", slug=slug, webhook_id=hook.pk)
        except Problem as error:
            problem = as_json(error.code, error.values)
    values = {"form": form, "problem": problem, "secret": signing.secret(hook)} | _log(hook)
    status = 422 if request.method == "POST" else 200
    return render(request, "notify/webhook.html", values, status=status)


@require_GET
@never_cache
def webhook_log(request: HttpRequest, slug: str, webhook_id: UUID) -> HttpResponse:
    """The fragment that is asked for anew while something waits."""
    hook = webhook_for(request, webhook_id, slug)
    return render(request, "notify/_log.html", _log(hook))


def _log(hook: Webhook) -> dict[str, Any]:
    rows = list(deliveries_of(hook)[:SHOWN])
    first = any(row.state == Delivery.State.WAITING and row.attempts == 0 for row in rows)
    lines = [(row, told(row.news.kind, row.news.values).title) for row in rows]
    return {
        "hook": hook,
        "workspace": hook.workspace,
        "lines": lines,
        "soon": first,
        "titles": _titles(hook),
    }


def _titles(hook: Webhook) -> list[Any]:
    return [TOPICS[topic].title for topic in hook.topics if topic in TOPICS]


@require_POST
def webhook_test(request: HttpRequest, slug: str, webhook_id: UUID) -> HttpResponse:
    webhooks.test(hook=webhook_for(request, webhook_id, slug))
    return redirect("webhook", slug=slug, webhook_id=webhook_id)


@require_POST
def webhook_again(
    request: HttpRequest, slug: str, webhook_id: UUID, delivery_id: UUID
) -> HttpResponse:
    hook = webhook_for(request, webhook_id, slug)
    webhooks.again(delivery=get_object_or_404(deliveries_of(hook), pk=delivery_id))
    return redirect("webhook", slug=slug, webhook_id=webhook_id)


@require_POST
def webhook_switch(request: HttpRequest, slug: str, webhook_id: UUID) -> HttpResponse:
    """On where it was off, and the other way round."""
    hook = webhook_for(request, webhook_id, slug)
    webhooks.change(hook=hook, active=not hook.active)
    return redirect("webhook", slug=slug, webhook_id=webhook_id)


@require_POST
def webhook_secret(request: HttpRequest, slug: str, webhook_id: UUID) -> HttpResponse:
    webhooks.change_secret(hook=webhook_for(request, webhook_id, slug))
    messages.success(
        request, _("The webhook has a new secret. The old one is good for nothing now.")
    )
    return redirect("webhook", slug=slug, webhook_id=webhook_id)


@require_POST
def webhook_delete(request: HttpRequest, slug: str, webhook_id: UUID) -> HttpResponse:
    webhooks.remove(hook=webhook_for(request, webhook_id, slug))
    messages.success(request, _("The webhook was deleted."))
    return redirect("webhooks", slug=slug)
