"""Near duplicates: found by their short runs of characters, whatever the case, width and punctuation."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training import splits
from training.validation import near

WORDS = [
    f"{a}{b}{c}"
    for a in ("ka", "lo", "mi", "ster", "dun", "fra", "bel", "ug")
    for b in ("ra", "ven", "pi", "sho", "em", "tal", "no", "qui")
    for c in ("", "tol", "s", "der", "ix", "and", "my", "er")
]


def sentence(draw: random.Random, words: int = 20) -> str:
    return " ".join(draw.choice(WORDS) for _ in range(words))


def groups(texts: Sequence[str], threshold: float = near.THRESHOLD, seed: int = 13) -> list[int]:
    finder = near.Near(seed)
    for text in texts:
        finder.add(text)
    prints = np.array([splits.fingerprint(text) for text in texts], np.uint64)
    return finder.groups(lambda rows: [texts[row] for row in rows], prints, threshold).tolist()


def likeness(a: str, b: str) -> float:
    return float(near.likeness([a, b], np.array([0]), np.array([1]))[0])


def test_it_finds_texts_that_differ_in_a_word() -> None:
    texts = [
        "My parcel with the blue shoes has still not arrived at my home in Leeds.",
        "What is the rate of exchange for euros today?",
        "My parcel with the blue shoes has still not arrived at my home in Leeds, Sir.",
        "How do I change the code of my card?",
    ]
    assert groups(texts) == [0, -1, 0, -1]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Where is my card?", "where is   MY card!!"),
        ("ＡＢＣ公司的服务很好。", "abc公司的服务很好"),
        ("It's late - why?", "it s late: why"),
    ],
)
def test_case_width_spaces_and_punctuation_do_not_count(first: str, second: str) -> None:
    assert groups([first, "something else altogether", second])[2] == 0


def test_a_chinese_text_is_compared_by_pairs_of_characters() -> None:
    text = "这家酒店的位置很好，离火车站只有五分钟的路程，房间也很干净"
    assert likeness(text, text.replace("五", "六")) == pytest.approx(25 / 29, abs=0.03)
    assert groups([text, "服务太差了，再也不会来", text.replace("五", "六")]) == [0, -1, 0]


def test_likeness_is_what_two_texts_share_over_what_they_have_together() -> None:
    assert likeness("abcdefgh", "abcdefgh") == 1
    assert likeness("abcdefgh", "zyxwvuts") == 0
    # abcd bcde cdef def_ ef__ f___ beside abcd bcde cde_ de__ e___
    assert likeness("abcdef", "abcde") == pytest.approx(2 / 9)


def test_copies_alone_make_no_group_but_follow_one() -> None:
    assert groups(["same text here", "Same  text here", "other words"]) == [-1, -1, -1]
    near_it = "same text here, and then a good deal more of it for all to read"
    assert groups([near_it, near_it, f"{near_it} x", "other words"]) == [0, 0, 0, -1]


def test_groups_are_numbered_by_their_first_rows() -> None:
    draw = random.Random(1)
    texts = [sentence(draw) for _ in range(5)]
    assert groups([*texts, f"{texts[3]} x", f"{texts[1]} x"]) == [-1, 0, -1, 1, -1, 1, 0]


def test_nothing_below_the_threshold_is_joined() -> None:
    texts = ["abcdefghij klmnop", "abcdefghij qrstuv"]
    assert likeness(*texts) < 0.8
    assert groups(texts) == [-1, -1]


@pytest.mark.parametrize("texts", [[], ["one"], ["", ""], ["", "?!", "…"], ["a", "b"]])
def test_little_or_nothing_is_no_trouble(texts: list[str]) -> None:
    assert len(groups(texts)) == len(texts)


def test_the_same_seed_gives_the_same_groups() -> None:
    draw = random.Random(2)
    texts = [sentence(draw, 8) for _ in range(400)]
    texts += [f"{text} {draw.choice(WORDS)}" for text in texts]
    assert groups(texts, seed=5) == groups(texts, seed=5)


def test_nearly_all_pairs_above_the_threshold_are_found_and_no_others() -> None:
    draw = random.Random(3)
    texts = []
    for _ in range(1500):
        words = sentence(draw, 24).split()
        texts.append(" ".join(words))
        words[draw.randrange(24)] = "zzzz"
        texts.append(" ".join(words))
    found = groups(texts)
    alike = [likeness(texts[n], texts[n + 1]) for n in range(0, len(texts), 2)]
    joined = [0 <= found[n] == found[n + 1] for n in range(0, len(texts), 2)]
    due = [hit for value, hit in zip(alike, joined, strict=True) if value >= 0.8]
    assert len(due) > 1000
    assert sum(due) / len(due) > 0.98
    assert not any(hit for value, hit in zip(alike, joined, strict=True) if value < 0.8)


def test_a_thousand_texts_of_one_template_are_one_group_and_little_is_compared() -> None:
    texts = [
        f"Dear customer, your parcel with the number {number} lies at our central station for you."
        for number in range(3000)
    ]
    asked: list[int] = []

    def texts_at(rows: Sequence[int]) -> list[str]:
        asked.extend(rows)
        return [texts[row] for row in rows]

    finder = near.Near()
    for text in texts:
        finder.add(text)
    prints = np.array([splits.fingerprint(text) for text in texts], np.uint64)
    assert set(finder.groups(texts_at, prints).tolist()) == {0}
    assert len(asked) < 4 * len(texts)


def test_it_says_that_it_gave_up_and_that_it_did_not(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(5)
    form = sentence(draw, 25)
    texts = [f"{form} {sentence(draw, 8)}" for _ in range(200)]
    assert 0.5 < likeness(texts[0], texts[1]) < 0.8

    def looked() -> near.Near:
        finder = near.Near()
        for text in texts:
            finder.add(text)
        prints = np.array([splits.fingerprint(text) for text in texts], np.uint64)
        finder.groups(lambda rows: [texts[row] for row in rows], prints)
        return finder

    found = looked()
    assert found.vain > 100
    assert not found.cut
    monkeypatch.setattr(near, "_READ", 50)
    monkeypatch.setattr(near, "_FEW", 50)
    monkeypatch.setattr(near, "_VAIN", 40)
    assert looked().cut


def test_rows_are_asked_for_in_order_and_a_few_at_a_time_where_texts_are_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(near, "_FEW", 20)
    monkeypatch.setattr(near, "_HELD", 10_000)
    draw = random.Random(4)
    texts = [sentence(draw, 60) for _ in range(100)]
    texts += [f"{text} x" for text in texts]
    calls: list[list[int]] = []

    def texts_at(rows: Sequence[int]) -> list[str]:
        calls.append(list(rows))
        return [texts[row] for row in rows]

    finder = near.Near()
    for text in texts:
        finder.add(text)
    prints = np.array([splits.fingerprint(text) for text in texts], np.uint64)
    assert finder.groups(texts_at, prints).tolist() == [*range(100), *range(100)]
    assert all(call == sorted(set(call)) for call in calls)
    assert max(map(len, calls)) <= 40


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=40), max_size=12))
def test_any_text_is_taken_and_equal_texts_stay_together(texts: list[str]) -> None:
    found = groups([*texts, *texts])
    assert found[: len(texts)] == found[len(texts) :]


@given(st.text(max_size=60))
def test_a_text_is_wholly_like_itself(text: str) -> None:
    assert likeness(text, text) == 1
