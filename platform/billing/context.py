"""What every page says while a workspace is late with its payments."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from accounts.access import Action, allowed
from accounts.models import Workspace
from billing.invoices.selectors import late
from billing.invoices.telling import day
from billing.models import Subscription

SPOKEN_OF = (Subscription.Status.PAST_DUE, Subscription.Status.GRACE, Subscription.Status.ENDED)


def standing(request: HttpRequest) -> dict[str, Any]:
    """Asked for by the shell alone, and only where somebody is in a workspace."""
    return {"standing_of": SimpleLazyObject(lambda: Standing(request))}


class Standing:
    """`{% with told=standing_of.told %}`: a dict for the banner, or None."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @property
    def pays(self) -> bool:
        """Whether the workspace of the page has a period that is paid for."""
        found = self._mine()
        return found is not None and found.exclude(period_end=None).exists()

    @property
    def told(self) -> dict[str, Any] | None:
        mine = self._mine()
        if mine is None:
            return None
        found = mine.filter(status__in=SPOKEN_OF).select_related("workspace").first()
        return _words(found, self.request) if found else None

    def _mine(self) -> QuerySet[Subscription] | None:
        match = self.request.resolver_match
        slug = match.kwargs.get("slug") if match else None
        if not slug or not self.request.user.is_authenticated:
            return None
        return Subscription.objects.filter(
            workspace__slug=slug, workspace__members=self.request.user
        )


def _words(found: Subscription, request: HttpRequest) -> dict[str, Any]:
    workspace: Workspace = found.workspace
    owed = late(workspace, timezone.now()).first()
    return {
        "status": found.status,
        "invoice": owed,
        "until": day(found.grace_ends) if found.grace_ends else "",
        "may_pay": allowed(request.user, workspace, Action.BILLING),
        "slug": workspace.slug,
    }
