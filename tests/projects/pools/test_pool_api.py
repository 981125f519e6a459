"""New texts over the API: the next ones, answers, suggestions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from projects.datasets.models import DatasetVersion, Import, RowEdit
from projects.models import Project
from projects.pools import labelling
from projects.pools.models import Pool
from projects.runs.models import Run

from .conftest import TEXTS, FakeModel


def at(pool: Pool, rest: str = "") -> str:
    return f"/api/v1/pools/{pool.pk}/{rest}"


def test_from_an_upload_to_a_version(
    api: APIClient, project: Project, version: DatasetVersion, run: Run, model: FakeModel, work: Any
) -> None:
    base = f"/api/v1/projects/{project.pk}"
    upload = api.post(f"{base}/uploads/", {"file": SimpleUploadedFile("new.csv", TEXTS)}).json()
    given = {"upload": upload["id"], "columns": {"text": "text"}, "run": str(run.pk)}
    made = api.post(f"{base}/pools/", given, format="json")
    assert (made.status_code, made.json()["status"]) == (202, "queued")
    work()
    url = made["Location"]
    pool = api.get(url).json()
    assert (pool["rows"], pool["open"], pool["suggestions"]["status"]) == (5, 5, "ready")
    rows = api.post(f"{url}next/", {"limit": 2}, format="json").json()
    assert [row["row"] for row in rows] == [4, 3]
    assert rows[0]["suggestions"][0] == ["refund", 0.5]
    assert rows[0]["margin"] < rows[1]["margin"]
    said = {"row": 4, "values": {"label": "refund"}}
    assert api.post(f"{url}answers/", said, format="json").status_code == 201
    assert api.post(f"{url}answers/", {"row": 3, "kind": "skip"}, format="json").status_code == 201
    assert api.delete(f"{url}answers/3/").status_code == 204
    assert api.get(f"{base}/pools/").json()["results"][0]["labelled"] == 1
    job = api.post(f"{url}commit/", {}, format="json")
    assert job.status_code == 202
    assert Import.objects.get().changes[0]["values"]["text"] == "new message 4"
    assert api.delete(url).status_code == 204
    assert RowEdit.objects.count() == 1


def test_refusals(api: APIClient, pool: Pool) -> None:
    def code(rest: str, body: dict[str, Any]) -> tuple[int, str]:
        response = api.post(at(pool, rest), body, format="json")
        return response.status_code, response.json()["code"]

    assert code("answers/", {"row": 99, "values": {"label": "a"}}) == (422, "pool.row")
    assert code("answers/", {"row": 0, "values": {"label": " "}}) == (422, "edit.value")
    assert code("answers/", {"row": 0, "values": {"text": "x"}}) == (422, "edit.role")
    assert code("suggest/", {"run": str(pool.pk)}) == (422, "pool.run")
    assert code("commit/", {}) == (422, "edit.nothing")
    assert code("next/", {"limit": 0})[0] == 400
    assert api.delete(at(pool, "answers/0/")).json()["code"] == "pool.row"
    Pool.objects.update(status="reading")
    assert code("next/", {}) == (409, "pool.unread")


def test_what_somebody_else_has_is_taken(api: APIClient, pool: Pool, bob: Any) -> None:
    labelling.claim(pool=pool, user=bob)
    response = api.post(at(pool, "answers/"), {"row": 0, "kind": "skip"}, format="json")
    assert (response.status_code, response.json()["code"]) == (409, "pool.taken")


def test_suggestions_are_asked_for(
    api: APIClient, pool: Pool, make_run: Callable[..., Run], model: FakeModel, work: Any
) -> None:
    run = make_run()
    asked = api.post(at(pool, "suggest/"), {"run": str(run.pk)}, format="json")
    assert asked.status_code == 202
    assert asked.json()["progress"] == 0
    work()
    assert api.get(at(pool)).json()["suggestions"]["progress"] == 1


def test_it_checks_ownership(charlie_api: APIClient, pool: Pool) -> None:
    assert charlie_api.get(at(pool)).status_code == 404
    assert charlie_api.post(at(pool, "next/"), {}, format="json").status_code == 404
    assert charlie_api.delete(at(pool)).status_code == 404
