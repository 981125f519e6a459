"""Problems as pages, as fragments for htmx and as JSON; what failed on our side as an incident to quote.

One JSON shape for every refusal: {"code", "title", "expected", "found", "remedy", "values"}; only what fails
on our side is {"code": "internal", "title", "remedy", "incident"}.
"""

import json
import logging
import secrets
import sys
from collections.abc import Callable
from typing import Any

from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFilesSent,
)
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from rest_framework import exceptions as api
from rest_framework.response import Response
from rest_framework.views import exception_handler as rest_handler
from rest_framework.views import set_rollback

from training.problems import TABLE, Problem, fill

log = logging.getLogger("attune.errors")

# What is not 422. A code that is not here falls to its first part, then to 422.
STATUSES = {
    "quota": 403,
    "plan": 403,
    "request.anonymous": 401,
    "request.length": 411,
    "request.too_large": 413,
    "upload.too_large": 413,
    "upload.gone": 410,
    "upload.expired": 410,
    "upload.version": 412,
    "upload.header": 400,
    "upload.offset": 409,
    "upload.overrun": 413,
    "upload.busy": 423,
    "upload.checksum": 460,  # as the tus protocol wants it
    "disk.full": 507,
    "plan.same": 409,
    "plan.arrears": 409,
    "plan.nothing_to_cancel": 409,
    "plan.nothing_to_undo": 409,
    "invoice.closed": 409,
    "payment.unavailable": 503,
    "payment.signature": 400,
    "serving.unavailable": 503,
    "artifact.gone": 410,
    "artifact.expired": 410,
    "run.unfinished": 409,
    "run.again": 409,
    "run.epochs": 409,
    "run.paused": 409,
    "run.limit_stays": 409,
    "pool.taken": 409,
    "pool.unread": 409,
    "member.last_owner": 409,
    "member.already": 409,
    "member.role": 403,
    "invitation.gone": 410,
    "invitation.address": 403,
    "invitation.many": 429,
    "invitation.mail": 503,
    "access": 403,
}
# Letters and figures that are not mistaken for one another when read out.
LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
# Values that are words of ours rather than the user's, and what the ids among them are called.
OURS = ("kind", "split", "other", "role", "what", "reason", "expected")
CALLED = {
    "train": gettext_noop("training"),
    "valid": gettext_noop("validation"),
    "test": gettext_noop("test"),
    "text": gettext_noop("text"),
    "label": gettext_noop("label"),
}
INTERNAL = "internal"


def status_of(code: str) -> int:
    """The HTTP status of a problem; 422 unless the table above says otherwise."""
    return STATUSES.get(code, STATUSES.get(code.partition(".")[0], 422))


def words(code: str, values: dict[str, Any]) -> dict[str, str]:
    """The four texts of a problem in the reader's language: the template is translated, then filled."""
    entry = TABLE.get(code)
    if entry is None:
        return {"title": code, "expected": "", "found": "", "remedy": ""}
    texts = {
        "title": entry.title,
        "expected": entry.expected,
        "found": entry.found,
        "remedy": entry.remedy,
    }
    spoken = values | {name: _called(values[name]) for name in OURS if values.get(name)}
    return {name: fill(_(text), spoken) if text else "" for name, text in texts.items()}


def _called(value: Any) -> str:
    return _(CALLED.get(str(value), str(value)))


def as_json(code: str, values: dict[str, Any] | None = None) -> dict[str, Any]:
    """The one JSON shape of a problem."""
    values = values or {}
    return {"code": code, **words(code, values), "values": values}


def refusal(code: str, title: str, found: str = "", remedy: str = "") -> dict[str, Any]:
    """The same shape for what HTTP itself refuses (404, 405, unreadable JSON …), which no table lists."""
    return {
        "code": code,
        "title": title,
        "expected": "",
        "found": found,
        "remedy": remedy,
        "values": {},
    }


def wants_json(request: HttpRequest) -> bool:
    """The API, and a script that asks for JSON; never htmx, which takes fragments."""
    if request.path.startswith("/api/"):
        return True
    if request.headers.get("HX-Request"):
        return False
    accept = request.headers.get("Accept", "")
    return "application/json" in accept and "text/html" not in accept


# --- pages ----------------------------------------------------------------------------------------------------------


