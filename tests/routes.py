"""How the rows of the access sweep are written: see test_access_sweep.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

ACTORS = ("owner", "member", "viewer", "stranger", "nobody")
LOGIN = 302  # nobody is sent to sign in, on pages
UNKNOWN = 401  # … and told to, in the API
Statuses = tuple[int, int, int, int, int]
Data = Callable[[dict[str, Any]], Any]


@dataclass(frozen=True)
class Route:
    """`expected`: method -> statuses in the order of ACTORS. `data` makes the body of a request that succeeds."""

    expected: dict[str, Statuses]
    data: Data = lambda ids: {}
    json: bool = False
    public: bool = False  # everybody may see it; nothing of a workspace is on it
    query: str = ""
    ids: dict[str, str] = field(default_factory=dict)  # values of parameters that are no ids
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = "application/json"  # the content type of what is no form


def everybody(get: int = 200, **more: Any) -> Route:
    return Route({"get": (get,) * 5}, public=True, **more)


def page(get: int = 200, post: int = 0, viewer: int = 0, **more: Any) -> Route:
    """A page that members see, and what posting to it gives those who may edit."""
    expected: dict[str, Statuses] = {"get": (get, get, viewer or get, 404, LOGIN)}
    if post:
        expected["post"] = (post, post, 403, 404, LOGIN)
    return Route(expected, **more)


def action(post: int, member: int = 0, viewer: int = 403, **more: Any) -> Route:
    """Something that is only posted to."""
    return Route({"post": (post, member or post, viewer, 404, LOGIN)}, **more)


def api(get: int = 200, viewer: int = 0, **more: Any) -> Route:
    return Route({"get": (get, get, viewer or get, 404, UNKNOWN)}, json=True, **more)


def api_action(post: int, get: int = 0, viewer: int = 403, **more: Any) -> Route:
    expected: dict[str, Statuses] = {"post": (post, post, viewer, 404, UNKNOWN)}
    if get:
        expected["get"] = (get, get, get, 404, UNKNOWN)
    return Route(expected, **({"json": True} | more))
