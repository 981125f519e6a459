"""Every URL of the site, asked for as owner, member, viewer, stranger and nobody.

ADDING A ROUTE? Add a row to ROUTES below: its name and, for each method that it takes, the status that owner, member,
viewer, stranger and nobody get. `page`, `action`, `api` and `api_action` write the usual rows. Ids are filled in from
the fixture `make_everything` (tests/conftest.py) by the name of the URL's parameter; add what is new there.
Methods that a row does not name must be refused (405). A route without a row, and without a reason in EXCEPT, fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import User, Workspace
from accounts.services import create_token
from tests.access_routes import ACTORS, ROUTES

# Not ours to sweep, with the reason.
EXCEPT = {
    "account_": "allauth's own pages are about the visitor and take no object of others",
    "gallery": "is there in development only",
}
METHODS = ("get", "post", "put", "patch", "delete")
# Django's own view answers any method with a redirect, and acts on POST alone.
LENIENT = {"set_language": 302}
# Mail programs end mail by a POST without a cookie (RFC 8058): what counts is the signed token in the address.
SIGNED = {"notices-off": 404}


def routes(patterns: Any = None, prefix: str = "") -> Iterator[tuple[str, str]]:
    """(name, pattern) of all that is in the URLconf, but for the stock admin; the name may be empty."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        pattern = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver) and entry.namespace != "admin":
            yield from routes(entry.url_patterns, pattern)
        elif isinstance(entry, URLPattern):
            yield entry.name or "", pattern


def parameters(name: str) -> list[str]:
    found = get_resolver().reverse_dict.getlist(name)
    return list(found[0][0][0][1]) if found else []  # its row fails for itself


def rows(method: str) -> list[str]:
    return [name for name, route in ROUTES.items() if method in route.expected]


def test_every_route_has_a_row() -> None:
    excepted = tuple(EXCEPT)
    missing = [
        f"{name or '(a route without a name)'} at /{pattern}"
        for name, pattern in routes()
        if name not in ROUTES and not (name and name.startswith(excepted))
    ]
    advice = "Add a row to ROUTES in tests/test_access_sweep.py, as described on its top, for:\n  "
    assert not missing, advice + "\n  ".join(missing)


def test_every_row_has_a_route() -> None:
    assert set(ROUTES) <= {name for name, _pattern in routes()}


@pytest.fixture
def ids(make_everything: Any, workspace: Workspace, alice: User) -> dict[str, Any]:
    return make_everything(workspace, alice)


@pytest.fixture
def people(alice: User, bob: User, vera: User, charlie: User) -> dict[str, User | None]:
    return dict(zip(ACTORS, (alice, bob, vera, charlie, None), strict=True))


def signed_in(user: User | None, **options: Any) -> Client:
    client = Client(**options)
    if user:
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def with_token(user: User, workspace: Workspace) -> Client:
    text = create_token(workspace=workspace, user=user, name="sweep")[1]
    return Client(headers={"Authorization": f"Bearer {text}"}, enforce_csrf_checks=True)


def ask(client: Client, method: str, name: str, ids: dict[str, Any]) -> Any:
    route = ROUTES[name]
    url = reverse(name, kwargs={key: (ids | route.ids)[key] for key in parameters(name)})
    if method == "get" or method not in route.expected:
        return getattr(client, method)(url + route.query, headers=route.headers)
    form = {} if route.json or method != "post" else {"data": route.data(ids)}
    kind = {"content_type": route.kind, "CONTENT_TYPE": route.kind}  # of an empty body too
    body = form or {"data": route.data(ids), **kind}
    return getattr(client, method)(url, **body, headers=route.headers)


def content(response: Any) -> bytes:
    return b"".join(response) if response.streaming else response.content


def state(skip: tuple[str, ...] = ("sessions.Session",)) -> dict[str, list[Any]]:
    """Every row of every table, to see whether something was written."""
    models = [model for model in apps.get_models() if model._meta.label not in skip]
    return {model._meta.label: sorted(map(repr, model.objects.values_list())) for model in models}


