"""Turns what a view raises into a page, a fragment or JSON."""

from collections.abc import Callable

from allauth.core.exceptions import ImmediateHttpResponse, ReauthenticationRequired
from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.core.signals import got_request_exception
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError

from training.problems import Problem
from web.errors import busy_response, incident_response, is_busy, problem_response

# Django answers these itself, through the handlers named in the URLconf.
DJANGOS = (Http404, PermissionDenied, SuspiciousOperation, BadRequest, MultiPartParserError)
# By these allauth leads to another page, such as the one that asks for the password once more.
ALLAUTHS = (ImmediateHttpResponse, ReauthenticationRequired)


class ProblemMiddleware:
    """Stands innermost, so that the pages it makes pass through all the others and get their headers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, Problem):
            return problem_response(request, error)
        if isinstance(error, DJANGOS + ALLAUTHS) or settings.DEBUG:
            return None
        if is_busy(error):
            return busy_response(request, error)
        got_request_exception.send(sender=type(self), request=request)
        return incident_response(request, error)
