"""Words of a text of any script, as places in it: what an entity begins and ends with."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_SPACE, _RUN, _ALONE, _SIGN, _MARK = range(5)
_JOINER = "\u200d"  # between the people of a family in one emoji
_UNSPACED = (  # of scripts written without spaces: each letter is a word, with the marks on it
    (0x0E01, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x2FDF),  # radicals
    (0x3005, 0x3007),
    (0x3021, 0x312F),  # numerals, hiragana, katakana, bopomofo
    (0x31A0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9F),  # narrow katakana
    (0x1AFF0, 0x1B16F),
    (0x20000, 0x3FFFF),
)


def clean(text: str) -> str:
    """The text without lone surrogates, which no tokenizer takes; as long as before."""
    return "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text)


def words(text: str) -> list[tuple[int, int]]:
    """(start, end) in code points: runs of letters and digits; every CJK character and every other sign alone.

    Marks, variation selectors, skin tones and joiners belong to what they follow, and an emoji that a joiner holds
    together is one word. Every character that is no space is in exactly one word.
    """
    found: list[tuple[int, int]] = []
    before = _SPACE
    for place, char in enumerate(text):
        kind = _kind(char)
        if kind == _SPACE:
            before = _SPACE
        elif before != _SPACE and _continues(kind, before, text[place - 1]):
            found[-1] = found[-1][0], place + 1
        else:
            found.append((place, place + 1))
            before = kind
    return found


def unspaced(char: str) -> bool:
    """Whether it is a letter of a script that has no spaces between words."""
    code = ord(char)
    return code > 0xE00 and any(first <= code <= last for first, last in _UNSPACED)


def _continues(kind: int, before: int, last: str) -> bool:
    if kind == _MARK:
        return True
    return kind == before and (kind == _RUN or (kind == _SIGN and last == _JOINER))


@lru_cache(maxsize=1 << 16)
def _kind(char: str) -> int:
    if char.isspace():
        return _SPACE
    category = unicodedata.category(char)
    if category[0] == "M" or _is_format(char, category) or "\U0001f3fb" <= char <= "\U0001f3ff":
        return _MARK
    if category[0] not in "LN":
        return _SIGN
    return _ALONE if unspaced(char) else _RUN


def _is_format(char: str, category: str) -> bool:
    return category == "Cf" and char != "\u200b"  # that one is a space of no width
