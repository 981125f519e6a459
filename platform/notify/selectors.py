"""Reads of notifications: a person's own, and the webhooks of a workspace."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.http import Http404

from accounts.access import Action, allowed, require, workspaces
from accounts.models import User, Workspace
from notify.models import Choice, Delivery, Notice, Webhook, default_topics
from web.questions import Question

SHOWN = 50  # of a list


def notices_of(user: User | UUID) -> QuerySet[Notice]:
    """The newest first. News of a workspace that the person has left are not theirs any more."""
    mine = Q(news__workspace=None) | Q(news__workspace__memberships__user=user)
    return Notice.objects.filter(mine, user=user).select_related("news__workspace")


def notices_for(request: Any) -> QuerySet[Notice]:
    """Of a request: with a token, only those of its workspace."""
    found = notices_of(request.user)
    if getattr(request, "auth", None) is not None:
        found = found.filter(news__workspace__in=workspaces(request))
    return found


def unread_count(user: User | UUID) -> int:
    found = _UNREAD.ask(user if isinstance(user, UUID) else user.pk)
    return found[0][0] if found else 0


def _unread(user: UUID) -> QuerySet[Any, Any]:
    of_one = notices_of(user).filter(read_at=None).order_by().values("user")
    return of_one.annotate(unread=Count("pk")).values_list("unread")


_UNREAD = Question(_unread, UUID(int=1))  # every open page asks it all the time


def choice_of(user: User) -> Choice:
    """An unsaved one where the person has chosen nothing."""
    return Choice.objects.filter(user=user).first() or Choice(user=user, topics=default_topics())


def webhooks_of(workspace: Workspace) -> QuerySet[Webhook]:
    return workspace.webhooks.order_by("created_at", "pk")


def webhooks_for(request: Any) -> QuerySet[Webhook]:
    """All that the request may see, in every workspace in which it may."""
    may = [one.pk for one in workspaces(request) if _may(request, one)]
    return Webhook.objects.filter(workspace__in=may).select_related("workspace")


def webhook_for(request: Any, webhook_id: UUID | str, slug: str | None = None) -> Webhook:
    """Http404 for strangers, PermissionDenied for members who may not connect other programs."""
    found = Webhook.objects.select_related("workspace").filter(pk=webhook_id)
    if slug is not None:
        found = found.filter(workspace__slug=slug)
    hook = found.first()
    if hook is None:
        raise Http404
    require(request, hook.workspace, Action.CONNECT)
    return hook


def deliveries_of(hook: Webhook) -> QuerySet[Delivery]:
    return hook.deliveries.select_related("news").order_by("-created_at")


def _may(request: Any, workspace: Workspace) -> bool:
    return allowed(request.user, workspace, Action.CONNECT, getattr(request, "auth", None))
