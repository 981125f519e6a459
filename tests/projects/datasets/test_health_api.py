"""The API of a version's health, and of new versions made from old ones."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from projects.datasets import checking
from projects.datasets.models import DatasetVersion, HealthReport, Import


def url(version: DatasetVersion, rest: str = "health/") -> str:
    return f"/api/v1/versions/{version.pk}/{rest}"


def test_it_tells_findings_with_reasons_and_remedies(
    api: APIClient, faulty: DatasetVersion
) -> None:
    data = api.get(url(faulty)).json()
    assert (data["status"], data["gate"], data["base"]) == ("queued", "red", "minilm-l6")
    copies = next(item for item in data["findings"] if item["name"] == "row.duplicate")
    assert copies["title"]
    assert copies["why"]
    assert copies["ignored"] is False
    (remedy,) = copies["remedies"]
    assert (remedy["name"], remedy["rows"]) == ("drop", 2)
    assert remedy["changes"] == [{"op": "drop", "finding": "row.duplicate"}]


def test_a_version_without_a_report_says_so(api: APIClient, version: DatasetVersion) -> None:
    HealthReport.objects.all().delete()
    data = api.get(url(version)).json()
    assert (data["status"], data["stats"], data["problem"]) == ("none", {}, None)


def test_a_failure_is_told(api: APIClient, version: DatasetVersion) -> None:
    HealthReport.objects.update(status="failed", problem={"incident": "abc2345"})
    assert api.get(url(version)).json()["problem"] == {"incident": "abc2345"}


def test_the_changes_of_a_remedy_make_a_new_version(api: APIClient, faulty: DatasetVersion) -> None:
    findings = api.get(url(faulty)).json()["findings"]
    copies = next(item for item in findings if item["name"] == "row.duplicate")
    body = {"changes": copies["remedies"][0]["changes"], "note": "no copies"}
    response = api.post(url(faulty, "revisions/"), body, format="json")
    assert response.status_code == 202
    assert response["Location"] == f"/api/v1/imports/{response.json()['id']}/"
    checking.execute(response.json()["id"])
    data = api.get(response["Location"]).json()
    assert data["status"] == "ready"
    new = DatasetVersion.objects.get(pk=data["version"])
    assert (new.parent, new.rows) == (faulty, faulty.rows - 2)
    assert Import.objects.get(pk=data["id"]).note == "no copies"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"changes": [{"op": "explode"}]}, 422, "edit.unknown"),
        ({"changes": [{"op": "set", "row": "x"}]}, 422, "edit.broken"),
        ({"changes": ["x"]}, 400, "request.invalid"),
        ({}, 400, "request.invalid"),
        ({"changes": [], "note": "x" * 201}, 400, "request.invalid"),
    ],
)
def test_it_says_what_is_wrong(
    api: APIClient, version: DatasetVersion, body: Any, status: int, code: str
) -> None:
    response = api.post(url(version, "revisions/"), body, format="json")
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert not Import.objects.filter(base=version).exists()


def test_a_finding_is_ignored_and_taken_back(api: APIClient, faulty: DatasetVersion) -> None:
    for ignored in (True, False):
        body = {"finding": "row.duplicate", "ignored": ignored}
        data = api.post(url(faulty, "health/ignore/"), body, format="json").json()
        found = {item["name"]: item["ignored"] for item in data["findings"]}
        assert found["row.duplicate"] is ignored
    wrong = api.post(url(faulty, "health/ignore/"), {"finding": "no.such"}, format="json")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "health.finding")


def test_the_version_has_the_gate_of_what_is_not_ignored(
    api: APIClient, faulty: DatasetVersion
) -> None:
    paths = (f"/api/v1/versions/{faulty.pk}/", f"/api/v1/projects/{faulty.project_id}/versions/")
    told = [api.get(path).json() for path in paths]
    assert (told[0]["gate"], told[1]["results"][0]["gate"]) == ("red", "red")
    for item in api.get(url(faulty)).json()["findings"]:
        api.post(url(faulty, "health/ignore/"), {"finding": item["name"]}, format="json")
    told = [api.get(path).json() for path in paths]
    assert (told[0]["gate"], told[1]["results"][0]["gate"]) == ("green", "green")


def test_it_checks_ownership(charlie_api: APIClient, version: DatasetVersion) -> None:
    assert charlie_api.get(url(version)).status_code == 404
    for path in ("health/ignore/", "revisions/"):
        response = charlie_api.post(url(version, path), {"changes": []}, format="json")
        assert response.status_code == 404
