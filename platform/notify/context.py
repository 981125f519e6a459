"""What the shell of every page shows of notifications."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from notify.selectors import unread_count


def notices(request: HttpRequest) -> dict[str, Any]:
    """Lazy: a fragment that has no shell asks nothing."""
    return {"unread": SimpleLazyObject(lambda: _unread(request))}


def _unread(request: HttpRequest) -> int:
    user: Any = getattr(request, "user", None)
    return unread_count(user) if user is not None and user.is_authenticated else 0
