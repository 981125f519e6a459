"""A file without labels becomes a pool: what is known is counted and left out, and what is wrong is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from accounts.models import User
from projects.datasets import annotating, children
from projects.datasets.models import DatasetVersion, Upload
from projects.jobs import leaving
from projects.pools import labelling, reading, services
from projects.pools.models import Pool, PoolRow
from training.problems import Problem


def texts(pool: Pool) -> list[str]:
    return [row.values["text"] for row in PoolRow.objects.filter(pool=pool).order_by("number")]


def test_it_works(pool: Pool) -> None:
    assert pool.status == "ready"
    assert (pool.rows, pool.copies, pool.empty, pool.faulty, pool.cut) == (5, 0, 0, 0, False)
    assert texts(pool) == [f"new message {n}" for n in range(5)]
    assert list(pool.texts.values_list("line", flat=True)) == [2, 3, 4, 5, 6]


@pytest.mark.django_db(transaction=True)
def test_the_file_is_not_kept_once_it_is_read(pool: Pool, home: Path) -> None:
    assert not Upload.objects.exists()
    assert not [path for path in (home / "uploads").rglob("*") if path.is_file()]


def test_copies_are_left_out_and_counted(
    add: Callable[..., Pool], version: DatasetVersion, alice: User
) -> None:
    drafted = {"text": "in the draft", "label": "billing"}
    annotating.add_row(version=version, user=alice, values=drafted)
    pool = add(b"text\nold 3\nfresh\nfresh\nin the draft\n")
    assert texts(pool) == ["fresh"]
    assert (pool.rows, pool.copies) == (1, 3)


def test_empty_and_broken_rows_are_counted(add: Callable[..., Pool]) -> None:
    pool = add(b'text,note\nfine,1\n  ,2\n"never closed,3\n')
    assert texts(pool) == ["fine"]
    assert (pool.empty, pool.faulty) == (1, 1)


@pytest.mark.parametrize(
    ("name", "content", "column"),
    [
        ("new.jsonl", '{"text": "退款什么时候到账"}\n{"text": "能开发票吗"}\n'.encode(), "text"),
        ("new.csv", "内容\n退款什么时候到账\n能开发票吗\n".encode("gb18030"), "内容"),
    ],
)
def test_any_format_and_encoding(
    add: Callable[..., Pool], name: str, content: bytes, column: str
) -> None:
    pool = add(content, name, column)
    assert texts(pool) == ["退款什么时候到账", "能开发票吗"]


def test_at_most_so_many(add: Callable[..., Pool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST", 3)
    monkeypatch.setattr(reading, "BATCH", 2)
    pool = add()
    assert (pool.rows, pool.cut) == (3, True)


def test_a_file_with_nothing_new_says_so(add: Callable[..., Pool]) -> None:
    pool = add(b"text\nold 1\nold 2\n")
    assert pool.status == "failed"
    assert pool.problem == {
        "code": "pool.empty",
        "values": {"rows": 0, "copies": 2, "empty": 0, "faulty": 0},
    }


def test_a_column_that_there_is_not(add: Callable[..., Pool]) -> None:
    with pytest.raises(Problem) as caught:
        add(column="message")
    assert caught.value.code == "import.column"


def test_without_labelled_data_there_is_nothing_to_label_by(
    add: Callable[..., Pool], version: DatasetVersion
) -> None:
    version.delete()
    with pytest.raises(Problem) as caught:
        add()
    assert caught.value.code == "pool.version"


def test_one_that_was_given_up_for_dead_writes_nothing_any_more(pool: Pool) -> None:
    Pool.objects.filter(pk=pool.pk).update(status="queued")
    assert children.claim(reading.KIND, pool.pk) == 2
    assert not children.end(reading.KIND, pool.pk, 1, "ready")


def test_the_end_of_the_queue_gives_the_work_back(
    add: Callable[..., Pool], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = [True, False]
    monkeypatch.setattr(leaving, "wanted", lambda: wanted.pop(0) if wanted else False)
    pool = add()
    assert (pool.status, pool.rows, pool.texts.count()) == ("ready", 5, 5)


def test_deleting_leaves_the_labels(pool: Pool, alice: User, version: DatasetVersion) -> None:
    labelling.answer(pool=pool, user=alice, number=0, values={"label": "refund"})
    services.remove(pool=pool)
    assert not PoolRow.objects.exists()
    assert version.edits.get().values["text"] == "new message 0"
