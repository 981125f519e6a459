"""Likely label errors: rows whose label a model that has not seen them finds unlikely.

Two linear models, over the base's frozen vectors and over words and parts of words, are fitted on four fifths of the
rows and asked about the others, five times over; the mean of both ranks better than either. Copies of a text are never
on both sides. Where no base suits the language, the words have to do.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import SGDClassifier

from training import backbone, baselines, splits, vectors
from training.coding import sequence
from training.events import each
from training.table import strings

LIMIT = 50_000  # rows that are looked at
TOKENS, CHARACTERS = 128, 1000  # of a text that are read
STRENGTH = 0.01  # of the linear model over the vectors; looser ones learn the errors too
LEAST = 0.5  # share of the labels that the model must find before it is believed
OVER_GUESS = 0.2  # and how far that must lie above always naming the commonest label, up to
SURE = 0.95

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Suspects:
    """The arrays are parallel, the most suspicious row first; `suggested` are indices into `labels`.

    `confidence` is the probability of the row's own label, `probability` that of the suggested one. The first `likely`
    rows are probably wrong. `usable` says whether the model is good enough for anything to be claimed at all.
    """

    labels: list[str]
    rows: npt.NDArray[np.int32]
    confidence: npt.NDArray[np.float32]
    suggested: npt.NDArray[np.int32]
    probability: npt.NDArray[np.float32]
    likely: int
    accuracy: float
    usable: bool


def suspects(
    texts: Sequence[str],
    labels: Sequence[str],
    base_folder: str | Path = "",
    seed: int = 13,
    folds: int = 5,
    limit: int = LIMIT,
    version: str | Path = "",
) -> Generator[float, None, Suspects]:
    """Yields how far it is, 0 to 1. Without `base_folder` words alone decide.

    Of more rows than `limit` those are taken that come first in the seed's order. Rows whose label has a single text
    are left out: nothing could be learnt about it from the others. Beside the `version`, whose rows these are, the
    base's vectors are looked for and kept.
    """
    prints = splits.fingerprints(strings(texts))
    names = sorted(set(labels))
    number = {name: place for place, name in enumerate(names)}
    codes = np.fromiter((number[label] for label in labels), np.int32, len(labels))
    rows = _chosen(prints, codes, seed, limit)
    own, fold = codes[rows], _folds(prints[rows], codes[rows], seed, folds)
    if len(np.unique(own)) < 2:
        return _ranked(names, rows[:0], own[:0], np.zeros((0, len(names))))
    known = _Known([texts[row] for row in rows], own, fold, len(names))
    share = 0.3 if base_folder else 1.0
    table = yield from _scaled(_by_words(known, seed), 0, share)
    if base_folder:
        # All rows are read, also those that are not looked at: a draft of the version reads the same.
        read, at = (texts, rows) if len(texts) <= limit else (known.texts, np.arange(len(rows)))
        steps = _vectors(read, base_folder, version)
        found = yield from _scaled(_by_vectors(known, steps, at), share, 1)
        table = (table + found) / 2
    return _ranked(names, rows, own, table)


@dataclass(frozen=True)
class _Known:
    """Rows that are looked at, the number of the label of each, and the fold in which it is held back."""

    texts: Sequence[str]
    own: Ints
    fold: Ints
    labels: int


def _scaled(
    steps: Generator[float, None, Floats], start: float, end: float
) -> Generator[float, None, Floats]:
    """The steps, 0 to 1, as steps from `start` to `end`."""
    return (yield from each(steps, lambda done: round(start + (end - start) * done, 4)))


def _chosen(
    prints: npt.NDArray[np.uint64], codes: Ints, seed: int, limit: int
) -> npt.NDArray[np.int32]:
    """Rows to look at, in order, without those whose label has a single text among them."""
    rows = np.arange(len(codes), dtype=np.int32)
    if len(rows) > limit:
        order = splits.mixed(prints ^ rows.astype(np.uint64), seed)
        rows = np.sort(np.argsort(order, kind="stable")[:limit]).astype(np.int32)
    pairs = np.unique(np.stack([codes[rows].astype(np.uint64), prints[rows]]), axis=1)
    texts = np.bincount(pairs[0].astype(np.intp), minlength=int(codes.max(initial=0)) + 1)
    return rows[texts[codes[rows]] > 1]


def _folds(prints: npt.NDArray[np.uint64], codes: Ints, seed: int, folds: int) -> Ints:
    """The fold of each row: of each label about the same share in each, copies of a text together."""
    order = np.lexsort((codes, prints))
    texts, first, inverse = np.unique(prints[order], return_index=True, return_inverse=True)
    ranked = np.lexsort((splits.mixed(texts, seed), codes[order][first]))
    of_text = np.empty(len(texts), np.int64)
    of_text[ranked] = np.arange(len(texts)) % folds
    result = np.empty(len(codes), np.int64)
    result[order] = of_text[inverse]
    return result


def _by_vectors(
    known: _Known, read: Generator[float, None, Floats], at: Ints
) -> Generator[float, None, Floats]:
    """`at`: where the vectors of the rows stand among those that are read."""
    found = (yield from read)[at]
    own, table = known.own, np.zeros((len(known.own), known.labels), np.float32)
    for done, held in _held(known.fold):
        weights, bias = baselines.probe(found[~held], own[~held], known.labels, STRENGTH)
        table[held] = baselines.softmax(found[held] @ weights.T + bias)
        yield 0.7 + 0.3 * done
    return table


def _vectors(
    texts: Sequence[str], base_folder: str | Path, version: str | Path
) -> Generator[float, None, Floats]:
    reader = backbone.tokenizer(base_folder)
    limit = min(TOKENS, backbone.longest(base_folder, reader))
    network = backbone.plain(base_folder, reader.pad_token_id or 0, limit)
    records = [{"text": text} for text in texts]
    store = vectors.of_version(version, Path(base_folder))
    steps = store.of(network, sequence.pieces(reader, records, limit, {"inputs": ["text"]}))
    return np.array((yield from each(steps, lambda done: round(0.7 * done, 4))))


def _by_words(known: _Known, seed: int) -> Generator[float, None, Floats]:
    texts, own, labels = known.texts, known.own, known.labels
    table = np.full((len(own), labels), 1 / labels, np.float32)
    try:
        counts = baselines.counter(len(texts)).fit_transform([text[:CHARACTERS] for text in texts])
    except ValueError:  # no text holds a single word
        return table
    for done, held in _held(known.fold):
        # Far quicker than liblinear, and as good beside the vectors.
        model = SGDClassifier(loss="log_loss", alpha=2e-5, max_iter=8, tol=None, random_state=seed)
        model.fit(counts[~held], own[~held])
        table[held] = baselines.spread(model.predict_proba(counts[held]), model.classes_, labels)
        yield done
    return table


def _held(fold: Ints) -> Generator[tuple[float, npt.NDArray[np.bool_]], None, None]:
    """(how far one is afterwards, rows that are held back) for each fold."""
    names = np.unique(fold)
    for count, name in enumerate(names, 1):
        yield count / len(names), fold == name


def _ranked(names: list[str], rows: npt.NDArray[np.int32], own: Ints, table: Floats) -> Suspects:
    """The rows by how improbable their labels are: better than by the distance to the likeliest other label."""
    every = np.arange(len(rows))
    confidence = table[every, own]
    others = table.copy()
    others[every, own] = -1
    suggested = others.argmax(1) if len(rows) else np.zeros(0, np.int64)
    probability = others[every, suggested]
    order = np.lexsort((rows, -probability, confidence))
    return Suspects(
        names,
        rows[order],
        confidence[order].astype(np.float32),
        suggested[order].astype(np.int32),
        probability[order].astype(np.float32),
        _likely(own, table),
        *_accuracy(own, confidence >= probability),
    )


def _likely(own: Ints, table: Floats) -> int:
    """How many labels are wrong by confident learning.

    A row counts if another label is as probable for it as that label is, on average, for the rows that have it
    (Northcutt, Jiang and Chuang, 2021).
    """
    if not len(own):
        return 0
    counts = np.bincount(own, minlength=table.shape[1])
    sums = np.bincount(own, table[np.arange(len(own)), own], table.shape[1])
    usual = np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)
    sure = np.where(table >= usual, table, -1)
    return int(((sure.max(1) >= 0) & (sure.argmax(1) != own)).sum())


def _accuracy(own: Ints, right: npt.NDArray[np.bool_]) -> tuple[float, bool]:
    """(share of the labels that the model finds, whether that is enough to believe it)."""
    if not len(own):
        return 0.0, False
    accuracy = float(right.mean())
    commonest = float(np.bincount(own).max()) / len(own)
    return round(accuracy, 4), accuracy >= max(LEAST, min(SURE, commonest + OVER_GUESS))
