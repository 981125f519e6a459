"""Puts the person that an operator acts as in the operator's place, for one request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import resolve
from django.urls.exceptions import Resolver404

from accounts.models import User
from projects.portal import impersonating
from training.problems import Problem
from web.errors import problem_response

LEAVING = "account_logout"


class ImpersonationMiddleware:
    """`request.impersonator` is the operator, `request.impersonation` the row; both None on every other request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        asked: Any = request
        asked.impersonator = asked.impersonation = None
        if impersonating.KEY in request.session and isinstance(request.user, User):
            self._replace(asked)
        return self.get_response(request)

    def _replace(self, request: Any) -> None:
        operator = User.objects.get(pk=request.user.pk)
        if _name(request) == LEAVING:
            impersonating.stop(session=request.session, operator=operator)
            return
        found = impersonating.current(request.session, operator)
        if found:
            request.impersonation, request.impersonator = found, operator
            request.user = found.user

    def process_view(self, request: Any, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        found = request.impersonation
        if found is None:
            return None
        if not impersonating.permits(request.method, _module(view), _name(request)):
            told = {"email": found.user.email, "operator": request.impersonator.email}
            return problem_response(request, Problem("site.impersonating", **told))
        if request.method not in impersonating.SAFE:
            impersonating.count_change(found)
        return None


def _module(view: Any) -> str:
    """Of the class where there is one: what makes views of classes lies in Django."""
    owner = getattr(view, "cls", None) or getattr(view, "view_class", None) or view
    return str(getattr(owner, "__module__", ""))


def _name(request: HttpRequest) -> str:
    try:
        return str(resolve(request.path_info).view_name)
    except Resolver404:
        return ""
