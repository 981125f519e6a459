"""Every URL of the site, asked for as owner, member, viewer, stranger and nobody.

ADDING A ROUTE? Add a row to ROUTES: its name, then what GET answers to owner, member, viewer, stranger and nobody.
Where POST means something add `post=`. Ids are filled from OBJECTS by the name of the URL's parameter
(`project_id`, `run_id` …); a route whose parameter means something else gets `ids={"name": "object"}`.
A route that is no row here, and no exception with a reason, fails this test.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts.models import Workspace
from accounts.services import create_token
from projects.datasets.models import DatasetVersion, Import, Upload
from projects.models import Project
from projects.runs.models import Artifact, Run

ACTORS = ("owner", "member", "viewer", "stranger", "nobody")
LOGIN = 302  # nobody is sent to sign in, on pages
NO_TOKEN = 401  # … and told to, in the API


@dataclass(frozen=True)
class Route:
    """Expected statuses in the order of ACTORS. None: not asked for (the reason stands beside the row)."""

    get: tuple[int | set[int] | None, ...]
    post: tuple[int | set[int] | None, ...] = ()
    data: dict[str, Any] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)


def page(
    owner: int = 200, member: int | None = None, viewer: int | None = None, **more: Any
) -> Route:
    """A page of a workspace: strangers find nothing, nobody is sent to sign in."""
    member = owner if member is None else member
    return Route((owner, member, member if viewer is None else viewer, 404, LOGIN), **more)


def action(
    done: int | set[int],
    member: int | set[int] | None = None,
    viewer: int = 403,
    get: tuple[int, ...] = (405, 405, 405, 405, LOGIN),
    **more: Any,
) -> Route:
    """Something that is only posted to: GET is refused whoever asks, and changes nothing."""
    member = done if member is None else member
    return Route(get, post=(done, member, viewer, 404, LOGIN), **more)


ROUTES: dict[str, Route] = {
    # --- the site ------------------------------------------------------------------------------------------------
    "healthz": Route((200,) * 5),
    "set_language": Route((302,) * 5, post=(302,) * 5, data={"language": "en"}),
    "api-schema": Route((200,) * 5),
    "api-docs": Route((200,) * 5),
    # --- people --------------------------------------------------------------------------------------------------
    "operator": Route((404,) * 5, post=(404,) * 5, ids={"secret": "guess"}),
    "workspace-settings": page(post=(405, 405, 405, 405, LOGIN)),
    "workspace-rename": action(302, member=403, data={"name": "Renamed"}),
    "token-create": action(201, member=403, data={"name": "CI", "days": "30"}),
    "token-revoke": action(302, member=403),
}

# Not ours, with the reason why they need no row.
EXCEPT = {
    "admin": "the stock admin: staff only, swept by test_the_admin_is_for_staff",
    "account_": "allauth's own pages; they are about the visitor and take no object of others",
}


def routes(patterns: Any = None, prefix: str = "") -> Iterator[tuple[str, str]]:
    """(name, route) of everything in the URLconf; the name is empty for a route without one."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            if entry.namespace != "admin":
                yield from routes(entry.url_patterns, route)
        elif isinstance(entry, URLPattern):
            yield entry.name or "", route


def excepted(name: str) -> bool:
    return any(name.startswith(start) for start in EXCEPT)


def test_every_route_has_a_row() -> None:
    missing = {
        f"{name or '(no name)'} at /{route}" for name, route in routes() if name not in ROUTES
    }
    missing = {entry for entry in missing if not excepted(entry)}
    assert not missing, "Add a row to ROUTES (see the top of this file) for: " + ", ".join(
        sorted(missing)
    )


def test_every_row_has_a_route() -> None:
    assert set(ROUTES) - {name for name, _route in routes()} == set()


@pytest.fixture
def objects(workspace: Workspace, alice: Any) -> dict[str, Any]:
    """One of everything in Alice's workspace, by the names of the URLs' parameters."""
    return {"slug": workspace.slug, "guess": "guess", **make_objects(workspace, alice)}


def make_objects(workspace: Workspace, user: Any) -> dict[str, Any]:
    project = Project.objects.create(
        workspace=workspace, name="Canary", task="text-classification", created_by=user
    )
    upload = Upload.objects.create(
        project=project, name="canary.csv", path="x.csv", size=3, sha256="0" * 64
    )
    checked = Import.objects.create(
        project=project,
        train=upload,
        columns={"text": "text", "label": "label"},
        status=Import.Status.READY,
    )
    version = DatasetVersion.objects.create(
        project=project,
        source=checked,
        number=1,
        name="canary.csv",
        path="x.parquet",
        sha256="0" * 64,
        size=3,
        rows=4,
    )
    run = make_run(version)
    artifact = Artifact.objects.create(
        run=run, folder="x", zip_path="x.zip", size=1, sha256="0" * 64
    )
    token, _text = create_token(workspace=workspace, user=user, name="Canary")
    return {
        "project_id": project.pk,
        "upload_id": upload.pk,
        "import_id": checked.pk,
        "version_id": version.pk,
        "run_id": run.pk,
        "artifact_id": artifact.pk,
        "token_id": token.pk,
    }


def make_run(version: DatasetVersion) -> Run:
    now = timezone.now()
    return Run.objects.create(
        project=version.project,
        version=version,
        number=1,
        start_key=uuid.uuid4().hex,
        spec={"task": "text-classification", "base": "minilm-l6", "effort": "quick", "seed": 13},
        status="cancelled",
        ended_at=now,
    )


@pytest.fixture
def clients(
    client: Client,
    alice_client: Client,
    bob_client: Client,
    vera_client: Client,
    charlie_client: Client,
) -> dict[str, Client]:
    return dict(
        zip(ACTORS, (alice_client, bob_client, vera_client, charlie_client, client), strict=True)
    )


def url_of(name: str, objects: dict[str, Any]) -> str:
    pattern = next(route for found, route in routes() if found == name)
    names = get_resolver().reverse_dict.getlist(name)[0][0][0][1]
    assert pattern is not None
    ids = ROUTES[name].ids
    return reverse(name, kwargs={key: objects[ids.get(key, key)] for key in names})


def matches(status: int, expected: int | set[int]) -> bool:
    return status in expected if isinstance(expected, set) else status == expected


def check(method: str, name: str, actor: str, expected: Any, clients: Any, objects: Any) -> None:
    if expected is None:
        return
    call = getattr(clients[actor], method)
    arguments = (ROUTES[name].data,) if method == "post" else ()
    response = call(url_of(name, objects), *arguments)
    assert matches(response.status_code, expected), (
        f"{method.upper()} {name} as {actor}: {response.status_code}, expected {expected}"
    )
    if actor in ("stranger", "nobody") and name not in PUBLIC:
        assert b"Canary" not in b"".join(response)


# Routes that everybody may see: nothing of a workspace is on them.
PUBLIC = {"healthz", "set_language", "api-schema", "api-docs", "home"}


@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize("name", ROUTES)
def test_get(name: str, actor: str, clients: Any, objects: Any) -> None:
    expected = ROUTES[name].get[ACTORS.index(actor)]
    check("get", name, actor, expected, clients, objects)


@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize("name", [name for name, route in ROUTES.items() if route.post])
def test_post(name: str, actor: str, clients: Any, objects: Any) -> None:
    expected = ROUTES[name].post[ACTORS.index(actor)]
    check("post", name, actor, expected, clients, objects)
