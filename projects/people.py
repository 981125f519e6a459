"""Who asks."""

from __future__ import annotations

from typing import Any

from accounts.models import User


def user_of(request: Any) -> User:
    """The user of a page or API request that an access check has let through."""
    if not isinstance(request.user, User):
        raise TypeError("No user is signed in")
    return request.user
