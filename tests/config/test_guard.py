"""Request bodies are refused ahead of Django, which would write them to disk before it asks who sent them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings as site
from django.test import Client

from accounts.models import ApiToken
from config import guard
from config.asgi import application
from config.guard import ENVELOPE, OTHER_LIMIT, PIECE_LIMIT, Guard, is_piece, is_upload

CHUNK = b"x" * 65_536
# Fixed, as every parameter of a test: processes that share the tests name them alike.
NOBODY = UUID(int=7)
PAGE = f"/w/alice/p/{NOBODY}/upload/"
API = f"/api/v1/projects/{NOBODY}/uploads/"
PIECE = f"/api/v1/tus/{NOBODY}/"


@dataclass
class Answer:
    """What came back, and how much of the body was asked for."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    read: int = 0

    @property
    def data(self) -> Any:
        return json.loads(self.body)


@dataclass
class Recorder:
    """A site behind the guard that reads whatever it is given."""

    read: int = 0
    called: bool = False
    disconnected: bool = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.called = True
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.disconnected = True
                return
            self.read += len(message["body"])
            if not message["more_body"]:
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})


def ask(app: Any, path: str = PAGE, size: int = 0, method: str = "POST", **headers: str) -> Answer:
    """Sends `size` bytes in chunks; the length header says so unless `content_length` says something else."""
    headers = {"content_length": str(size), "accept": "application/json", **headers}
    pairs = [
        (name.replace("_", "-").encode(), value.encode())
        for name, value in headers.items()
        if value
    ]
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [(b"host", b"localhost"), *pairs],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
    }
    answer = Answer()

    async def receive() -> dict[str, Any]:
        part = CHUNK[: max(0, size - answer.read)]
        answer.read += len(part)
        return {"type": "http.request", "body": part, "more_body": answer.read < size}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {n.decode(): v.decode() for n, v in message["headers"]}
        else:
            answer.body += message.get("body", b"")

    async_to_sync(app)(scope, receive, send)
    return answer


def cookie(client: Client) -> str:
    return f"{site.SESSION_COOKIE_NAME}={client.cookies[site.SESSION_COOKIE_NAME].value}"


@pytest.mark.parametrize("path", [PAGE, API])
@pytest.mark.parametrize("known", ["", "sessionid=" + "a" * 32])
def test_it_refuses_an_anonymous_upload_unread(db: None, home: Path, path: str, known: str) -> None:
    """With any csrftoken cookie, Django alone would spool all of it before it answers 403."""
    cookies = f"csrftoken={'a' * 32}; {known}"
    answer = ask(application, path, size=50_000_000, cookie=cookies)
    assert answer.status == 401
    assert answer.read == 0
    assert answer.data["code"] == "request.anonymous"
    assert list((home / "tmp").iterdir()) == []


@pytest.mark.parametrize("token", ["nonsense", "att_" + "a" * 48])
def test_it_refuses_a_wrong_token_unread(db: None, token: str) -> None:
    answer = ask(Guard(Recorder()), API, size=1000, authorization=f"Bearer {token}")
    assert (answer.status, answer.read) == (401, 0)


def test_it_refuses_a_revoked_token(api_token: str) -> None:
    from django.utils import timezone

    ApiToken.objects.update(revoked_at=timezone.now())
    assert ask(Guard(Recorder()), API, size=10, authorization=f"Bearer {api_token}").status == 401


def test_it_refuses_a_session_that_has_ended(alice_client: Client) -> None:
    old = cookie(alice_client)
    alice_client.logout()
    assert ask(Guard(Recorder()), size=10, cookie=old).status == 401


def test_it_lets_a_session_and_a_token_through(alice_client: Client, api_token: str) -> None:
    for headers in ({"cookie": cookie(alice_client)}, {"authorization": f"Bearer {api_token}"}):
        site_behind = Recorder()
        assert ask(Guard(site_behind), size=200_000, **headers).status == 200
        assert site_behind.read == 200_000


def test_it_refuses_what_is_over_the_limit_unread(alice_client: Client, settings: Any) -> None:
    settings.MAX_UPLOAD_BYTES = 1_000_000
    answer = ask(Guard(Recorder()), size=1_000_001 + ENVELOPE, cookie=cookie(alice_client))
    assert (answer.status, answer.read) == (413, 0)
    assert answer.data["code"] == "upload.too_large"
    assert answer.data["values"]["limit"] == 1_000_000


def test_it_lets_a_file_of_exactly_the_limit_through(alice_client: Client, settings: Any) -> None:
    settings.MAX_UPLOAD_BYTES = 1_000_000
    answer = ask(Guard(Recorder()), size=1_000_000 + ENVELOPE, cookie=cookie(alice_client))
    assert answer.status == 200


