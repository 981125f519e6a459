"""The operator's page of base models: what is here, what can be installed, and how far an install has come."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from projects.bases import selectors, services
from projects.bases.models import BaseJob
from projects.jobs.health import worker_alive
from projects.people import user_of


@require_GET
def bases(request: HttpRequest) -> HttpResponse:
    _staff(request)
    return render(request, "bases/list.html", _values())


@require_GET
def bases_status(request: HttpRequest) -> HttpResponse:
    """The fragment that the page asks for while something is under way."""
    _staff(request)
    response = render(request, "bases/_list.html", _values())
    response["Cache-Control"] = "no-store"
    return response


def _values() -> dict[str, Any]:
    lines = selectors.lines()
    return {
        "lines": lines,
        "open": any(line.open for line in lines),
        "worker_alive": worker_alive(services.LOOK),
    }


@require_POST
def base_install(request: HttpRequest, base: str) -> HttpResponse:
    return _start(request, base, BaseJob.Kind.INSTALL)


@require_POST
def base_verify(request: HttpRequest, base: str) -> HttpResponse:
    return _start(request, base, BaseJob.Kind.VERIFY)


def _start(request: HttpRequest, base: str, kind: str) -> HttpResponse:
    _staff(request)
    services.start(base=base, kind=kind, user=user_of(request))
    return redirect("bases")


def _staff(request: HttpRequest) -> None:
    """Of the staff, those who may fetch base models; others are told that there is nothing."""
    user = user_of(request)
    if not (user.is_staff and user.has_perm("bases.add_basejob")):
        raise Http404
