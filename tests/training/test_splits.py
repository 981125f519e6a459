"""Which rows train, validate and test."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

from training import splits

TRAIN, VALID, TEST = 0, 1, 2
PINNED = "21000002001000000000"


def counts(result: np.ndarray) -> list[int]:
    return [int(n) for n in np.bincount(result, minlength=3)]


def many(rows: int = 1000, labels: int = 5) -> tuple[list[str], list[str]]:
    return [f"l{i % labels}" for i in range(rows)], [f"text {i}" for i in range(rows)]


def test_it_works() -> None:
    assert counts(splits.assign(*many(), seed=13)) == [800, 100, 100]


def test_every_label_keeps_its_share() -> None:
    labels, texts = many(1000, 8)
    result = splits.assign(labels, texts, seed=13)
    for split, share in ((VALID, 12.5), (TEST, 12.5)):
        of_split = Counter(label for label, at in zip(labels, result, strict=True) if at == split)
        assert all(abs(n - share) < 1.01 for n in of_split.values())
        assert len(of_split) == 8


def test_the_same_seed_gives_the_same_split() -> None:
    assert (splits.assign(*many(), seed=13) == splits.assign(*many(), seed=13)).all()


def test_another_seed_gives_another_split() -> None:
    assert (splits.assign(*many(), seed=13) != splits.assign(*many(), seed=14)).any()


def test_the_order_of_the_rows_does_not_matter() -> None:
    labels, texts = many()
    first = splits.assign(labels, texts, seed=13)
    order = random.Random(1).sample(range(1000), 1000)
    second = splits.assign([labels[i] for i in order], [texts[i] for i in order], seed=13)
    assert [first[i] for i in order] == list(second)


def test_another_process_gives_the_same_split() -> None:
    code = (
        "from training import splits;"
        "print(''.join(map(str, splits.assign([f'l{i%3}' for i in range(99)], [str(i) for i in range(99)], seed=5))))"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1


def test_it_is_the_split_that_was_always_made() -> None:
    """Versions that were written must be reproducible; a change of this line breaks them."""
    result = splits.assign(["a", "b"] * 10, [f"t{i}" for i in range(20)], seed=13)
    assert "".join(map(str, result)) == PINNED


def test_copies_of_a_text_stay_together() -> None:
    texts = [f"text {i % 100}" for i in range(1000)]
    labels = [f"l{i % 100 % 4}" for i in range(1000)]
    result = splits.assign(labels, texts, seed=13)
    assert all(
        len({int(s) for s, t in zip(result, texts, strict=True) if t == text}) == 1
        for text in set(texts)
    )
    assert min(counts(result)) > 0


def test_copies_are_told_by_their_normal_form() -> None:
    labels, texts = many(100, 2)
    texts += [f"  TEXT   {i} " for i in range(100)]
    result = splits.assign(labels * 2, texts, seed=13)
    assert (result[:100] == result[100:]).all()


def test_copies_with_other_labels_stay_together() -> None:
    labels, texts = many(100, 2)
    result = splits.assign(labels + ["l1"] * 100, texts * 2, seed=13)
    assert (result[:100] == result[100:]).all()


def test_a_label_with_one_row_trains() -> None:
    for seed in range(40):
        labels, texts = many(30, 2)
        result = splits.assign([*labels, "rare"], [*texts, "the rare one"], seed=seed)
        assert result[-1] == TRAIN


def test_every_label_trains() -> None:
    labels, texts = [f"l{i // 2}" for i in range(400)], [str(i) for i in range(400)]
    result = splits.assign(labels, texts, seed=3)
    assert {label for label, at in zip(labels, result, strict=True) if at == TRAIN} == set(labels)


@pytest.mark.parametrize("rows", [4, 5, 6, 9, 12])
def test_very_few_rows_fill_every_split(rows: int) -> None:
    for seed in range(10):
        assert min(counts(splits.assign(*many(rows, 2), seed=seed))) > 0


def test_given_files_stay_what_they_are() -> None:
    labels, texts = many(100, 2)
    given = ["train"] * 60 + ["valid"] * 20 + ["test"] * 20
    assert splits.names(splits.assign(labels, texts, 13, given)) == given


@pytest.mark.parametrize(("have", "missing"), [("valid", TEST), ("test", VALID)])
def test_what_has_no_file_is_cut_from_the_training_rows(have: str, missing: int) -> None:
    labels, texts = many(1100, 2)
    given = ["train"] * 1000 + [have] * 100
    result = splits.assign(labels, texts, 13, given)
    assert splits.names(result)[1000:] == [have] * 100
    assert int((result[:1000] == missing).sum()) == 100
    assert int((result[:1000] == TRAIN).sum()) == 900


def test_numbers_and_fingerprints_do_as_well() -> None:
    labels, texts = many()
    codes = np.array([int(label[1:]) for label in labels], np.int32)
    prints = np.array([splits.fingerprint(text) for text in texts], np.uint64)
    assert (splits.assign(codes, prints, 13) == splits.assign(labels, texts, 13)).all()


def test_no_rows_are_no_error() -> None:
    assert len(splits.assign([], [], 13)) == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hello  World", "hello world"),
        (" x\n", "x"),
        ("ＡＢＣ", "abc"),
        ("Straße", "STRASSE"),
        ("cafe\u0301", "café"),
    ],
)
def test_texts_that_count_as_copies(one: str, other: str) -> None:
    assert splits.fingerprint(one) == splits.fingerprint(other)


@pytest.mark.parametrize(("one", "other"), [("a b", "ab"), ("a.", "a"), ("1", "2")])
def test_texts_that_do_not(one: str, other: str) -> None:
    assert splits.fingerprint(one) != splits.fingerprint(other)
