"""Who may see the operator's pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase

from projects.people import user_of

View = Callable[..., HttpResponseBase]


def staff_only(view: View) -> View:
    """Others are told that there is nothing."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not user_of(request).is_staff:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded
