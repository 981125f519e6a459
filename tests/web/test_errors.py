"""Problems, refusals and our own faults, as a page, as a fragment for htmx and as JSON."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

import pytest
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from django.utils import translation
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.urls import handler400, handler403, handler404, handler500  # noqa: F401
from training.problems import TABLE, Problem
from web import errors

FAULTS: dict[str, Any] = {
    "quota": lambda: Problem("quota.projects", plan="Free", limit=1, used=1),
    "choice": lambda: Problem("spec.choice", field="effort", choices="a, b", value="<b>x</b>"),
    "large": lambda: Problem("upload.too_large", limit_text="2 GB", size_text="3 GB"),
    "bug": lambda: ZeroDivisionError("secret of ours"),
    "missing": Http404,
    "denied": PermissionDenied,
    "body": RequestDataTooBig,
}

# The bar above a page asks whether sign-up is switched off.
pytestmark = pytest.mark.django_db


@login_not_required
def raise_it(request: HttpRequest, name: str) -> HttpResponse:
    raise FAULTS[name]()


class Wanted(serializers.Serializer):
    seed = serializers.IntegerField()


class Api(APIView):
    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []

    def get(self, request: Request, name: str) -> Response:
        raise FAULTS[name]()

    def post(self, request: Request, name: str) -> Response:
        Wanted(data=request.data).is_valid(raise_exception=True)
        return Response({"ok": True})


urlpatterns = [
    path("fault/<name>/", raise_it),
    path("api/v1/fault/<name>/", login_not_required(Api.as_view())),
    path("", include("config.urls")),
]


@pytest.fixture(autouse=True)
def _urls(settings: Any) -> None:
    settings.ROOT_URLCONF = sys.modules[__name__]


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


SHAPE = {"code", "title", "expected", "found", "remedy", "values"}


@pytest.mark.parametrize(
    ("name", "status"), [("quota", 403), ("choice", 422), ("large", 413)], ids=str
)
def test_a_problem_is_a_page_with_its_status(client: Client, name: str, status: int) -> None:
    response = client.get(f"/fault/{name}/")
    assert response.status_code == status
    assert errors.words(FAULTS[name]().code, {})["title"] in response.content.decode()


def test_a_problem_says_what_was_expected_found_and_what_to_do(client: Client) -> None:
    page = client.get("/fault/quota/").content.decode()
    for text in ("The plan Free allows 1 projects.", "1 projects are in use.", "Delete a project"):
        assert text in page


def test_it_escapes_values(client: Client) -> None:
    page = client.get("/fault/choice/").content.decode()
    assert "<b>x</b>" not in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page


def test_a_problem_is_json_for_the_api_and_for_scripts(client: Client) -> None:
    for response in (
        client.get("/api/v1/fault/choice/"),
        client.get("/fault/choice/", headers={"accept": "application/json"}),
    ):
        data = json.loads(response.content)
        assert response.status_code == 422
        assert set(data) == SHAPE
        assert data["code"] == "spec.choice"
        assert data["values"]["field"] == "effort"


def test_a_problem_is_a_toast_for_htmx(client: Client) -> None:
    response = client.get("/fault/choice/", headers={"hx-request": "true"})
    assert response.status_code == 422
    assert response["HX-Retarget"] == "#toasts"
    body = response.content.decode()
    assert body.lstrip().startswith("<li")
    assert "<html" not in body


@pytest.mark.parametrize("prefix", ["", "/api/v1"])
def test_our_fault_shows_an_incident_and_logs_the_cause(
    client: Client, caplog: pytest.LogCaptureFixture, prefix: str
) -> None:
    with caplog.at_level(logging.ERROR, "attune.errors"):
        response = client.get(f"{prefix}/fault/bug/", headers={"accept": "application/json"})
    data = json.loads(response.content)
    assert response.status_code == 500
    assert data["code"] == "internal"
    assert len(data["incident"]) == 7
    assert "secret" not in response.content.decode()
    record = next(record for record in caplog.records if data["incident"] in record.getMessage())
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ZeroDivisionError)


def test_the_page_of_our_fault_needs_no_database(client: Client) -> None:
    """No `db` fixture here: a query would fail the test."""
    response = client.get("/fault/bug/")
    assert response.status_code == 500
    assert "Incident" in response.content.decode()
    assert "secret" not in response.content.decode()


def test_our_fault_is_plain_text_when_the_page_fails_too(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any, **kwargs: Any) -> str:
        raise RuntimeError("no templates")

    monkeypatch.setattr(errors, "render_to_string", broken)
    response = client.get("/fault/bug/")
    assert response.status_code == 500
    assert response["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize(("name", "status"), [("missing", 404), ("denied", 403), ("body", 413)])
def test_refusals_have_one_shape(client: Client, name: str, status: int) -> None:
    assert client.get(f"/fault/{name}/").status_code == status
    response = client.get(f"/api/v1/fault/{name}/")
    assert response.status_code == status
    assert set(json.loads(response.content)) == SHAPE


def test_an_unknown_address_is_json_in_the_api(client: Client) -> None:
    response = client.get("/api/v1/there/is/none/")
    assert response.status_code == 404
    assert json.loads(response.content)["code"] == "request.not_found"


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        ("{", "application/json", 400, "request.parse"),
        ("[" * 100_000, "application/json", 400, "request.parse"),
        ('{"seed": NaN}', "application/json", 400, "request.parse"),
        ("seed=1", "text/plain", 415, "request.media"),
        ('{"seed": "x"}', "application/json", 400, "request.invalid"),
        ("[]", "application/json", 400, "request.invalid"),
    ],
)
def test_it_refuses_a_bad_body_as_json(
    client: Client, body: str, kind: str, status: int, code: str
) -> None:
    response = client.post("/api/v1/fault/choice/", body, content_type=kind)
    assert response.status_code == status
    data = json.loads(response.content)
    assert set(data) == SHAPE
    assert data["code"] == code


def test_it_names_the_fields_that_are_wrong(client: Client) -> None:
    response = client.post("/api/v1/fault/x/", {"seed": "x"}, content_type="application/json")
    data = json.loads(response.content)
    assert "seed" in data["values"]["fields"]
    assert data["found"].startswith("seed: ")


def test_it_refuses_a_method_as_json(client: Client) -> None:
    response = client.delete("/api/v1/fault/choice/")
    assert response.status_code == 405
    assert json.loads(response.content)["code"] == "request.method"


def test_an_old_form_token_is_explained(db: None) -> None:
    response = Client(enforce_csrf_checks=True).post("/accounts/login/", {})
    assert response.status_code == 403
    assert "expired" in response.content.decode()


@pytest.mark.parametrize("code", sorted(TABLE))
def test_every_problem_has_a_title_and_a_remedy_or_finding(code: str) -> None:
    text = errors.words(code, {})
    assert text["title"]
    assert text["found"] or text["remedy"]
    assert 400 <= errors.status_of(code) < 600


def test_words_are_translated_before_they_are_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "_", lambda text: text.replace("is not a setting", "ist keine"))
    assert errors.words("spec.unknown", {"field": "x{y}"})["found"] == "“x{y}” ist keine."


def test_an_unknown_code_does_not_hide_the_message() -> None:
    with translation.override("en"):
        assert errors.words("no.such", {})["title"] == "no.such"
