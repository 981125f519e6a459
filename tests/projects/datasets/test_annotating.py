"""Answers to rows: whose they are, which one counts, and what a version is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from projects.datasets import annotating, checking, drafts
from projects.datasets.models import DatasetVersion, Import, RowEdit
from projects.datasets.selectors import version_file
from training import version as versions
from training.problems import Problem

Kind = RowEdit.Kind


@pytest.fixture
def save(version: DatasetVersion) -> Callable[..., RowEdit]:
    def save(user: User, row: int, label: str = "", kind: str = Kind.SET) -> RowEdit:
        values = {"label": label} if label else {}
        return annotating.save(version=version, user=user, row=row, kind=kind, values=values)

    return save


@pytest.fixture
def commit(version: DatasetVersion, alice: User) -> Callable[[], Import]:
    return lambda: annotating.commit(version=version, user=alice, note="By hand")


def label(version: DatasetVersion, row: int) -> str:
    draft = drafts.draft_of(version, row)
    assert draft
    return draft.values["label"]


def labels_by_text(version: DatasetVersion) -> dict[str, str]:
    stored = versions.read(version_file(version))
    return {row.values["text"]: row.values["label"] for row in stored}


def test_an_answer_is_a_draft(version: DatasetVersion, alice: User, save: Any) -> None:
    before = version_file(version).read_bytes()
    save(alice, 0, "refund")
    assert label(version, 0) == "refund"
    assert version_file(version).read_bytes() == before


def test_one_answer_a_row_and_person(version: DatasetVersion, alice: User, save: Any) -> None:
    save(alice, 0, "refund")
    save(alice, 0, "delivery")
    assert RowEdit.objects.get().values == {"label": "delivery"}


def test_only_what_differs_is_kept(version: DatasetVersion, alice: User, save: Any) -> None:
    text = drafts.draft_of(version, 0)
    assert text
    edit = annotating.save(
        version=version, user=alice, row=0, kind=Kind.SET, values=dict(text.row.values)
    )
    assert edit.values == {}


def test_two_people_keep_their_own_answers(
    version: DatasetVersion, alice: User, bob: User, save: Any
) -> None:
    """The newest one counts, and both are told that they differ."""
    save(alice, 0, "refund")
    save(bob, 0, "delivery")
    draft = drafts.draft_of(version, 0)
    assert draft
    assert draft.values["label"] == "delivery"
    assert draft.conflict
    assert [edit.values["label"] for edit in draft.edits] == ["refund", "delivery"]
    assert drafts.conflict_rows(version) == [0]


def test_two_people_who_say_the_same_do_not_differ(
    version: DatasetVersion, alice: User, bob: User, save: Any
) -> None:
    save(alice, 0, "refund")
    save(bob, 0, "refund")
    assert drafts.twice_rows(version) == [0]
    assert drafts.conflict_rows(version) == []


def test_taking_back_leaves_the_others_answer(
    version: DatasetVersion, alice: User, bob: User, save: Any
) -> None:
    save(alice, 0, "refund")
    save(bob, 0, "delivery")
    assert annotating.undo(version=version, user=bob, row=0)
    assert label(version, 0) == "refund"
    assert not annotating.undo(version=version, user=bob, row=0)


@pytest.mark.parametrize(
    ("row", "kind", "values", "code"),
    [
        (999, "set", {"label": "refund"}, "edit.row"),
        (0, "paint", {}, "edit.kind"),
        (0, "add", {}, "edit.kind"),
        (0, "set", {"colour": "red"}, "edit.role"),
        (0, "set", {"label": "  "}, "edit.value"),
        (0, "set", {"text": ""}, "edit.value"),
    ],
)
def test_what_an_import_would_refuse_is_refused(
    version: DatasetVersion, alice: User, row: int, kind: str, values: Any, code: str
) -> None:
    with pytest.raises(Problem) as caught:
        annotating.save(version=version, user=alice, row=row, kind=kind, values=values)
    assert caught.value.code == code
    assert not RowEdit.objects.exists()


def test_a_version_is_made_of_the_draft(
    version: DatasetVersion, alice: User, bob: User, save: Any, commit: Any
) -> None:
    texts = [row.values["text"] for row in versions.read(version_file(version))]
    save(alice, 0, "refund")
    save(bob, 0, "delivery")
    save(alice, 1, kind=Kind.DROP)
    save(alice, 2, kind=Kind.REJECT)
    annotating.add_row(
        version=version, user=bob, values={"text": "a new text", "label": "refund"}, split="train"
    )
    job = commit()
    checking.execute(job.pk)
    made = labels_by_text(DatasetVersion.objects.get(source=job))
    assert made[texts[0]] == "delivery"
    assert texts[1] not in made
    assert made["a new text"] == "refund"
    assert len(made) == len(texts)
    assert not drafts.has_draft(version)


def test_what_is_said_after_the_commit_stays_in_the_draft(
    version: DatasetVersion, alice: User, bob: User, save: Any, commit: Any
) -> None:
    save(alice, 0, "refund")
    job = commit()
    save(bob, 1, "billing")
    save(alice, 0, "delivery")
    assert {edit.row for edit in drafts.open_edits(version)} == {0, 1}
    assert [edit.row for edit in RowEdit.objects.filter(applied=job)] == [0]


def test_a_second_version_holds_what_the_first_was_made_of(
    version: DatasetVersion, alice: User, save: Any, commit: Any
) -> None:
    text = next(iter(labels_by_text(version)))
    save(alice, 0, "refund")
    checking.execute(commit().pk)
    save(alice, 1, "refund")
    job = commit()
    assert [change["row"] for change in job.changes] == [0, 1]
    checking.execute(job.pk)
    assert labels_by_text(DatasetVersion.objects.get(source=job))[text] == "refund"


def test_a_failed_import_gives_the_draft_back(
    version: DatasetVersion, alice: User, save: Any, commit: Any
) -> None:
    save(alice, 0, "refund")
    save(alice, 1, "refund")
    job = commit()
    Import.objects.filter(pk=job.pk).update(status=Import.Status.FAILED)
    assert label(version, 0) == "refund"
    save(alice, 0, "delivery")
    assert label(version, 0) == "delivery"
    assert {change["row"] for change in commit().changes} == {0, 1}


def test_an_empty_draft_makes_no_version(
    version: DatasetVersion, alice: User, save: Any, commit: Any
) -> None:
    save(alice, 0, kind=Kind.SKIP)
    with pytest.raises(Problem) as caught:
        commit()
    assert caught.value.code == "edit.nothing"


def test_an_added_row_can_be_taken_back_until_a_version_has_it(
    version: DatasetVersion, alice: User, commit: Any
) -> None:
    values = {"text": "a new text", "label": "refund"}
    first = annotating.add_row(version=version, user=alice, values=values)
    annotating.remove(edit=first)
    second = annotating.add_row(version=version, user=alice, values=values)
    commit()
    with pytest.raises(Problem) as caught:
        annotating.remove(edit=second)
    assert caught.value.code == "edit.applied"
