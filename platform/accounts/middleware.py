"""Lets the audit trail know which request is being answered."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from accounts.audit import current


class CurrentRequestMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        held = current.set(request)
        try:
            return self.get_response(request)
        finally:
            current.reset(held)
