"""Every URL of the site, asked for as owner, member, viewer, stranger and nobody.

ADDING A ROUTE? Add a row to ROUTES below: its name and, for each method that it takes, the status that owner, member,
viewer, stranger and nobody get. `page`, `action`, `api` and `api_action` write the usual rows. Ids are filled in from
`make_everything` (tests/everything.py) by the name of the URL's parameter; add what is new there.
Methods that a row does not name must be refused (405). A route without a row, and without a reason in EXCEPT, fails.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import AuditEntry, Member, Role, User, Workspace
from accounts.services import create_token
from projects.models import Project, Share
from tests.access_excuses import FOR_ALL, OF_A_PROJECT, TAKEN_AWAY, UNWRITTEN
from tests.access_kinds import ACTORS
from tests.access_routes import ROUTES
from tests.everything import make_everything

# Not ours to sweep, with the reason.
EXCEPT = {
    "account_": "allauth's own pages are about the visitor and take no object of others",
    "mfa_": "allauth's own pages of second factors are about the visitor; one's own keys alone are found",
    "usersessions_": "allauth's own page of sessions is about the visitor",
    "gallery": "is there in development only",
}
SESSIONS: dict[UUID, Any] = {}  # cookies of the people, each signed in once
NAMES = ("alice", "bob", "vera", "charlie")
METHODS = ("get", "post", "put", "patch", "delete")
# Django's own view answers any method with a redirect, and acts on POST alone.
LENIENT = {"set_language": 302}
# Mail programs end mail by a POST without a cookie (RFC 8058), as Stripe tells of payments: what counts is signed.
SIGNED = {"notices-off": 404, "stripe-events": 404}


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


@contextmanager
def undone() -> Iterator[None]:
    """What is written inside is taken back, so that who comes next finds the same."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def made(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The five people's world, made once; each test happens in a transaction inside: (its files, its ids)"""
    files = tmp_path_factory.mktemp("everything")
    with django_db_blocker.unblock(), undone():
        alice, bob, vera, _charlie = (
            User.objects.create_user(f"{name}@example.org") for name in NAMES
        )
        workspace = alice.workspaces.get()
        Member.objects.create(workspace=workspace, user=bob, role=Role.EDITOR)
        Member.objects.create(workspace=workspace, user=vera, role=Role.VIEWER)
        for name in NAMES:
            SESSIONS[person(name).pk] = signed_in(person(name)).cookies
        yield files, make_everything(files, workspace, alice)
    SESSIONS.clear()


@pytest.fixture
def ids(made: tuple[Path, dict[str, Any]], home: Path, db: None) -> dict[str, Any]:
    files, known = made
    shutil.copytree(files, home, dirs_exist_ok=True)
    return dict(known)


def person(name: str) -> User:
    return User.objects.get(email=f"{name}@example.org")


@pytest.fixture
def alice(ids: dict[str, Any]) -> User:
    return person("alice")


@pytest.fixture
def bob(ids: dict[str, Any]) -> User:
    return person("bob")


@pytest.fixture
def charlie(ids: dict[str, Any]) -> User:
    return person("charlie")


@pytest.fixture
def people(ids: dict[str, Any]) -> dict[str, User | None]:
    return dict(zip(ACTORS, (*map(person, NAMES), None), strict=True))


def signed_in(user: User | None, **options: Any) -> Client:
    client = Client(**options)
    if user and user.pk in SESSIONS:
        client.cookies = SESSIONS[user.pk].copy()
    elif user:
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def with_token(user: User, workspace: Workspace) -> Client:
    text = create_token(workspace=workspace, user=user, name="sweep")[1]
    return Client(headers={"Authorization": f"Bearer {text}"}, enforce_csrf_checks=True)


def workspace_of(ids: dict[str, Any]) -> Workspace:
    return Workspace.objects.get(slug=ids["slug"])