def _fragment(request: HttpRequest, text: dict[str, Any], status: int) -> HttpResponse:
    """For htmx: a toast, whatever the target was, so that what the person typed stays where it is."""
    body = render_to_string("errors/_toast.html", {"words": text}, request)
    response = HttpResponse(body, status=status)
    response["HX-Retarget"] = "#toasts"
    response["HX-Reswap"] = "beforeend"
    response["HX-Reselect"] = "unset"
    return response


def answer(request: HttpRequest, data: dict[str, Any], status: int, template: str) -> HttpResponse:
    """`data` as JSON, as a toast or as a page, by who asks."""
    if wants_json(request):
        return JsonResponse(data, status=status)
    if request.headers.get("HX-Request"):
        return _fragment(request, data, status)
    context = {"words": data, "code": data["code"], "status": status}
    return HttpResponse(render_to_string(template, context, request), status=status)


def problem_response(request: HttpRequest, problem: Problem) -> HttpResponse:
    """The user's problem, told in words, with the status of its code."""
    data = as_json(problem.code, _jsonable(problem.values))
    return answer(request, data, status_of(problem.code), "errors/problem.html")


def _jsonable(values: dict[str, Any]) -> dict[str, Any]:
    """Values are plain JSON by contract; one that is not must not turn a clear message into a crash."""
    return dict(json.loads(json.dumps(values, default=str)))


def incident(error: BaseException, request: HttpRequest | None = None) -> str:
    """Logs what failed on our side and returns the id under which it stands in the log."""
    code = "".join(secrets.choice(LETTERS) for _n in range(7))
    where = f"{request.method} {request.path}" if request is not None else ""
    log.error("incident %s %s", code, where, exc_info=error)
    return code


# What a database says that is away, or has no room, for a while. Anything else that it says is a fault of ours.
BUSY = (
    "database is locked",
    "disk is full",
    "unable to open database",
    "could not connect",
    "connection refused",
    "connection failed",
    "the connection is closed",
    "connection is lost",
    "server closed the connection",
    "terminating connection",
    "too many clients",
)
AGAIN = 10  # seconds after which a client may ask again


def is_busy(error: BaseException | None) -> bool:
    """Whether the database cannot be asked at the moment: no fault of the request, nor of the site's code."""
    return isinstance(error, DatabaseError) and any(sign in str(error).lower() for sign in BUSY)


def _busy() -> dict[str, Any]:
    return refusal(
        "site.busy",
        _("The site cannot reach its data at the moment"),
        _("The database does not answer, or its disk is full."),
        _("Nothing was changed. Try again in a few seconds."),
    )


def busy_response(request: HttpRequest, error: BaseException) -> HttpResponse:
    """503 with Retry-After. Plain text where no page can be made, since most pages ask the database as well."""
    log.error("The database cannot be asked: %s", error)
    try:
        response = answer(request, _busy(), 503, "errors/problem.html")
    except Exception:
        text = "The site cannot reach its data at the moment. Try again in a few seconds."
        response = HttpResponse(text, status=503, content_type="text/plain; charset=utf-8")
    response["Retry-After"] = str(AGAIN)
    return response


def _internal(code: str) -> dict[str, Any]:
    remedy = _(
        "Try again. If it happens again, tell the operator of this site the incident number."
    )
    title = _("Something failed on our side")
    return {"code": INTERNAL, "title": title, "found": "", "remedy": remedy, "incident": code}


def incident_response(request: HttpRequest, error: BaseException) -> HttpResponse:
    """Ours: logged with its traceback, shown with its id. Falls back to plain text when no page can be made."""
    code = incident(error, request)
    try:
        data = _internal(code)
        if wants_json(request) or request.headers.get("HX-Request"):
            return answer(request, data, 500, "500.html")
        return HttpResponse(
            render_to_string("500.html", {"words": data, "incident": code}, request), status=500
        )
    except Exception:
        log.exception("incident %s: the error page failed as well", code)
        text = f"Something failed on our side. Incident {code}."
        return HttpResponse(text, status=500, content_type="text/plain; charset=utf-8")


