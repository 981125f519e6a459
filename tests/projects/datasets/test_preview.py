"""The preview: how the file is read, which column plays which role."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User, Workspace
from projects.datasets.models import Import, Upload
from projects.models import Project
from projects.services import create_project

from .conftest import table

CHINESE = "文本,标签\n" + "".join(f"这是第{n}条评论,{'好' if n % 2 else '坏'}\n" for n in range(40))


def url(upload: Upload) -> str:
    project = upload.project
    return f"/w/{project.workspace.slug}/p/{project.pk}/uploads/{upload.pk}/"


def test_it_shows_the_first_rows_with_their_lines_and_a_guess(
    alice_client: Client, add: Callable[..., Upload]
) -> None:
    upload = add(table(header="message,category"))
    page = alice_client.get(url(upload)).content.decode()
    assert page.count("about a parcel") >= 20
    assert '<option value="message" selected>' in page
    assert '<option value="category" selected>' in page
    assert "Detected: UTF-8" in page


def test_the_encoding_can_be_overridden(alice_client: Client, add: Callable[..., Upload]) -> None:
    upload = add(CHINESE.encode("gb18030"))
    assert "这是第1条评论" in alice_client.get(url(upload)).content.decode()
    wrong = alice_client.get(url(upload), {"encoding": "cp1252"}).content.decode()
    assert "这是第1条评论" not in wrong
    assert '<option value="cp1252" selected>' in wrong


def test_the_delimiter_can_be_overridden(alice_client: Client, add: Callable[..., Upload]) -> None:
    upload = add(b"text;label\na, b;x\nc, d;y\n")
    response = alice_client.get(url(upload), {"delimiter": ","})
    assert response.context["preview"].columns == ["text;label"]
    assert alice_client.get(url(upload)).context["preview"].columns == ["text", "label"]


def test_an_unknown_encoding_is_said_on_the_page(alice_client: Client, upload: Upload) -> None:
    response = alice_client.get(url(upload), {"encoding": "nonsense"})
    assert response.status_code == 422
    assert b"nonsense" in response.content


def test_cells_are_shown_as_text(alice_client: Client, add: Callable[..., Upload]) -> None:
    upload = add(b"text,label\n<script>alert(1)</script>,<img src=x>\nb,c\n")
    page = alice_client.get(url(upload)).content
    assert b"<script>alert" not in page
    assert b"<img src=x>" not in page


def test_it_starts_the_check(alice_client: Client, upload: Upload) -> None:
    data = {"column-text": "text", "column-label": "label", "encoding": "", "delimiter": ""}
    response = alice_client.post(url(upload), data)
    job = Import.objects.get()
    assert response["Location"].endswith(f"/imports/{job.pk}/")
    assert job.columns == {"text": "text", "label": "label"}


def test_a_double_click_makes_one_import(alice_client: Client, upload: Upload) -> None:
    data = {"column-text": "text", "column-label": "label"}
    first, second = (alice_client.post(url(upload), data)["Location"] for _n in range(2))
    assert first == second
    assert Import.objects.count() == 1


@pytest.mark.parametrize(
    ("text", "label"), [("text", ""), ("", "label"), ("text", "text"), ("text", "nonsense")]
)
def test_it_says_what_is_wrong_with_the_mapping(
    alice_client: Client, upload: Upload, text: str, label: str
) -> None:
    response = alice_client.post(url(upload), {"column-text": text, "column-label": label})
    assert response.status_code == 422
    assert b'role="alert"' in response.content
    assert not Import.objects.exists()


@pytest.mark.parametrize("bad", ["nonsense", "00000000-0000-0000-0000-000000000000"])
def test_an_extra_file_must_be_of_the_project(
    alice_client: Client, upload: Upload, bad: str
) -> None:
    assert alice_client.get(url(upload), {"valid": bad}).status_code == 422


def test_a_file_that_is_gone_is_said_so(alice_client: Client, upload: Upload, home: object) -> None:
    from projects.datasets.selectors import path_of

    path_of(upload).unlink()
    response = alice_client.get(url(upload))
    assert response.status_code == 422
    assert b"no longer there" in response.content


def test_it_is_not_there_below_another_project(
    alice_client: Client, workspace: Workspace, alice: User, upload: Upload
) -> None:
    other = create_project(
        workspace=workspace, user=alice, name="Other", task="text-classification"
    )
    wrong = url(upload).replace(str(upload.project_id), str(other.pk))
    assert alice_client.get(wrong).status_code == 404


def test_it_checks_ownership(
    charlie_client: Client, vera_client: Client, charlie_api: APIClient, upload: Upload
) -> None:
    assert charlie_client.get(url(upload)).status_code == 404
    assert charlie_client.post(url(upload), {}).status_code == 404
    assert vera_client.get(url(upload)).status_code == 200
    assert vera_client.post(url(upload), {}).status_code == 403
    assert charlie_api.get(f"/api/v1/uploads/{upload.pk}/").status_code == 404


def test_the_api_works(api: APIClient, upload: Upload, project: Project) -> None:
    data = api.get(f"/api/v1/uploads/{upload.pk}/").json()
    assert data["mapping"] == {"text": "text", "label": "label"}
    assert data["rows"][0] == {"line": 2, "cells": ["message number 0 about a parcel", "billing"]}
    assert data["upload"]["project"] == str(project.pk)


# --- several columns of one role ---


@pytest.fixture
def summaries(alice: User, workspace: Workspace) -> Project:
    return create_project(workspace=workspace, user=alice, name="Sums", task="summarization")


FURTHER = b"source,target,target_2,target_3\n" + b"".join(
    b"Text %d is long.,Sum %d,Other %d,Third %d\n" % (n, n, n, n) for n in range(30)
)


def marked(page: str) -> list[str]:
    """The columns that are chosen for the further references."""
    boxes = re.findall(r'<input type="checkbox" name="column-references"[^>]*>', page)
    return [box.split('value="')[1].split('"')[0] for box in boxes if "checked" in box]


def test_further_references_are_guessed_and_can_be_left_out(
    alice_client: Client, summaries: Project, add: Callable[..., Upload]
) -> None:
    upload = add(FURTHER, project=summaries)
    page = alice_client.get(url(upload)).content.decode()
    assert marked(page) == ["target_2", "target_3"]
    again = alice_client.get(url(upload), {"column-references": ["", "target_3"]}).content.decode()
    assert marked(again) == ["target_3"]
    none = alice_client.get(url(upload), {"column-references": ""}).content.decode()
    assert marked(none) == []


def test_several_marked_columns_are_taken(
    alice_client: Client, summaries: Project, add: Callable[..., Upload]
) -> None:
    body = {
        "column-source": "source",
        "column-target": "target",
        "column-references": ["", "target_2", "target_3"],
    }
    alice_client.post(url(add(FURTHER, project=summaries)), body)
    assert Import.objects.get().columns["references"] == "target_2\ntarget_3"


def test_references_may_stand_in_the_test_file_alone(
    alice_client: Client, summaries: Project, add: Callable[..., Upload]
) -> None:
    train = add(b"source,target\na,b\nc,d\n", project=summaries)
    test = add(FURTHER, project=summaries)
    page = alice_client.get(url(train), {"test": test.pk}).content.decode()
    assert marked(page) == ["target_2", "target_3"]
    body = {"column-source": "source", "column-target": "target", "test": test.pk}
    alice_client.post(url(train), {**body, "column-references": "target_2"})
    assert Import.objects.get().columns["references"] == "target_2"
