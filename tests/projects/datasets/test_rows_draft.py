"""The filters of the table look at the draft: a row is found by what it says now, wherever that comes from."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from projects.datasets import annotating, drafts
from projects.datasets.models import DatasetVersion, Import, RowEdit
from projects.datasets.selectors import version_file
from training import version as versions

from .test_rows_page import rows_url, shown


@pytest.fixture
def save(version: DatasetVersion, alice: User) -> Any:
    def save(row: int, kind: str = "set", user: User = alice, **values: str) -> RowEdit:
        return annotating.save(version=version, user=user, row=row, kind=kind, values=values)

    return save


@pytest.fixture
def find(alice_client: Client, version: DatasetVersion) -> Any:
    """Numbers of the rows found; those of the first ten."""

    def find(**query: str) -> list[int]:
        rows = shown(alice_client.get(rows_url(version), query))
        return [row for row in rows if row < 10]

    return find


@pytest.fixture
def added(alice_client: Client, version: DatasetVersion) -> Any:
    def added(**query: str) -> list[str]:
        context = alice_client.get(rows_url(version), query).context
        return [edit.values["text"] for edit, _cells in context["added"]]

    return added


def test_a_relabelled_row_has_its_new_label_and_not_its_old(save: Any, find: Any) -> None:
    assert find(label="billing") == [0, 3, 6, 9]
    save(3, label="refund")
    assert find(label="billing") == [0, 6, 9]
    assert find(label="refund") == [2, 3, 5, 8]
    save(3, label="billing")
    assert find(label="billing") == [0, 3, 6, 9]


def test_a_label_that_only_the_draft_has_can_be_asked_for(save: Any, find: Any) -> None:
    for row, label in ((3, "lost parcel"), (4, "5"), (5, '["x"]')):
        save(row, label=label)
        assert find(label=label) == [row]


def test_a_changed_text_is_found_by_its_new_words(save: Any, find: Any) -> None:
    save(3, text="a letter in Chinese: 丢了")
    assert find(q="PARCEL") == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    assert find(q="丢了") == [3]
    assert find(q="丢了", label="billing", split="train") in ([3], [])
    assert find(q="丢了", label="refund") == []


def test_a_label_is_searched_too(save: Any, find: Any) -> None:
    """A row of which only the label was changed keeps the words of its text."""
    save(3, label="refund")
    assert 3 in find(q="refund")
    assert 3 in find(q="parcel")
    assert 3 not in find(q="billing")


def test_a_row_that_is_left_out_is_found_and_says_so(
    save: Any, find: Any, alice_client: Client, version: DatasetVersion
) -> None:
    save(3, label="refund")
    save(3, kind="drop")
    assert 3 in find(label="billing")
    assert 3 not in find(label="refund")
    page = alice_client.get(rows_url(version), {"q": "number 3 "}).content.decode()
    assert "data-dropped" in page


def test_the_newest_answer_counts(save: Any, find: Any, bob: User) -> None:
    save(3, label="refund")
    save(3, label="delivery", user=bob)
    assert 3 in find(label="delivery")
    save(3, kind="skip", user=bob)
    assert 3 in find(label="refund")


def test_an_answer_that_is_taken_back_counts_no_more(
    save: Any, find: Any, version: DatasetVersion, alice: User
) -> None:
    save(3, label="refund")
    annotating.undo(version=version, user=alice, row=3)
    assert 3 in find(label="billing")


def test_what_a_failed_import_gave_back_counts(
    save: Any, find: Any, version: DatasetVersion, alice: User, start: Any
) -> None:
    save(3, label="refund")
    job = annotating.commit(version=version, user=alice, note="")
    assert 3 in find(label="billing")
    Import.objects.filter(pk=job.pk).update(status=Import.Status.FAILED)
    assert 3 in find(label="refund")


def test_a_finding_is_about_the_rows_of_the_version(
    save: Any, find: Any, version: DatasetVersion
) -> None:
    versions.write_flags(version_file(version), {"label.suspect": versions.np.array([3, 7])})
    save(3, label="refund")
    assert find(finding="label.suspect") == [3, 7]
    assert find(finding="label.suspect", label="refund") == [3]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, True),
        ({"q": "BY HAND"}, True),
        ({"label": "refund"}, True),
        ({"label": "refund", "q": "hand", "split": "test"}, True),
        ({"state": "changed"}, True),
        ({"q": "parcel"}, False),
        ({"label": "billing"}, False),
        ({"split": "train"}, False),
        ({"state": "twice"}, False),
        ({"facet": "shop=1"}, False),
    ],
)
def test_added_rows_are_found(
    added: Any, version: DatasetVersion, alice: User, query: dict[str, str], expected: bool
) -> None:
    values = {"text": "made by hand", "label": "refund"}
    annotating.add_row(version=version, user=alice, values=values, split="test")
    assert added(**query) == (["made by hand"] if expected else [])


def test_the_newest_added_rows_come_first(added: Any, version: DatasetVersion, alice: User) -> None:
    for text in ("first", "second"):
        annotating.add_row(version=version, user=alice, values={"text": text, "label": "refund"})
    assert added() == ["second", "first"]
    assert drafts.changed_values(version) == {}
