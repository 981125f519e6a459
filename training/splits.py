"""Which rows train, validate and test: seeded, stratified by label, copies of a text kept together.

Integer arithmetic over texts, labels and the seed: the same on every machine, whatever the order of the rows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from dateutil import parser
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest

from training.table import cells

SPLITS = ("train", "valid", "test")
SHARES = {"valid": 0.1, "test": 0.1}  # what is left trains

# What a split column may say, in lower case.
NAMES = {
    **dict.fromkeys(("train", "training", "train set", "训练", "训练集"), "train"),
    **dict.fromkeys(
        ("valid", "validation", "validate", "val", "dev", "eval", "验证", "验证集"), "valid"
    ),
    **dict.fromkeys(("test", "testing", "test set", "holdout", "测试", "测试集"), "test"),
}
_SPACES = r"[\s\v\x{85}\x{2028}\x{2029}]+"
_MARKS = (b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xa9")  # of spaces beyond ASCII, in UTF-8
_PIECE = (
    1 << 18
)  # rows that are worked on at a time, where arrays of all of them would need much memory
_MASK = 0xFFFFFFFFFFFFFFFF


def normals(texts: Any) -> Any:
    """Texts (an Arrow array) as they are compared: compatibility forms, case and spaces do not count."""
    if cells.is_ascii(texts):
        return _of_ascii(texts)
    texts = pc.replace_substring(pc.utf8_normalize(texts, "NFKC"), "ß", "ss")
    texts = pc.utf8_trim_whitespace(pc.utf8_lower(texts))
    return pc.replace_substring_regex(texts, _SPACES, " ") if _has_spaces(texts) else texts


def _of_ascii(texts: Any) -> Any:
    """The same, several times as quick: most files hold nothing else."""
    texts = pc.ascii_lower(texts)
    if cells.raw(texts).min(initial=32) < 32:  # Arrow's ASCII knows fewer of these as spaces
        return pc.replace_substring_regex(pc.utf8_trim_whitespace(texts), _SPACES, " ")
    texts = pc.ascii_trim_whitespace(texts)
    if cells.has_double_blanks(cells.raw(texts)):
        return pc.replace_substring_regex(texts, _SPACES, " ")
    return texts


def _has_spaces(texts: Any) -> bool:
    """Whether any text has spaces that are more than one blank; the whole is looked at as one."""
    data = cells.raw(texts)
    if data.min(initial=32) < 32 or cells.has_double_blanks(data):
        return True
    whole = data.tobytes()
    return any(mark in whole for mark in _MARKS)


def fingerprints(texts: Any) -> NDArray[np.uint64]:
    """64 bits of each normalised text; equal for texts that count as copies."""
    return digests(normals(texts))


def digests(texts: Any) -> NDArray[np.uint64]:
    """64 bits of each text as it stands."""
    found = map(xxh3_64_intdigest, texts.cast(pa.binary()).to_pylist())
    return np.fromiter(found, np.uint64, len(texts))


def fingerprint(text: str) -> int:
    """Of one text."""
    return int(fingerprints(cells.strings([text]))[0])


def seconds(dates: Any) -> NDArray[np.float64]:
    """Dates (an Arrow array of strings) as seconds since 1970; NaN for what is none."""
    found = dates.dictionary_encode()
    values = [_second(text.strip()) for text in found.dictionary.to_pylist()]
    return np.array(values or [np.nan])[cells.numbers(found.indices)] if len(dates) else np.zeros(0)


def _second(text: str) -> float:
    moment: datetime | None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = _by_dateutil(re.sub("[年月]", "-", text).replace("日", " "))
    if moment is None:
        return float("nan")
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _by_dateutil(text: str) -> datetime | None:
    if not re.search(r"\d", text) or re.fullmatch(r"[\d.]{1,3}|\d{9,}", text):
        return None
    try:
        found = parser.parse(text, default=datetime(1970, 1, 1))
    except (ValueError, OverflowError):
        return None
    return found if isinstance(found, datetime) else None


def assign(
    labels: Sequence[str] | NDArray[Any],
    texts: Sequence[str] | NDArray[np.uint64],
    seed: int,
    given: Sequence[str] | NDArray[np.uint8] | None = None,
    *,
    groups: NDArray[np.uint64] | None = None,
    dates: NDArray[np.float64] | None = None,
) -> NDArray[np.uint8]:
    """The split of every row as an index into SPLITS.

    `texts` may be fingerprints and `labels` numbers (in the order of the sorted labels): a million rows stay small.
    `given` names the file a row came from (a name of SPLITS or its index): validation and test rows stay where they
    are, and only what has no file is cut from the training rows. Rows of one of `groups` stay together, as copies of
    a text do; by `dates` (seconds) the newest are tested on and the ones before them validate.
    """
    codes = _codes(labels)
    prints = (
        texts
        if isinstance(texts, np.ndarray)
        else np.array([fingerprint(t) for t in texts], np.uint64)
    )
    result = _given(given, len(codes))
    missing = {
        index: SHARES[name]
        for index, name in ((1, "valid"), (2, "test"))
        if not (result == index).any()
    }
    free: Any = np.flatnonzero(result == 0)
    if missing and len(free):
        if len(free) == len(codes):
            free = slice(None)  # no copies of all that there is
        together = prints[free] if groups is None else _together(prints[free], groups[free])
        if dates is None:
            result[free] = _cut(codes[free], together, seed, missing)
        else:
            result[free] = _by_time(dates[free], together, missing)
    return result


def _together(prints: NDArray[np.uint64], groups: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """One number for all rows that a chain of equal texts and equal groups holds together."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    texts, text_of = np.unique(prints, return_inverse=True)
    names, group_of = np.unique(groups, return_inverse=True)
    size = len(texts) + len(names)
    edges = coo_matrix((np.ones(len(prints), bool), (text_of, len(texts) + group_of)), (size, size))
    _count, part = connected_components(edges, directed=False)
    # Named by the smallest text, so that the order of the rows does not matter.
    least = np.full(part.max() + 1, np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(least, part[: len(texts)], texts)
    return least[part[text_of]]


def _by_time(
    dates: NDArray[np.float64], prints: NDArray[np.uint64], shares: dict[int, float]
) -> NDArray[np.uint8]:
    """The oldest train, then come validation and test; copies go with the oldest of them, rows without a date train."""
    _texts, inverse = np.unique(prints, return_inverse=True)
    first = np.full(inverse.max() + 1, np.inf)
    np.minimum.at(first, inverse, np.nan_to_num(dates, nan=-np.inf))
    moments = first[inverse]
    result, known = np.zeros(len(dates), np.uint8), np.sort(moments[np.isfinite(moments)])
    left = 1.0
    for split in sorted(shares, reverse=True):  # the test rows are the newest
        begin = (
            known[min(int(len(known) * (left - shares[split])), len(known) - 1)]
            if len(known)
            else np.inf
        )
        result[(moments >= begin) & np.isfinite(moments) & (result == 0)] = split
        left -= shares[split]
    return result


def names(result: NDArray[np.uint8]) -> list[str]:
    return [SPLITS[index] for index in result]


def _codes(labels: Sequence[str] | NDArray[Any]) -> NDArray[Any]:
    if isinstance(labels, np.ndarray) and labels.dtype.kind in "iu":
        # -1 stands for no label: a kind of its own.
        return labels if not len(labels) or labels.min() >= 0 else labels + labels.dtype.type(1)
    order = {label: number for number, label in enumerate(sorted(set(labels)))}
    return np.array([order[label] for label in labels], np.int64)


def _given(given: Sequence[str] | NDArray[np.uint8] | None, rows: int) -> NDArray[np.uint8]:
    if given is None:
        return np.zeros(rows, np.uint8)
    if isinstance(given, np.ndarray) and given.dtype.kind in "iu":
        return given.astype(np.uint8)
    return np.array([SPLITS.index(str(name)) for name in given], np.uint8)


def _cut(
    codes: NDArray[np.int64], prints: NDArray[np.uint64], seed: int, shares: dict[int, float]
) -> NDArray[np.uint8]:
    """Cuts groups of equal texts; the group belongs to the smallest label code that it has.

    Millions of rows: what is no longer needed is let go at once.
    """
    order = np.argsort(prints, kind="stable").astype(np.uint32)
    keys = prints[order]
    first = np.concatenate(([True], keys[1:] != keys[:-1]))
    keys = keys[first]
    group = np.cumsum(first, dtype=np.uint32) - np.uint32(1)
    group_codes = np.full(len(keys), np.iinfo(codes.dtype).max, codes.dtype)
    np.minimum.at(group_codes, group, codes[order])
    # Label by label, in an order that only the seed knows: the code in the high bits, below it the text's number.
    for begin in range(0, len(keys), _PIECE):
        part = slice(begin, begin + _PIECE)
        high = (group_codes[part].astype(np.int64) + 1).astype(np.uint64) << np.uint64(48)
        keys[part] = (mixed(keys[part], seed) >> np.uint64(16)) | high
    del group
    ranked = np.argsort(keys).astype(np.uint32)
    del keys
    split_of_group = np.zeros(len(ranked), np.uint8)
    split_of_group[ranked] = _every_so_often(len(ranked), shares)
    _keep_one_in_train(split_of_group, ranked, group_codes[ranked])
    _leave_none_empty(split_of_group, group_codes, ranked, shares)
    result = np.zeros(len(codes), np.uint8)
    result[order] = split_of_group[np.cumsum(first, dtype=np.uint32) - np.uint32(1)]
    return result


def _every_so_often(groups: int, shares: dict[int, float]) -> NDArray[np.uint8]:
    """Splits along rows that are sorted by label: of each label and of the whole the share, rounded up or down."""
    result = np.zeros(groups, np.uint8)
    for begin in range(0, groups, _PIECE):
        part = result[begin : begin + _PIECE]
        position = np.arange(begin, begin + len(part))
        for number, (split, share) in enumerate(sorted(shares.items())):
            # Apart, so that they never want the same group.
            offset = 0.45 + 0.5 * number * (len(shares) > 1)
            hit = np.floor((position + 1) * share + offset) > np.floor(position * share + offset)
            part[hit & (part == 0)] = split
    return result


def _keep_one_in_train(
    split_of_group: NDArray[np.uint8], ranked: NDArray[np.uint32], ranked_codes: NDArray[np.int64]
) -> None:
    """A label must be learnt before it can be tested: one with no group in train gives its first one back."""
    _, starts = np.unique(ranked_codes, return_index=True)
    for start, end in zip(starts, [*starts[1:], len(ranked)], strict=True):
        members = ranked[start:end]
        if split_of_group[members].all():
            split_of_group[members[0]] = 0


def _leave_none_empty(
    split_of_group: NDArray[np.uint8],
    group_codes: NDArray[np.int64],
    ranked: NDArray[np.uint32],
    shares: dict[int, float],
) -> None:
    """Very few rows: each split still gets one, from the label that has most to give and keeps one in train."""
    for split in shares:
        if (split_of_group == split).any():
            continue
        left = np.bincount(group_codes[split_of_group == 0])
        if left.size and left.max() > 1:
            rich = ranked[(group_codes[ranked] == left.argmax()) & (split_of_group[ranked] == 0)]
            split_of_group[rich[-1]] = split


def mixed(values: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """splitmix64 over value and seed."""
    start = int.from_bytes(blake2b(str(seed).encode(), digest_size=8).digest(), "little")
    with np.errstate(over="ignore"):
        mixed = values ^ np.uint64(start & _MASK)
        mixed += np.uint64(0x9E3779B97F4A7C15)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            mixed ^= mixed >> np.uint64(shift)
            mixed *= np.uint64(factor)
        mixed ^= mixed >> np.uint64(31)
        return mixed
