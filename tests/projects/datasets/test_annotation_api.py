"""Answers to rows over the API."""

from __future__ import annotations

from typing import Any

from rest_framework.test import APIClient

from projects.datasets.models import DatasetVersion, Import, RowEdit

from .test_version import api_url


def test_answer_list_take_back_and_commit(api: APIClient, version: DatasetVersion) -> None:
    url = api_url(version, "edits/")
    made = api.post(url, {"row": 0, "values": {"label": "refund"}}, format="json")
    assert made.status_code == 201
    assert made.json()["user"] == "alice@example.org"
    added = api.post(url, {"values": {"text": "new", "label": "refund"}}, format="json").json()
    assert [edit["kind"] for edit in api.get(url).json()["results"]] == ["set", "add"]
    assert api.delete(f"{url}{added['id']}/").status_code == 204
    job = api.post(f"{url}commit/", {}, format="json")
    assert job.status_code == 202
    assert Import.objects.get(pk=job.json()["id"]).changes == [
        {"op": "set", "row": 0, "values": {"label": "refund"}}
    ]
    assert api.get(url).json()["results"] == []


def test_refusals(api: APIClient, version: DatasetVersion) -> None:
    def code(body: dict[str, Any]) -> tuple[int, str]:
        response = api.post(api_url(version, "edits/"), body, format="json")
        return response.status_code, response.json()["code"]

    assert code({"row": 999}) == (422, "edit.row")
    assert code({"row": 0, "kind": "add"}) == (422, "edit.kind")
    assert code({"row": 0, "kind": "paint"})[0] == 400
    assert code({"row": 0, "values": {"label": " "}}) == (422, "edit.value")
    assert not RowEdit.objects.exists()


def test_others_answers_are_not_found_below_another_version(
    api: APIClient, version: DatasetVersion, charlie_api: APIClient
) -> None:
    url = api_url(version, "edits/")
    made = api.post(url, {"row": 0, "kind": "drop"}, format="json").json()
    assert charlie_api.get(url).status_code == 404
    assert charlie_api.delete(f"{url}{made['id']}/").status_code == 404
