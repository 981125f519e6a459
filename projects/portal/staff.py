"""Who may see the operator's pages, and who may do something there.

Superusers may all of it. Another member of the staff sees them with the permission `portal.view_panel`; what changes
something takes the permission of the admin for it as well, such as `runs.change_run`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase

from projects.people import user_of

View = Callable[..., HttpResponseBase]
VIEW_PANEL = "portal.view_panel"


def staff_only(view: View) -> View:
    """Others are told that there is nothing."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user = user_of(request)
        if not (user.is_staff and user.has_perm(VIEW_PANEL)):
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


def require(request: HttpRequest, permission: str) -> None:
    """Raises PermissionDenied."""
    if not user_of(request).has_perm(permission):
        raise PermissionDenied
