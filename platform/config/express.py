"""Answers “nothing is new” ahead of Django.

A page that watches a run asks every other second, and so does the bell. Nearly all of the answers are an empty 204, and
nearly all of their cost was what stands around the question: under ASGI Django takes a new thread and a new connection
to the database for each request, and leads it through all of the middleware. Here a few threads keep their connections.

Only that answer is given here, and only to a visitor whose session holds at this moment: what SessionMiddleware and the
authentication look at is looked at (the session's date and signature, a user that is active, the hash of the password),
and the question itself is asked under the rules of its page. For whatever else it is (somebody else's, signed out,
something new, a database that is away) Django is asked, and gives the whole answer.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import DatabaseError, InterfaceError, connection
from django.db.models import QuerySet, Subquery
from django.http import QueryDict, parse_cookie
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.models import User
from config.guard import App, Receive, Scope, Send
from web.questions import Question

log = logging.getLogger(__name__)
# (user, the named groups of the path, query) -> headers of the 204, or None: Django shall be asked.
Quick = Callable[[UUID, Mapping[str, str], QueryDict], Mapping[str, str] | None]
Run = Callable[..., Awaitable[Any]]  # calls a function with its arguments where it may wait
THREADS = 4
KNOWN = 10_000  # sessions remembered


class Express:
    def __init__(
        self, app: App, quick: Mapping[re.Pattern[str], Quick], run: Run | None = None
    ) -> None:
        self.app = app
        self._quick = quick
        self._run = run or in_threads()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = self._asked(scope)
        headers = await self._run(answer, *asked) if asked else None
        if headers is None:
            return await self.app(scope, receive, send)
        told = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        told += [(b"cache-control", b"no-store"), (b"vary", b"Cookie")]
        await send({"type": "http.response.start", "status": 204, "headers": told})
        await send({"type": "http.response.body", "body": b""})
        return None

    def _asked(self, scope: Scope) -> tuple[Quick, dict[str, str], str, QueryDict] | None:
        """What is asked so often that it may be answered here: (who answers, of what, session, query)."""
        if scope["type"] != "http" or scope["method"] != "GET" or scope.get("root_path"):
            return None
        for pattern, quick in self._quick.items():
            if found := pattern.fullmatch(scope["path"]):
                session = _session_of(scope)
                query = QueryDict(scope.get("query_string", b""))
                return (quick, found.groupdict(), session, query) if session else None
        return None


def in_threads() -> Run:
    """A few threads of its own, started when they are needed; each keeps its connection to the database."""
    pool = ThreadPoolExecutor(THREADS, "express")

    async def run(function: Callable[..., Any], *given: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(pool, function, *given)

    return run


def _session_of(scope: Scope) -> str:
    text = b"; ".join(value for name, value in scope["headers"] if name == b"cookie")
    return str(parse_cookie(text.decode("latin-1")).get(settings.SESSION_COOKIE_NAME, ""))


def answer(
    quick: Quick, named: Mapping[str, str], session: str, query: QueryDict
) -> Mapping[str, str] | None:
    """Headers of the 204, or None where Django shall be asked."""
    try:
        user = visitor(session)
        return quick(user, named, query) if user else None
    except (DatabaseError, InterfaceError):
        log.info("A poll goes the long way: the database did not answer", exc_info=True)
        connection.close()
        return None


# --- who asks ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Proof:
    """Whose session this was, and what was looked at to know; it holds while both are the same."""

    user: UUID
    password: str
    data: str


_proofs: OrderedDict[str, Proof] = OrderedDict()


def visitor(key: str) -> UUID | None:
    """Whose session it is at this moment; None: nobody's. One question to the database, once the session is known."""
    proof = _proofs.get(key)
    if proof and _SEEN.ask(key, proof.user, timezone.now()) == [(proof.password, proof.data)]:
        return proof.user
    _proofs.pop(key, None)
    proof = _prove(key)
    if proof is None:
        return None
    _proofs[key] = proof
    while len(_proofs) > KNOWN:
        _proofs.popitem(last=False)
    return proof.user


def _seen(key: str, user: UUID, now: datetime) -> QuerySet[User, Any]:
    """(hash of the password, data of the session) of a user that is active; None for a session that is over."""
    data = Session.objects.filter(pk=key, expire_date__gt=now).values("session_data")
    return User.objects.filter(pk=user, is_active=True).values_list("password", Subquery(data))


_SEEN = Question(_seen, "a-key", UUID(int=1), datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC))


def _prove(key: str) -> Proof | None:
    """As `django.contrib.auth.get_user` finds the user of a request."""
    row = Session.objects.filter(pk=key, expire_date__gt=timezone.now()).first()
    said = SessionStore(key).decode(row.session_data) if row else {}
    if not row or said.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    try:
        pk = UUID(str(said.get(SESSION_KEY)))
        user = User.objects.filter(pk=pk, is_active=True).first()
    except (ValueError, ValidationError):
        return None
    known = said.get(HASH_SESSION_KEY) or ""
    if user is None or not constant_time_compare(known, user.get_session_auth_hash()):
        return None
    return Proof(user.pk, user.password, row.session_data)
