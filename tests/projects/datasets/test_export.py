"""A version's rows as a download: from the page and over the API."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from projects.datasets import checking
from projects.datasets.models import DatasetVersion, Import, Upload

from .conftest import table


@pytest.fixture
def version(
    start: Callable[..., Import], add: Callable[..., Upload], in_process: None
) -> DatasetVersion:
    job = start(train=add(table() + b"=1+1 is what it costs,refund\n"))
    checking.execute(job.pk)
    return DatasetVersion.objects.get(source=job)


def url(version: DatasetVersion) -> str:
    project = version.project
    return f"/w/{project.workspace.slug}/p/{project.pk}/versions/{version.pk}/export/"


def body(response: Any) -> str:
    return b"".join(response).decode()


def test_it_works(alice_client: Client, version: DatasetVersion) -> None:
    response = alice_client.get(url(version), {"format": "csv"})
    lines = body(response).splitlines()
    assert lines[0] == "\ufefftext,label,split,file,line"
    assert len(lines) == 1 + version.rows
    assert any(line.startswith("'=1+1 is what it costs,refund,") for line in lines)
    assert response["Content-Disposition"] == 'attachment; filename="tickets-v1.csv"'
    assert response["Content-Type"] == "text/csv; charset=utf-8"


def test_every_cell_as_it_stands(alice_client: Client, version: DatasetVersion) -> None:
    text = body(alice_client.get(url(version), {"format": "csv", "safe": "0"}))
    assert text.startswith("text,label")
    assert "\n=1+1 is what it costs" in text


def test_one_split(alice_client: Client, version: DatasetVersion) -> None:
    response = alice_client.get(url(version), {"format": "jsonl", "split": "test"})
    rows = [json.loads(line) for line in body(response).splitlines()]
    assert len(rows) == version.splits["test"]
    assert response["Content-Disposition"] == 'attachment; filename="tickets-v1-test.jsonl"'


def test_the_name_of_the_file_may_be_chinese(alice_client: Client, version: DatasetVersion) -> None:
    version.project.name = "工单 分类"
    version.project.save()
    found = alice_client.get(url(version))["Content-Disposition"]
    assert found.startswith("attachment; filename*=utf-8''%E5%B7%A5")


def test_the_page_offers_what_fits(alice_client: Client, version: DatasetVersion) -> None:
    page = alice_client.get(url(version).removesuffix("export/")).content.decode()
    assert f'href="{url(version)}?format=csv"' in page
    assert f'href="{url(version)}?format=csv&amp;safe=0"' in page
    assert "format=labels" in page
    assert "format=conll" not in page


@pytest.mark.parametrize("asked", [{"format": "conll"}, {"safe": "maybe"}, {"split": "all"}])
def test_it_rejects_what_it_does_not_know(
    alice_client: Client, version: DatasetVersion, asked: dict[str, str]
) -> None:
    assert alice_client.get(url(version), asked).status_code == 422


def test_it_checks_ownership(
    charlie_client: Client, vera_client: Client, charlie_api: APIClient, version: DatasetVersion
) -> None:
    assert charlie_client.get(url(version)).status_code == 404
    assert vera_client.get(url(version)).status_code == 403
    page = vera_client.get(url(version).removesuffix("export/")).content.decode()
    assert "format=csv" not in page
    assert charlie_api.get(f"/api/v1/versions/{version.pk}/export/").status_code == 404


def test_it_rejects_post(alice_client: Client, version: DatasetVersion) -> None:
    assert alice_client.post(url(version)).status_code == 405


def test_the_api_works(api: APIClient, version: DatasetVersion) -> None:
    place = f"/api/v1/versions/{version.pk}/export/"
    assert body(api.get(place)).startswith("\ufefftext")
    assert body(api.get(place, {"format": "csv", "safe": "false"})).startswith("text")
    response = api.get(place, {"format": "labels"})
    assert response["Content-Type"] == "application/x-ndjson; charset=utf-8"
    assert json.loads(body(response).splitlines()[0]).keys() == {"text", "label"}
    wrong = api.get(place, {"format": "squad"})
    assert wrong.status_code == 422
    assert wrong.json()["code"] == "spec.choice"
