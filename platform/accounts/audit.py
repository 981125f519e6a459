"""The audit trail: who did what, when and from where. Rows are only ever added, and leave by age alone.

Services call `record` in the transaction of what they do: what did not happen is not written. Who asks, by what token
and from which address is known of the request that is being answered (accounts.middleware), so that services need not
carry it around.
"""

from __future__ import annotations

import json
import re
from contextvars import ContextVar
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

from allauth.core.internal.httpkit import get_client_ip
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import ApiToken, AuditEntry, User, Workspace

# The request that is being answered, in this thread or task.
current: ContextVar[Any] = ContextVar("request", default=None)
_SECRET = re.compile(r"secret|password|digest|cookie|(?<!_)token$", re.IGNORECASE)
HIDDEN = "•••"
LONGEST = 300  # characters of one value
AT_ONCE = 1000  # entries that are too old


def record(
    workspace: Workspace | None,
    verb: str,
    *,
    user: Any = None,
    request: Any = None,
    about: Any = "",
    **values: Any,
) -> None:
    """Writes one entry. `verb` is dotted lower case such as `member.invited`; `about` names the thing; `values` are
    plain JSON. Without `user` and `request`, those of the request that is being answered. No workspace: an operator's
    act, or something of the site.
    """
    request = request if request is not None else current.get()
    user = user or getattr(request, "user", None)
    known = user if isinstance(user, User) else None
    AuditEntry.objects.create(
        workspace=workspace,
        user=known,
        who=known.email if known else "",
        via=_via(request, known),
        verb=verb,
        about=" ".join(str(about).split())[:200],
        values={name: _plain(name, value) for name, value in values.items()},
        address=address_of(request),
    )


def record_person(user: User | None, verb: str, *, request: Any = None, **values: Any) -> None:
    """What somebody does with the own account, for each workspace that the person is in."""
    mine = Workspace.objects.filter(memberships__user=user) if user else Workspace.objects.none()
    found: list[Workspace | None] = [*mine]
    for workspace in found or [None]:
        record(workspace, verb, user=user, request=request, **values)


def entries(
    workspace: Workspace, *, who: str = "", verb: str = "", before: int = 0
) -> QuerySet[AuditEntry]:
    """The newest first. `who`: a part of the address; `verb`: one, or its first word; `before`: an entry's number."""
    found = AuditEntry.objects.filter(workspace=workspace)
    if who:
        found = found.filter(who__icontains=who)
    if verb:
        found = found.filter(Q(verb=verb) | Q(verb__startswith=f"{verb}."))
    return found.filter(pk__lt=before) if before else found


def address_of(request: Any) -> str | None:
    """Of the client; behind proxies, as ATTUNE_PROXIES of them tell it. None where nobody asked over the net."""
    if request is None:
        return None
    try:
        found = get_client_ip(getattr(request, "_request", request)) or ""
        return str(ip_address(found.strip()))
    except (ValueError, ImproperlyConfigured):  # a proxy that says nothing, or nonsense
        return None


def expire(days: int) -> int:
    """Takes away what is older; 0 keeps everything. Returns how many entries went."""
    if days < 1:
        return 0
    old = AuditEntry.objects.filter(at__lt=timezone.now() - timedelta(days=days)).order_by("at")
    gone = list(old.values_list("pk", flat=True)[:AT_ONCE])
    if gone:  # Django answers None where there is nothing
        QuerySet(AuditEntry).filter(pk__in=gone)._raw_delete(old.db)
    return len(gone)


def _via(request: Any, user: User | None) -> str:
    token = getattr(request, "auth", None)
    operator = getattr(request, "impersonator", None)
    said = [f"token {token.prefix}…"] if isinstance(token, ApiToken) else []
    return " · ".join([*said, *([f"operator {operator}"] if operator and operator != user else [])])


def _plain(name: str, value: Any) -> Any:
    if _SECRET.search(name):
        return HIDDEN
    if isinstance(value, str):
        return value[:LONGEST]
    return json.loads(json.dumps(value, default=str))
