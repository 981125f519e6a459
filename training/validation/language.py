"""Which scripts and languages the texts are in, and how much of them a base does not know. Meant for a sample."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training import catalogue
from training.problems import Problem

_LOOKED_AT = 2000  # characters of a text whose letters are counted
_TOLD = 500  # characters of a text whose language is told
_SURE = 0.5  # probability below which no language is named
FEWEST = (
    12  # letters below which a text in Latin, Cyrillic … letters is in no language in particular
)
UNSURE = "und"  # ISO 639-2 for undetermined

# Letters by script; the rest counts as `other`.
_SCRIPTS = {
    "latin": re.compile(
        "[A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff\uff21-\uff3a\uff41-\uff5a]"
    ),
    "cjk": re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"),
    "kana": re.compile("[\u3041-\u30ff\u31f0-\u31ff\uff66-\uff9f]"),
    "hangul": re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]"),
    "cyrillic": re.compile("[\u0400-\u052f]"),
    "greek": re.compile("[\u0370-\u03ff\u1f00-\u1fff]"),
    "arabic": re.compile("[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff]"),
    "hebrew": re.compile("[\u0590-\u05ff]"),
    "devanagari": re.compile("[\u0900-\u097f]"),
    "thai": re.compile("[\u0e00-\u0e7f]"),
}
# The language of a text in a script that one language has for its own.
_OF_SCRIPT = {
    "cjk": "zh",
    "kana": "ja",
    "hangul": "ko",
    "greek": "el",
    "hebrew": "he",
    "thai": "th",
}
# Those told apart in the other scripts, written by most people who do: more would be taken for one another.
_LANGUAGES = (
    "en", "de", "fr", "es", "it", "pt", "nl", "pl", "tr", "sv", "da", "no", "fi", "cs", "ro", "hu", "vi", "id",
    "ru", "uk", "bg", "sr", "ar", "fa", "ur", "hi", "mr", "ne",
)  # fmt: skip


def scripts(texts: Iterable[str]) -> dict[str, float]:
    """Script -> its share of the letters, the largest first."""
    found = dict.fromkeys((*_SCRIPTS, "other"), 0)
    for text in texts:
        for name, count in _letters(text).items():
            found[name] += count
    return _shares(found)


def _letters(text: str) -> dict[str, int]:
    """Letters of each script at the beginning of the text."""
    text = text[:_LOOKED_AT]
    letters = sum(map(str.isalpha, text))
    found = {}
    for name, pattern in _SCRIPTS.items():
        if not letters or (name != "latin" and text.isascii()):
            break
        found[name] = len(pattern.findall(text))
        letters -= found[name]
    found["other"] = max(0, letters)
    return found


def mix(texts: Iterable[str]) -> dict[str, float]:
    """Language (ISO 639-1) -> its share of the texts, the largest first; `und` where it cannot be told.

    The model that tells languages apart is loaded when it is needed and takes 80 MB while this runs.
    """
    found: dict[str, int] = {}
    teller = None
    for text in texts:
        name = _by_script(text)
        if not name:
            teller = teller or _teller()
            name = str(teller.classify(text[:_TOLD])[0])
        found[name] = found.get(name, 0) + 1
    return _shares(found)


def _by_script(text: str) -> str:
    """The language where the script alone decides it, `und` where there are too few letters, else nothing."""
    letters = _letters(text)
    script = max(letters, key=lambda name: letters[name])
    # Japanese is written with Chinese characters too, Chinese never with kana.
    if script == "cjk" and letters.get("kana", 0) > 0.1 * letters["cjk"]:
        script = "kana"
    if script in _OF_SCRIPT and letters[script]:
        return _OF_SCRIPT[script]
    return "" if letters[script] >= FEWEST else UNSURE


def _teller() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    teller = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True, min_confidence=_SURE)
    teller.set_languages(_LANGUAGES)
    return teller


def _shares(found: Mapping[str, int]) -> dict[str, float]:
    total = sum(found.values())
    shares = {name: round(count / total, 4) for name, count in found.items() if count}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def token_counts(
    texts: list[str], base: str, bases_dir: str | Path = ""
) -> tuple[NDArray[np.int64] | None, float | None]:
    """(tokens of each text with the special ones, share of tokens unknown to the base); None without its files."""
    file = _file(base, bases_dir)
    if file is None or not texts:
        return None, None
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    unknown = {tokenizer.token_to_id(name) for name in ("[UNK]", "<unk>")} - {None}
    encoded = tokenizer.encode_batch(texts)
    counts = np.array([len(item.ids) for item in encoded], np.int64)
    own = sum(len(item.ids) - sum(item.special_tokens_mask) for item in encoded)
    missed = sum(sum(token in unknown for token in item.ids) for item in encoded)
    return counts, round(missed / own, 4) if own else 0.0


def unknown_shares(
    texts: list[str], bases: Iterable[str] = tuple(catalogue.BASES), bases_dir: str | Path = ""
) -> dict[str, float]:
    """Base -> share of the tokens that it does not know, for those of the bases whose tokenizer is on this machine."""
    found = {}
    for base in bases:
        share = token_counts(texts, base, bases_dir)[1]
        if share is not None:
            found[base] = share
    return found


def _file(base: str, bases_dir: str | Path) -> Path | None:
    try:
        file = catalogue.locate(base, bases_dir) / "tokenizer.json"
    except Problem:
        return None
    return file if file.is_file() else None
