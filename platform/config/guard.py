"""Refuses request bodies before Django sees them.

Django writes a whole body to disk before any view, and so before any check of who sent it. This wrapper stands ahead
of it: an anonymous upload, one over the limit or one of unknown length is answered without reading its body.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from importlib import import_module
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from asgiref.sync import sync_to_async
from csp.middleware import CSPMiddleware
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.core.handlers.asgi import ASGIRequest
from django.template.defaultfilters import filesizeformat
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language_from_request, override
from rest_framework.exceptions import AuthenticationFailed

from accounts.authentication import TokenAuthentication
from training.problems import Problem
from web.errors import problem_response

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

UPLOADS = re.compile(r"/w/[^/]+/p/[^/]+/upload/?|/api/v1/projects/[^/]+/uploads/?")
# A piece of a resumable upload: it is lost when the connection breaks, so that large ones make no sense.
PIECES = re.compile(r"/api/v1/tus/[^/]+/?")
PIECE_LIMIT = 64 * 1024**2
OTHER_LIMIT = 5 * 1024**2
# Boundaries, headers and small fields around the file; the file itself is measured by the upload service.
ENVELOPE = 64 * 1024
# Django spools the body once; its parser, or the resumable upload, writes it once more.
COPIES = 2


class Refused(Exception):
    def __init__(self, status: int, problem: Problem) -> None:
        super().__init__(status, problem)
        self.status = status
        self.problem = problem


@dataclass
class Body:
    """Counts a body as it streams, and cuts it off where the limit is passed (whatever its length header said)."""

    receive: Receive
    limit: int
    size: int = 0
    refused: Refused | None = None

    async def __call__(self) -> Message:
        message = await self.receive()
        self.size += len(message.get("body", b""))
        if self.size <= self.limit:
            return message
        self.refused = too_large(self.size, self.limit)
        # What Django does at a disconnect is drop what it has spooled.
        return {"type": "http.disconnect"}


class Guard:
    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        try:
            limit = await admit(scope)
        except Refused as refused:
            return await _refuse(scope, send, refused)
        body = Body(receive, limit)
        sent = Sent(send)
        await self.app(scope, body, sent)
        if body.refused and not sent.started:
            await _refuse(scope, send, body.refused)
        return None


@dataclass
class Sent:
    """Remembers whether an answer has begun."""

    send: Send
    started: bool = False

    async def __call__(self, message: Message) -> None:
        self.started = True
        await self.send(message)


async def admit(scope: Scope) -> int:
    """The bytes that the body of this request may have; raises Refused. Reads headers only."""
    limit = limit_of(scope["method"], scope["path"])
    upload = limit != OTHER_LIMIT
    length = _length(scope, required=upload)
    if upload and not await sync_to_async(is_known)(scope):
        raise Refused(401, Problem("request.anonymous"))
    if length > limit:
        raise too_large(length, limit)
    if upload:
        _check_disk(length)
    return limit


def limit_of(method: str, path: str) -> int:
    """The bytes that a body may have; OTHER_LIMIT wherever no file is taken."""
    if is_piece(path) and method == "PATCH":
        return PIECE_LIMIT
    if is_upload(path) and method not in ("GET", "HEAD", "OPTIONS"):
        return int(settings.MAX_UPLOAD_BYTES) + ENVELOPE
    return OTHER_LIMIT


def is_piece(path: str) -> bool:
    return PIECES.fullmatch(path) is not None


def is_upload(path: str) -> bool:
    return UPLOADS.fullmatch(path) is not None


def is_known(scope: Scope) -> bool:
    """Whether a valid API token or session comes with the request. What it may do is decided later, by the view."""
    request: Any = _request(scope)
    try:
        if TokenAuthentication().authenticate(request):
            return True
    except AuthenticationFailed:
        return False
    return bool(_session_user(request).is_active)


def _session_user(request: ASGIRequest) -> Any:
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    store = import_module(settings.SESSION_ENGINE).SessionStore(key)
    return get_user(SimpleNamespace(session=store, META=request.META))  # type: ignore[arg-type]


def _length(scope: Scope, required: bool) -> int:
    """Bytes as declared. A chunked body has no length, and would reach the API as if it were empty: refused."""
    headers = dict(scope["headers"])
    declared = headers.get(b"content-length", b"")
    if b"transfer-encoding" in headers or (required and not declared):
        raise Refused(411, Problem("request.length"))
    if not declared:
        return 0
    if not declared.isdigit() or len(declared) > 18:
        raise Refused(400, Problem("request.length"))
    return int(declared)


def _check_disk(length: int) -> None:
    wanted = COPIES * length + settings.DISK_RESERVE
    free = shutil.disk_usage(Path(settings.FILE_UPLOAD_TEMP_DIR)).free
    if free < wanted:
        raise Refused(507, Problem("disk.full", wanted=wanted, free=free))


def too_large(size: int, limit: int) -> Refused:
    if limit in (OTHER_LIMIT, PIECE_LIMIT):
        return Refused(413, Problem("request.too_large", size=size, limit=limit))
    limit -= ENVELOPE
    words = {"size_text": filesizeformat(size), "limit_text": filesizeformat(limit)}
    return Refused(413, Problem("upload.too_large", size=size, limit=limit, **words))


def _request(scope: Scope) -> ASGIRequest:
    return ASGIRequest(dict(scope), BytesIO())


async def _refuse(scope: Scope, send: Send, refused: Refused) -> None:
    response = await sync_to_async(_response)(scope, refused)
    headers = [(name.lower().encode(), value.encode()) for name, value in response.items()]
    headers.append((b"content-length", str(len(response.content)).encode()))
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.content})


def _response(scope: Scope, refused: Refused) -> Any:
    """As the site would answer it: a page or JSON, by who asks and in their language."""
    request: Any = _request(scope)
    request.user, request.session = AnonymousUser(), {}
    with override(get_language_from_request(request)):
        response: Any = CSPMiddleware(lambda asked: problem_response(asked, refused.problem))(
            request
        )
    response.status_code = refused.status
    response["X-Content-Type-Options"] = "nosniff"
    patch_vary_headers(response, ["Accept", "Accept-Language", "Cookie"])
    return response
