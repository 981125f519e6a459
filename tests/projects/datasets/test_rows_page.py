"""The table of rows: filters, the draft, answers over the page, adding by hand, making a version."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from projects.datasets import annotating
from projects.datasets.editors import EDITORS
from projects.datasets.models import DatasetVersion, Import, RowEdit
from projects.datasets.selectors import version_file
from training import version as versions
from training.tasks import TASKS

from .test_version import url


def rows_url(version: DatasetVersion, rest: str = "") -> str:
    return url(version) + "rows/" + rest


def shown(response: Any) -> list[int]:
    return [item.draft.row.row for item in response.context["rows"]]


def post(client: Client, version: DatasetVersion, row: int, kind: str, **values: str) -> Any:
    body = {"kind": kind, "values": json.dumps(values)}
    return client.post(rows_url(version, f"{row}/"), body, headers={"Accept": "application/json"})


def test_it_pages(alice_client: Client, version: DatasetVersion) -> None:
    assert shown(alice_client.get(rows_url(version))) == list(range(50))
    assert shown(alice_client.get(rows_url(version), {"page": "2"})) == list(range(50, 60))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"q": "NUMBER 17"}, [17]),
        ({"label": "refund", "q": "number 5"}, [5, 50, 53, 56, 59]),
        ({"label": "no such label", "q": "number 17"}, [17]),
        ({"finding": "no.such", "q": "number 17"}, [17]),
        ({"facet": "no=such"}, []),
        ({"state": "changed"}, []),
        ({"page": "x\0", "q": "nothing\0"}, []),
    ],
)
def test_it_filters(
    alice_client: Client, version: DatasetVersion, query: dict[str, str], expected: list[int]
) -> None:
    assert shown(alice_client.get(rows_url(version), query)) == expected


def test_it_filters_by_finding(alice_client: Client, version: DatasetVersion) -> None:
    versions.write_flags(version_file(version), {"row.near": versions.np.array([3, 7])})
    response = alice_client.get(rows_url(version), {"finding": "row.near"})
    assert shown(response) == [3, 7]


def test_an_answer_comes_back_as_the_row(alice_client: Client, version: DatasetVersion) -> None:
    answer = post(alice_client, version, 0, "set", label="refund").json()
    assert answer["values"]["label"] == "refund"
    assert answer["stored"]["label"] == "billing"
    assert answer["draft_size"] == 1
    assert 'data-row="0"' in answer["html"]
    assert "<bdi>billing</bdi></del>" in answer["html"]
    assert shown(alice_client.get(rows_url(version), {"state": "changed"})) == [0]


def test_undo(alice_client: Client, version: DatasetVersion) -> None:
    post(alice_client, version, 0, "drop")
    assert post(alice_client, version, 0, "undo").json()["draft_size"] == 0


@pytest.mark.parametrize("values", ["[1]", "no json", '{"label": ""}'])
def test_a_refusal_says_why_in_json(
    alice_client: Client, version: DatasetVersion, values: str
) -> None:
    response = alice_client.post(
        rows_url(version, "0/"),
        {"kind": "set", "values": values},
        headers={"Accept": "application/json"},
    )
    assert response.status_code == 422
    assert response.json()["remedy"]
    assert not RowEdit.objects.exists()


def test_two_annotators_are_told_that_they_differ(
    alice_client: Client, bob_client: Client, version: DatasetVersion
) -> None:
    post(alice_client, version, 0, "set", label="refund")
    answer = post(bob_client, version, 0, "set", label="delivery").json()
    assert "Differ" in answer["html"]
    assert [said["who"] for said in answer["answers"]] == ["alice@example.org", "bob@example.org"]
    assert shown(alice_client.get(rows_url(version), {"state": "conflict"})) == [0]


def test_a_viewer_looks_but_changes_nothing(
    vera_client: Client, alice_client: Client, version: DatasetVersion
) -> None:
    page = vera_client.get(rows_url(version)).content.decode()
    assert "data-act" not in page
    assert "data-can-edit" not in page
    assert post(vera_client, version, 0, "set", label="refund").status_code == 403


def test_a_row_is_added_by_hand(alice_client: Client, version: DatasetVersion) -> None:
    body = {"text": "two\r\nlines", "label": "refund", "split": "train"}
    response = alice_client.post(rows_url(version, "add/"), body)
    assert response.status_code == 302
    edit = RowEdit.objects.get()
    assert edit.values == {"text": "two\nlines", "label": "refund", "split": "train"}
    assert "two" in alice_client.get(rows_url(version)).content.decode()
    assert alice_client.post(rows_url(version, f"added/{edit.pk}/remove/")).status_code == 302
    assert not RowEdit.objects.exists()


def test_a_row_that_cannot_be_added_keeps_what_was_typed(
    alice_client: Client, version: DatasetVersion
) -> None:
    response = alice_client.post(rows_url(version, "add/"), {"text": "typed text", "label": ""})
    assert response.status_code == 422
    assert "typed text" in response.content.decode()
    assert response.context["problem"].code == "edit.value"


def test_a_version_is_made(alice_client: Client, version: DatasetVersion, alice: User) -> None:
    annotating.save(version=version, user=alice, row=0, kind="set", values={"label": "refund"})
    response = alice_client.post(rows_url(version, "commit/"), {"note": "Looked through"})
    job = Import.objects.get(base=version)
    assert response.headers["Location"].endswith(f"/imports/{job.pk}/")
    assert job.note == "Looked through"
    assert job.changes == [{"op": "set", "row": 0, "values": {"label": "refund"}}]


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_every_kind_of_data_has_an_editor(task: Any) -> None:
    for variant in task.variants:
        stored = task.variant(variant.stored or variant.name)
        editor = EDITORS[task.name, stored.name]
        assert {*editor.shown, editor.text or stored.keeps[0]} <= set(stored.keeps)
