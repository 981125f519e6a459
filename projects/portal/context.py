"""What the portal puts on every page: announcements, and the banner of who acts as somebody else."""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.models import User
from projects.portal import steering
from projects.portal.models import Announcement


def _announcements(user: User | None) -> list[Announcement]:
    """None while the database is away: the page that says so must not fail for them."""
    try:
        return list(steering.announcements(user))
    except DatabaseError:
        return []


def page(request: HttpRequest) -> dict[str, Any]:
    """Lazy: a fragment that has no shell asks nothing."""
    user = getattr(request, "user", None)
    known = user if isinstance(user, User) or getattr(user, "pk", None) else None
    return {
        "announcements": SimpleLazyObject(lambda: _announcements(known)),
        "impersonation": getattr(request, "impersonation", None),
        "impersonator": getattr(request, "impersonator", None),
    }