def test_it_cuts_off_a_body_that_is_longer_than_it_said(
    alice_client: Client, settings: Any
) -> None:
    settings.MAX_UPLOAD_BYTES = 1_000_000
    behind = Recorder()
    answer = ask(Guard(behind), size=50_000_000, content_length="1000", cookie=cookie(alice_client))
    assert answer.status == 413
    assert behind.disconnected
    assert behind.read <= 1_000_000 + ENVELOPE
    assert answer.read <= 1_000_000 + ENVELOPE + len(CHUNK)


def test_django_drops_what_it_has_spooled_when_cut_off(
    alice_client: Client, settings: Any, home: Path
) -> None:
    settings.MAX_UPLOAD_BYTES = 4_000_000
    answer = ask(application, size=50_000_000, content_length="1000", cookie=cookie(alice_client))
    assert answer.status == 413
    assert list((home / "tmp").iterdir()) == []


def test_it_wants_a_length_for_uploads(alice_client: Client) -> None:
    answer = ask(Guard(Recorder()), size=10, content_length="", cookie=cookie(alice_client))
    assert (answer.status, answer.read) == (411, 0)


def test_it_refuses_a_chunked_body_anywhere(db: None) -> None:
    """The API would read it as if it were empty."""
    answer = ask(
        Guard(Recorder()), "/api/v1/projects/", 10, content_length="", transfer_encoding="chunked"
    )
    assert (answer.status, answer.read) == (411, 0)


@pytest.mark.parametrize("length", ["-1", "ten", "1e3", "9" * 30])
def test_it_refuses_a_length_that_is_no_number(db: None, length: str) -> None:
    assert ask(Guard(Recorder()), "/accounts/login/", 10, content_length=length).status == 400


def test_a_piece_of_an_upload_is_guarded_too(alice_client: Client, home: Path) -> None:
    anonymous = ask(application, PIECE, size=50_000_000, method="PATCH")
    assert (anonymous.status, anonymous.read) == (401, 0)
    assert list((home / "tmp").iterdir()) == []
    known = {"method": "PATCH", "cookie": cookie(alice_client)}
    assert ask(Guard(Recorder()), PIECE, size=PIECE_LIMIT, **known).status == 200
    large = ask(Guard(Recorder()), PIECE, size=PIECE_LIMIT + 1, **known)
    assert (large.status, large.read) == (413, 0)
    assert large.data["values"]["limit"] == PIECE_LIMIT
    unmeasured = ask(Guard(Recorder()), PIECE, size=10, content_length="", **known)
    assert (unmeasured.status, unmeasured.read) == (411, 0)
    chunked = {"content_length": "", "transfer_encoding": "chunked"}
    assert ask(Guard(Recorder()), PIECE, size=10, **chunked, **known).status == 411


@pytest.mark.parametrize("method", ["HEAD", "DELETE", "OPTIONS"])
def test_what_has_no_body_needs_no_length(db: None, method: str) -> None:
    assert ask(Guard(Recorder()), PIECE, method=method, content_length="").status == 200


def test_other_paths_have_a_small_limit(db: None) -> None:
    assert ask(Guard(Recorder()), "/accounts/login/", OTHER_LIMIT).status == 200
    answer = ask(Guard(Recorder()), "/accounts/login/", OTHER_LIMIT + 1)
    assert (answer.status, answer.read) == (413, 0)
    lied = ask(Guard(Recorder()), "/accounts/login/", OTHER_LIMIT + 1, content_length="5")
    assert lied.status == 413


def test_it_refuses_when_the_disk_is_full(
    alice_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard.shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    answer = ask(Guard(Recorder()), size=10_000, cookie=cookie(alice_client))
    assert (answer.status, answer.read) == (507, 0)
    assert answer.data["code"] == "disk.full"


def test_a_browser_gets_a_page(db: None) -> None:
    answer = ask(Guard(Recorder()), size=10, accept="text/html")
    assert answer.status == 401
    assert answer.headers["content-type"].startswith("text/html")
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert b"Sign in" in answer.body


def test_it_does_not_touch_other_kinds_of_connection() -> None:
    seen = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    async_to_sync(Guard(app))({"type": "lifespan"}, None, None)  # type: ignore[arg-type]
    assert seen == ["lifespan"]


def test_every_route_that_takes_files_is_guarded_as_such() -> None:
    from django.urls import reverse

    project = uuid4()
    assert is_upload(reverse("upload", args=["alice", project]))
    assert is_upload(reverse("api-uploads", args=[project]))
    assert is_piece(reverse("api-tus-upload", args=[uuid4()]))
    assert not is_piece(reverse("api-tus", args=[project]))
    assert not is_upload(reverse("upload-preview", args=["alice", project, uuid4()]))