def ask(client: Client, method: str, name: str, ids: dict[str, Any]) -> Any:
    route = ROUTES[name]
    url = reverse(name, kwargs={key: (ids | route.ids)[key] for key in parameters(name)})
    if method == "get" or method not in route.expected:
        return getattr(client, method)(url + route.query, headers=route.headers)
    form = {} if route.json or method != "post" else {"data": route.data(ids)}
    kind = {"content_type": route.kind, "CONTENT_TYPE": route.kind}  # of an empty body too
    body = form or {"data": route.data(ids), **kind}
    return getattr(client, method)(url + route.query, **body, headers=route.headers)


def content(response: Any) -> bytes:
    return b"".join(response) if response.streaming else response.content


OF_OTHERS = (
    "django_session",
    "django_cache",
)  # a visitor's own session, and counts of the rate limits


@contextmanager
def writes() -> Iterator[list[str]]:
    """The statements inside that change a row."""
    found: list[str] = []

    def look(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        done = execute(sql, params, many, context)
        kind = sql.lstrip().partition(" ")[0].upper()
        changed = kind in ("INSERT", "UPDATE", "DELETE", "REPLACE") and context["cursor"].rowcount
        if changed and not any(name in sql for name in OF_OTHERS):
            found.append(sql)
        return done

    with connection.execute_wrapper(look):
        yield found


def test_what_is_written_is_seen(alice: User) -> None:
    with writes() as found:
        Client().get("/")
        User.objects.filter(email="nobody@example.org").update(is_active=False)
        assert not found
        User.objects.filter(pk=alice.pk).update(is_active=False)
        assert len(found) == 1


# What a viewer may do as well, and the plan counts before it is done.
COUNTED = ("run-try", "api-run-predict")


def expected_of(name: str, method: str) -> list[tuple[str, int]]:
    return list(zip(ACTORS, ROUTES[name].expected[method], strict=True))


CASES = [(name, method) for name, route in ROUTES.items() for method in route.expected]
WRITES = [case for case in CASES if case[1] != "get"]
API = [case for case in CASES if case[0].startswith("api-") and not ROUTES[case[0]].public]
NESTED = [case for case in CASES if len(parameters(case[0])) > 1 and "slug" in parameters(case[0])]


def changes_nothing(name: str, method: str, actor: str) -> bool:
    """Who reads; and who may not write, or writes nothing with what a viewer may do."""
    told = dict(expected_of(name, method))
    if method == "get":
        return actor == "owner" and name not in TAKEN_AWAY
    if actor in ("owner", "member") or (actor == "viewer" and name in COUNTED):
        return False
    return actor == "nobody" or told[actor] >= 400 or name not in FOR_ALL


def is_guarded(response: Any) -> None:
    policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self';" in f"{policy};"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize(("name", "method"), CASES)
def test_answers(name: str, method: str, people: Any, ids: dict[str, Any]) -> None:
    """As told, with nothing of others; who reads, or may not write, changes nothing; a page is guarded by headers."""
    for actor, status in expected_of(name, method):
        client = signed_in(people[actor])
        with undone():
            before = AuditEntry.objects.count()
            with writes() as found:
                response = ask(client, method, name, ids)
                body = content(response)
            written = AuditEntry.objects.count() > before
        assert response.status_code == status, actor
        if changes_nothing(name, method, actor):
            assert not found, actor
        if actor == "owner" and (method != "get" or name in TAKEN_AWAY) and status < 400:
            excused = name in UNWRITTEN or f"{name} {method}" in UNWRITTEN
            assert written != excused, "one line in the audit trail, or a reason for none"
        if actor == "owner" and method == "get":
            is_guarded(response)
            # What is taken away is written down, and nothing else is.
            assert all("accounts_auditentry" in sql for sql in found)
        if actor in ("stranger", "nobody"):
            assert b"Canary" not in body, actor
            assert "Canary" not in str(response.headers), actor


@pytest.mark.parametrize(("name", "method"), WRITES)
def test_a_forged_form_is_refused(name: str, method: str, alice: User, ids: dict[str, Any]) -> None:
    """A session's cookie alone, without the form's CSRF token, does nothing; in the API neither."""
    client = signed_in(alice, enforce_csrf_checks=True)
    with writes() as found:
        assert ask(client, method, name, ids).status_code == SIGNED.get(name, 403)
    assert not found


@pytest.mark.parametrize("name", ROUTES)
def test_other_methods_are_refused(name: str, alice: User, ids: dict[str, Any]) -> None:
    client = signed_in(alice)
    for method in METHODS:
        if method not in ROUTES[name].expected:
            with writes() as found:
                response = ask(client, method, name, ids)
            assert response.status_code == LENIENT.get(name, 405), method
            assert not found, method


def all_of(files: Path, name: str) -> dict[str, Any]:
    user = person(name)
    return make_everything(files, user.workspaces.get(slug=name), user)


@pytest.fixture(scope="class")
def theirs(
    made: tuple[Path, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, dict[str, dict[str, Any]]]]:
    """What Charlie and Bob have in workspaces of their own."""
    files = tmp_path_factory.mktemp("theirs")
    with undone():
        yield files, {name: all_of(files, name) for name in ("charlie", "bob")}


class TestIdsOfOthers:
    @pytest.mark.parametrize(("name", "method"), NESTED)
    def test_behind_an_address_of_ones_own(
        self, name: str, method: str, theirs: Any, ids: dict[str, Any], home: Path
    ) -> None:
        """What is asked for below another workspace or project is not there, for Charlie and for Bob."""
        files, everything = theirs
        shutil.copytree(files, home, dirs_exist_ok=True)
        keys = [key for key in parameters(name) if key in ids]
        for user, own in everything.items():
            client = signed_in(person(user))
            for outer in range(1, len(keys)):
                mixed = {key: (own if keys.index(key) < outer else ids)[key] for key in keys}
                response = ask(client, method, name, ids | mixed)
                assert response.status_code == 404, (user, mixed)


@pytest.mark.parametrize(("name", "method"), API)
def test_answers_to_tokens(name: str, method: str, people: Any, ids: dict[str, Any]) -> None:
    """A token is as good as its maker's session; the stranger's opens his own workspace."""
    for actor, status in expected_of(name, method):
        if actor == "nobody":
            continue
        opened = people[actor].workspaces.get() if actor == "stranger" else workspace_of(ids)
        client = with_token(people[actor], opened)
        with undone():
            assert ask(client, method, name, ids).status_code == status, actor


@pytest.mark.parametrize(("name", "method"), API)
def test_a_members_token_for_another_workspace_opens_nothing_here(
    name: str, method: str, bob: User, ids: dict[str, Any]
) -> None:
    client = with_token(bob, bob.workspaces.exclude(slug=ids["slug"]).get())
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


def hidden_from(ids: dict[str, Any], name: str) -> None:
    """The project is restricted, and not shared with this person."""
    Project.objects.filter(pk=ids["project_id"]).update(restricted=True)
    assert not Share.objects.filter(user=person(name)).exists()


def below_a_project(name: str) -> bool:
    """Whether the page or endpoint shows something of the project, found by an id that lies in it."""
    return bool(set(parameters(name)) & OF_A_PROJECT)


@pytest.mark.parametrize(("name", "method"), [case for case in CASES if below_a_project(case[0])])
def test_what_is_not_shared_is_not_there(name: str, method: str, ids: dict[str, Any]) -> None:
    """Bob is an editor of the workspace, and the project is for others: 404, as for a stranger."""
    hidden_from(ids, "bob")
    with writes() as found:
        response = ask(signed_in(person("bob")), method, name, ids)
    assert response.status_code == 404
    assert b"Canary" not in content(response)
    assert not found


def test_what_is_not_shared_is_in_no_list(ids: dict[str, Any]) -> None:
    hidden_from(ids, "bob")
    client = signed_in(person("bob"))
    for name in ("workspace", "api-projects"):
        assert b"Canary" not in content(ask(client, "get", name, ids))
    Share.objects.create(project_id=ids["project_id"], user=person("bob"))
    for name in ("workspace", "api-projects", "project", "run-status"):
        assert b"Canary" in content(ask(client, "get", name, ids))
