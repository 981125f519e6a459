"""Pages for people without an account. All of them are there only where ATTUNE_PUBLIC is on."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST, require_safe

from projects.portal import changes, counting, limiting, sharing, state
from projects.portal import pricing as pricing_data
from projects.portal.models import Share
from projects.portal.staff import View
from projects.portal.starters import STARTERS
from projects.runs import selectors
from projects.runs.models import Run
from projects.runs.results import view_of
from training.problems import Problem
from web import switches
from web.errors import as_json, status_of


def public_only(view: View) -> View:
    """For everybody on a public site, for nobody on an internal one."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.PUBLIC:
            raise Http404
        return view(request, *args, **kwargs)

    return login_not_required(guarded)


@require_safe
@public_only
def pricing(request: HttpRequest) -> HttpResponse:
    counting.visit(request, "pricing")
    return render(request, "portal/pricing.html", pricing_data.offers())


@require_safe
@public_only
def templates(request: HttpRequest) -> HttpResponse:
    counting.visit(request, "templates")
    return render(request, "portal/templates.html", {"starters": STARTERS, "workspace": None})


@require_safe
@public_only
def changelog(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/changelog.html", {"changes": changes.changes()})


@require_safe
@public_only
def status(request: HttpRequest) -> HttpResponse:
    parts = state.parts()
    values = {"parts": parts, "worst": state.worst(parts)}
    response = render(request, "portal/status.html", values)
    response["Cache-Control"] = "no-store"
    return response


@require_safe
@public_only
def referral(request: HttpRequest, code: str) -> HttpResponse:
    """The link that members give to others. The code goes on in the address: no cookie is needed for it."""
    counting.visit(request, "referral")
    if request.user.is_authenticated:
        return redirect("home")
    return redirect(f"{reverse('account_signup')}?ref={code.lower()}")


# --- models that are shown --------------------------------------------------------------------------------------------


@require_safe
@public_only
def shared(request: HttpRequest, token: str) -> HttpResponse:
    found = _shared(token)
    counting.visit(request, "share")
    response = render(request, "portal/shared.html", _page(found) | {"answer": None})
    if not found.listed:
        response["X-Robots-Tag"] = "noindex, nofollow"
    # The address is the secret: it is handed to nobody.
    response["Referrer-Policy"] = "no-referrer"
    return response


@require_GET
@public_only
def shared_chart(request: HttpRequest, token: str) -> JsonResponse:
    result = selectors.result_of(_shared(token).run)
    return JsonResponse(view_of(result).charts["confusion"](result, {}))


@require_POST
@public_only
def shared_try(request: HttpRequest, token: str) -> HttpResponse:
    found = _shared(token)
    if not found.can_try:
        raise Http404
    return _tried(request, found.run, "portal/shared.html", lambda: _page(found))


@require_POST
@public_only
def demo_try(request: HttpRequest) -> HttpResponse:
    found = sharing.demo()
    if found is None:
        raise Http404
    return _tried(request, found.run, "portal/landing.html", landing)


def _shared(token: str) -> Share:
    found = sharing.by_token(token)
    if found is None:
        raise Http404
    return found


def _page(found: Share) -> dict[str, Any]:
    return {
        "share": found,
        "run": found.run,
        "open": found.can_try and switches.is_on("public_tries"),
        "try_url": reverse("shared-try", args=[found.token]),
        **sharing.page(found.run, found.facts),
    }


def landing() -> dict[str, Any]:
    """What the landing page shows besides its words: the demo, where an operator has chosen one."""
    values: dict[str, Any] = {"starters": list(STARTERS.values())[:6], "bars": example_bars()}
    found = sharing.demo()
    if found is None:
        return values
    box = sharing.box(found.run, selectors.result_of(found.run))
    can_ask = box["can_ask"] and switches.is_on("public_tries")
    return values | box | {"demo": found, "can_ask": can_ask, "try_url": reverse("demo-try")}


def example_bars() -> list[tuple[str, int, str]]:
    """The made-up scores of the picture on the landing page: label, width in percent, figure."""
    scores = {_("Delivery"): 95, _("Refund"): 92, _("Login"): 90, _("Other"): 81}
    return [(label, score, f"0.{score}") for label, score in scores.items()]


def _tried(request: HttpRequest, run: Run, template: str, page: Any) -> HttpResponse:
    """The answer alone for htmx, else the page with it."""
    status = 200
    try:
        limiting.check(request)
        switches.require("public_tries")
        values = sharing.answer(run, request.POST.dict())
        counting.add("public.tried")
    except Problem as problem:
        values = {"problem": as_json(problem.code, problem.values)}
        status = status_of(problem.code)
    if request.headers.get("HX-Request"):
        return render(request, "runs/_answer.html", values)
    values |= {"shown_template": "runs/_answer.html"}
    return render(request, template, page() | values, status=status)
