"""Words as places in a text, whatever its script."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.coding.words import words

FAMILY = "👩\u200d👩\u200d👧"


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in words(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \r\n\t ", []),
        ("Ada met Bob.", ["Ada", "met", "Bob", "."]),
        ("don't 3,5 e-mail", ["don", "'", "t", "3", ",", "5", "e", "-", "mail"]),
        ("line\r\nbreak", ["line", "break"]),
        ("snake_case", ["snake", "_", "case"]),
        ("iPhone15上市了", ["iPhone15", "上", "市", "了"]),
        ("北京大学，很好。", ["北", "京", "大", "学", "，", "很", "好", "。"]),
        ("東京タワーへ", ["東", "京", "タ", "ワ", "ー", "へ"]),
        ("한국어 문장", ["한국어", "문장"]),
        ("cafe\u0301 noir", ["cafe\u0301", "noir"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("ไทย", ["ไ", "ท", "ย"]),
        ("か\u3099き", ["か\u3099", "き"]),
        (f"hi {FAMILY}👍🏽!", ["hi", FAMILY, "👍🏽", "!"]),
        ("❤\ufe0f\ufe0f😀😀", ["❤\ufe0f\ufe0f", "😀", "😀"]),
        ("\u0301a", ["\u0301", "a"]),
        ("𠀀𠀁", ["𠀀", "𠀁"]),
    ],
)
def test_it_works(text: str, expected: list[str]) -> None:
    assert split(text) == expected


@given(st.text())
def test_every_character_that_is_no_space_is_in_one_word(text: str) -> None:
    found = words(text)
    covered = [place for start, end in found for place in range(start, end)]
    assert covered == [place for place, char in enumerate(text) if not char.isspace()]
    assert all(start < end for start, end in found)