@contextmanager
def undone() -> Iterator[None]:
    """What is written inside is taken back, so that the next actor finds the same."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def expected_of(name: str, method: str) -> list[tuple[str, int]]:
    return list(zip(ACTORS, ROUTES[name].expected[method], strict=True))


CASES = [(name, method) for name, route in ROUTES.items() for method in route.expected]
WRITES = [case for case in CASES if case[1] != "get"]
API = [case for case in CASES if case[0].startswith("api-") and not ROUTES[case[0]].public]
NESTED = [case for case in CASES if len(parameters(case[0])) > 1 and "slug" in parameters(case[0])]


@pytest.mark.parametrize(("name", "method"), CASES)
def test_answers(name: str, method: str, people: Any, ids: dict[str, Any]) -> None:
    for actor, status in expected_of(name, method):
        client = signed_in(people[actor])
        with undone():
            response = ask(client, method, name, ids)
            body = content(response)
        assert response.status_code == status, actor
        if actor in ("stranger", "nobody"):
            assert b"Canary" not in body, actor
            assert "Canary" not in str(response.headers), actor


@pytest.mark.parametrize(("name", "method"), WRITES)
def test_whoever_may_not_write_changes_nothing(
    name: str, method: str, people: Any, ids: dict[str, Any]
) -> None:
    clients = {actor: signed_in(people[actor]) for actor in ("viewer", "stranger", "nobody")}
    before = state()
    for actor, client in clients.items():
        ask(client, method, name, ids)
        assert state() == before, actor


@pytest.mark.parametrize(("name", "method"), WRITES)
def test_a_forged_form_is_refused(name: str, method: str, alice: User, ids: dict[str, Any]) -> None:
    """A session's cookie alone, without the form's CSRF token, does nothing; in the API neither."""
    client = signed_in(alice, enforce_csrf_checks=True)
    before = state()
    assert ask(client, method, name, ids).status_code == SIGNED.get(name, 403)
    assert state() == before


@pytest.mark.parametrize("name", ROUTES)
def test_other_methods_are_refused(name: str, alice: User, ids: dict[str, Any]) -> None:
    client = signed_in(alice)
    before = state()
    for method in METHODS:
        if method not in ROUTES[name].expected:
            response = ask(client, method, name, ids)
            assert response.status_code == LENIENT.get(name, 405), method
    assert state() == before


@pytest.mark.parametrize("name", rows("get"))
def test_get_writes_nothing_and_is_guarded_by_headers(
    name: str, alice: User, ids: dict[str, Any]
) -> None:
    client = signed_in(alice)
    before = state()
    response = ask(client, "get", name, ids)
    content(response)
    assert state() == before
    policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self';" in f"{policy};"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize(("name", "method"), NESTED)
def test_ids_of_others_behind_an_address_of_ones_own(
    name: str, method: str, bob: User, charlie: User, ids: dict[str, Any], make_everything: Any
) -> None:
    """What is asked for below another workspace or project is not there: for strangers, and for Bob who may see it."""
    keys = [key for key in parameters(name) if key in ids]
    for user in (charlie, bob):
        own = make_everything(user.workspaces.get(slug=user.email.partition("@")[0]), user)
        client = signed_in(user)
        for outer in range(1, len(keys)):
            mixed = {key: (own if keys.index(key) < outer else ids)[key] for key in keys}
            response = ask(client, method, name, ids | mixed)
            assert response.status_code == 404, (user, mixed)


@pytest.mark.parametrize(("name", "method"), API)
def test_answers_to_tokens(
    name: str, method: str, people: Any, ids: dict[str, Any], workspace: Workspace
) -> None:
    """A token is as good as its maker's session; the stranger's opens his own workspace."""
    for actor, status in expected_of(name, method):
        if actor == "nobody":
            continue
        opened = people[actor].workspaces.get() if actor == "stranger" else workspace
        client = with_token(people[actor], opened)
        with undone():
            assert ask(client, method, name, ids).status_code == status, actor


@pytest.mark.parametrize(("name", "method"), API)
def test_a_members_token_for_another_workspace_opens_nothing_here(
    name: str, method: str, bob: User, ids: dict[str, Any], workspace: Workspace
) -> None:
    client = with_token(bob, bob.workspaces.exclude(pk=workspace.pk).get())
    response = ask(client, method, name, ids)
    assert response.status_code == dict(expected_of(name, method))["stranger"]
    assert b"Canary" not in content(response)


def admin_pages() -> list[str]:
    return [
        f"/admin/{model._meta.app_label}/{model._meta.model_name}/{rest}"
        for model in apps.get_models()
        if admin.site.is_registered(model)
        for rest in ("", "add/")
    ]


def test_the_admin_is_for_staff(alice: User, ids: dict[str, Any]) -> None:
    operator = signed_in(User.objects.create_superuser("operator@example.org"))
    others = (signed_in(alice), Client())
    for url in admin_pages():
        assert operator.get(url).status_code in (200, 403), url  # 403: nobody adds those by hand
        for client in others:
            assert client.get(url).status_code in (302, 403), url
