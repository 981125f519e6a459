"""Kinds of addresses: what each of five people is answered, and what is sent there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

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


def a_file(ids: dict[str, Any]) -> dict[str, Any]:
    return {"file": SimpleUploadedFile("a.csv", b"text,label\na,b\nc,d\n")}


def a_mapping(ids: dict[str, Any]) -> dict[str, Any]:
    return {"column-text": "text", "column-label": "label"}


def an_import(ids: dict[str, Any]) -> dict[str, Any]:
    return {"train": str(ids["upload_id"]), "columns": {"text": "text", "label": "label"}}


def a_start(ids: dict[str, Any]) -> dict[str, Any]:
    version = str(ids["version_id"])
    choice = {"step": "review", "base": "minilm-l6", "effort": "quick", "start_key": "sweep"}
    choice |= {"confirmed": "yes"}
    return choice | {"version": version}


def a_run(ids: dict[str, Any]) -> dict[str, Any]:
    choice = {"base": "minilm-l6", "effort": "quick", "confirmed": True}
    return {"version": str(ids["version_id"]), **choice}


def a_pool(ids: dict[str, Any]) -> dict[str, Any]:
    return {"upload": str(ids["upload_id"]), "columns": {"text": "text"}}


def own(get: int = 0, post: int = 0, **more: Any) -> Route:
    """What is about whoever asks, in whatever workspace."""
    refused = UNKNOWN if more.get("json") else LOGIN
    asked = {"get": get, "post": post}
    return Route(
        {name: (status,) * 4 + (refused,) for name, status in asked.items() if status}, **more
    )


def owners(get: int = 0, post: int = 0, **more: Any) -> Route:
    """What members see nothing of."""
    refused = UNKNOWN if more.get("json") else LOGIN
    asked = {"get": get, "post": post}
    return Route(
        {name: (status, 403, 403, 404, refused) for name, status in asked.items() if status}, **more
    )


def operators(*methods: str, **more: Any) -> Route:
    """What is not there for anybody who is no operator."""
    return Route({method: (404, 404, 404, 404, LOGIN) for method in methods}, **more)


def an_invitation(ids: dict[str, Any]) -> dict[str, Any]:
    return {"role": "viewer", "days": "7", "uses": "1"}


def a_webhook(ids: dict[str, Any]) -> dict[str, Any]:
    return {"url": "https://canary.example.org/Canary", "topics": ["run"]}


def no_webhook(ids: dict[str, Any]) -> dict[str, Any]:
    """Refused: whether an address can be reached is not asked in this test."""
    return {"url": "http://canary.example.org/", "topics": ["run"], "workspace": ids["slug"]}