# --- handlers of the URLconf ------------------------------------------------------------------------------------------


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig | TooManyFilesSent):
        return answer(request, _too_large(), 413, "400.html")
    return answer(
        request, refusal("request.bad", _("The request was not understood")), 400, "400.html"
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, _missing(), 404, "404.html")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(request, _denied(), 403, "403.html")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Mostly a page left open past the end of its session; the cure is to load it again."""
    data = refusal(
        "request.csrf",
        _("This page has expired"),
        _("The security token of the form is missing or old."),
        _("Load the page again, then repeat what you did. Cookies must be allowed."),
    )
    return answer(request, data, 403, "403.html")


def server_error(request: HttpRequest) -> HttpResponse:
    """Only for what fails outside the middleware; Django calls it while it handles the error."""
    error = sys.exc_info()[1] or RuntimeError("unhandled error")
    return busy_response(request, error) if is_busy(error) else incident_response(request, error)


def _missing() -> dict[str, Any]:
    return refusal(
        "request.not_found",
        _("There is nothing here"),
        _("The address is wrong, what it named was deleted, or it belongs to another workspace."),
    )


def _denied() -> dict[str, Any]:
    return refusal(
        "request.forbidden",
        _("Your role does not allow this"),
        _("You can see this workspace, but not do that in it."),
        _("Ask an owner of the workspace for another role."),
    )


def _too_large() -> dict[str, Any]:
    return refusal(
        "request.too_large",
        _("The request is too large"),
        remedy=_("Send less at once; files go through the upload."),
    )


# --- API --------------------------------------------------------------------------------------------------------------


def _first(detail: Any) -> str:
    """The first sentence of DRF's detail, whose shape is a string, a list or a dict of lists."""
    while isinstance(detail, dict | list):
        if not detail:
            return ""
        detail = next(iter(detail.values())) if isinstance(detail, dict) else detail[0]
    return str(detail)


def _invalid(error: api.ValidationError) -> dict[str, Any]:
    fields = error.detail if isinstance(error.detail, dict) else {"": error.detail}
    found = "; ".join(
        f"{name}: {_first(text)}" if name else _first(text) for name, text in fields.items()
    )
    data = refusal("request.invalid", _("Some fields are not right"), found)
    return data | {"values": {"fields": error.detail}}


API_CODES: dict[type[Exception], tuple[str, Callable[[], str]]] = {
    api.ParseError: ("request.parse", lambda: _("The body is not readable")),
    api.NotAuthenticated: ("request.anonymous", lambda: _("Sign in first")),
    api.AuthenticationFailed: ("request.token", lambda: _("The token is not valid")),
    api.MethodNotAllowed: ("request.method", lambda: _("This method is not allowed here")),
    api.UnsupportedMediaType: ("request.media", lambda: _("This kind of body is not taken here")),
    api.NotAcceptable: ("request.accept", lambda: _("This format is not offered")),
    api.Throttled: ("request.throttled", lambda: _("Too many requests")),
}


def _refused(error: Exception) -> dict[str, Any]:
    if isinstance(error, Http404 | api.NotFound):
        return _missing()
    if isinstance(error, api.ValidationError):
        return _invalid(error)
    if type(error) in API_CODES:
        code, title = API_CODES[type(error)]
        return refusal(code, title(), _first(getattr(error, "detail", "")))
    if isinstance(error, PermissionDenied | api.PermissionDenied):
        return _denied()
    return refusal(
        "request.refused", _("The request was refused"), _first(getattr(error, "detail", ""))
    )


def _too_deep(error: Exception) -> bool:
    """A RecursionError of the JSON parser is the sender's: the body is nested thousands deep."""
    tail = error.__traceback__
    while tail is not None and tail.tb_next is not None:
        tail = tail.tb_next
    return (
        isinstance(error, RecursionError)
        and tail is not None
        and "json" in tail.tb_frame.f_code.co_filename
    )


def api_exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Every refusal in the one JSON shape; what is ours becomes an incident."""
    request = context["request"]
    if isinstance(error, Problem):
        set_rollback()
        data = as_json(error.code, _jsonable(error.values))
        return Response(data, status=status_of(error.code))
    if isinstance(error, RequestDataTooBig | TooManyFilesSent):
        return Response(_too_large(), status=413)
    if _too_deep(error) or isinstance(
        error, SuspiciousOperation | BadRequest | MultiPartParserError
    ):
        error = api.ParseError()
    response = rest_handler(error, context)
    if response is None and is_busy(error):
        log.error("The database cannot be asked: %s", error)
        return Response(_busy(), status=503, headers={"Retry-After": str(AGAIN)})
    if response is None:
        set_rollback()
        return Response(_internal(incident(error, request)), status=500)
    response.data = _refused(error)
    return response
