"""Labels for new texts: one conditional UPDATE each, into the draft of the newest version."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from projects.datasets import annotating
from projects.datasets.models import DatasetVersion, RowEdit
from projects.pools import kinds, labelling, selectors
from projects.pools.models import Pool, PoolRow
from training.problems import Problem


def numbers(rows: list[PoolRow]) -> list[int]:
    return [row.number for row in rows]


def label(pool: Pool, user: User, number: int, label: str = "refund") -> PoolRow:
    return labelling.answer(pool=pool, user=user, number=number, values={"label": label})


def code(caught: Any) -> str:
    return str(caught.value.code)


def test_an_accepted_row_is_a_training_row_of_the_draft(
    suggested: Pool, alice: User, version: DatasetVersion
) -> None:
    row = label(suggested, alice, 4)
    edit = version.edits.get()
    assert row.edit == edit
    assert (edit.kind, edit.user) == ("add", alice)
    assert edit.values == {"text": "new message 4", "label": "refund", "split": "train"}
    assert (row.state, row.user, row.agreed) == ("labelled", alice, True)
    assert row.answered_at is not None


def test_another_label_counts_as_not_agreed(suggested: Pool, alice: User) -> None:
    assert label(suggested, alice, 4, "billing").agreed is False
    counts = selectors.counts_of(suggested)
    assert (counts.judged, counts.agreed, counts.labelled, counts.open) == (1, 0, 1, 4)


def test_without_a_suggestion_there_is_nothing_to_agree_with(pool: Pool, alice: User) -> None:
    assert label(pool, alice, 0).agreed is None


def test_an_empty_label_is_refused_and_the_row_stays_open(pool: Pool, alice: User) -> None:
    with pytest.raises(Problem) as caught:
        label(pool, alice, 0, "  ")
    assert code(caught) == "edit.value"
    assert selectors.counts_of(pool).open == 5
    assert not RowEdit.objects.exists()


def test_the_text_cannot_be_changed_here(pool: Pool, alice: User) -> None:
    with pytest.raises(Problem) as caught:
        labelling.answer(pool=pool, user=alice, number=0, values={"text": "x", "label": "refund"})
    assert code(caught) == "edit.role"


def test_two_people_get_different_rows(pool: Pool, alice: User, bob: User) -> None:
    assert numbers(labelling.claim(pool=pool, user=alice)) == [0]
    assert numbers(labelling.claim(pool=pool, user=bob)) == [1]
    assert numbers(labelling.claim(pool=pool, user=alice)) == [0]


def test_what_was_left_lying_comes_to_others(pool: Pool, alice: User, bob: User) -> None:
    labelling.claim(pool=pool, user=alice)
    PoolRow.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert numbers(labelling.claim(pool=pool, user=bob)) == [0]


def test_several_at_once(pool: Pool, alice: User, bob: User) -> None:
    assert numbers(labelling.claim(pool=pool, user=alice, limit=3)) == [0, 1, 2]
    assert numbers(labelling.claim(pool=pool, user=bob, limit=9)) == [3, 4]


def test_a_row_in_front_of_somebody_else_is_taken(pool: Pool, alice: User, bob: User) -> None:
    labelling.claim(pool=pool, user=alice)
    with pytest.raises(Problem) as caught:
        label(pool, bob, 0)
    assert code(caught) == "pool.taken"
    assert not RowEdit.objects.exists()


def test_the_second_answer_is_told_that_it_is_taken(pool: Pool, alice: User, bob: User) -> None:
    label(pool, alice, 0)
    with pytest.raises(Problem):
        label(pool, bob, 0, "billing")
    with pytest.raises(Problem):
        labelling.skip(pool=pool, user=bob, number=0)
    assert RowEdit.objects.get().values["label"] == "refund"


def test_a_skipped_row_comes_back_when_it_is_asked_for(pool: Pool, alice: User) -> None:
    labelling.skip(pool=pool, user=alice, number=0)
    assert numbers(labelling.claim(pool=pool, user=alice)) == [1]
    assert labelling.resume(pool=pool) == 1
    assert selectors.counts_of(pool).open == 5


def test_undo_takes_the_last_answer_back_and_shows_the_row(
    pool: Pool, alice: User, bob: User
) -> None:
    label(pool, alice, 3)
    label(pool, bob, 1)
    label(pool, alice, 0)
    labelling.claim(pool=pool, user=alice)
    undone = labelling.undo(pool=pool, user=alice)
    assert undone is not None
    assert (undone.number, undone.state, undone.agreed) == (0, "open", None)
    assert RowEdit.objects.count() == 2
    assert numbers(labelling.claim(pool=pool, user=alice)) == [0]
    assert labelling.undo(pool=pool, user=alice).number == 3  # type: ignore[union-attr]
    assert labelling.undo(pool=pool, user=alice) is None  # Bob's answer is his


def test_undo_of_a_skip(pool: Pool, alice: User) -> None:
    labelling.skip(pool=pool, user=alice, number=2)
    labelling.undo(pool=pool, user=alice)
    assert selectors.counts_of(pool).skipped == 0


def test_an_added_row_taken_out_of_the_draft_is_open_again(pool: Pool, alice: User) -> None:
    annotating.remove(edit=label(pool, alice, 0).edit)  # type: ignore[arg-type]
    assert selectors.counts_of(pool).open == 5


def test_a_version_is_made_of_the_draft(
    pool: Pool, alice: User, version: DatasetVersion, work: Any
) -> None:
    label(pool, alice, 0)
    job = labelling.commit(pool=pool, user=alice, note="new")
    values = {"text": "new message 0", "label": "refund"}
    assert job.changes == [{"op": "add", "values": values, "split": "train"}]
    assert job.base == version
    assert selectors.counts_of(pool).draft == 0
    with pytest.raises(Problem) as caught:
        labelling.undo(pool=pool, user=alice)
    assert code(caught) == "edit.applied"
    with pytest.raises(Problem) as caught:
        labelling.commit(pool=pool, user=alice, note="again")
    assert code(caught) == "edit.nothing"


def test_labels_move_along_to_a_newer_version(
    pool: Pool,
    alice: User,
    version: DatasetVersion,
    make_version: Callable[[], DatasetVersion],
    work: Any,
) -> None:
    label(pool, alice, 0)
    newer = make_version()
    label(pool, alice, 1)
    job = labelling.commit(pool=pool, user=alice, note="both")
    assert job.base == newer
    assert [change["values"]["text"] for change in job.changes] == [
        "new message 0",
        "new message 1",
    ]


@pytest.mark.parametrize(("count", "first"), [(3, "l0"), (12, "refund")])
def test_labels_have_keys(suggested: Pool, count: int, first: str) -> None:
    """In one order where there are keys for all of them; otherwise the likeliest come first."""
    row = PoolRow.objects.get(pool=suggested, number=0)
    found = selectors.choices(row, [f"l{n}" for n in range(count)])
    assert [choice.key for choice in found] == list(range(1, min(count, 9) + 1))
    assert found[0].label == first


def test_a_label_of_the_draft_can_be_picked_again(
    pool: Pool, alice: User, version: DatasetVersion
) -> None:
    label(pool, alice, 0, "complaint")
    _version, kind = kinds.target(version.project)
    labels = selectors.labels_of(version, kind)
    assert labels == ["billing", "delivery", "refund", "complaint"]


@pytest.mark.django_db(transaction=True)
def test_two_annotators_race(pool: Pool, alice: User, bob: User) -> None:
    """Both label all they get, at once: every text is labelled once, and no answer is lost."""
    barrier, given = threading.Barrier(2), []

    def annotate(user: User) -> None:
        try:
            barrier.wait()
            while rows := labelling.claim(pool=pool, user=user):
                label(pool, user, rows[0].number)
                given.append(rows[0].number)
        finally:
            connection.close()

    threads = [threading.Thread(target=annotate, args=(user,)) for user in (alice, bob)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given) == [0, 1, 2, 3, 4]
    assert RowEdit.objects.count() == 5
    assert selectors.counts_of(pool).open == 0


@pytest.mark.django_db(transaction=True)
def test_two_people_answer_one_row_at_once(pool: Pool, alice: User, bob: User) -> None:
    barrier, said = threading.Barrier(2), []

    def annotate(user: User, name: str) -> None:
        try:
            barrier.wait()
            label(pool, user, 0, name)
            said.append(name)
        except Problem as problem:
            said.append(problem.code)
        finally:
            connection.close()

    wanted = ((alice, "billing"), (bob, "refund"))
    threads = [threading.Thread(target=annotate, args=pair) for pair in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "pool.taken" in said
    assert RowEdit.objects.get().values["label"] in said
