"""What a fine-tune is compared with: the commonest label, words counted, and the base's own vectors.

scikit-learn is imported where it is used: the tasks, and with them the site, know this module.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from sklearn.pipeline import FeatureUnion

Floats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.integer]

# Chinese, Japanese and Korean characters are tokens one by one, since no spaces stand between their words.
CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
TOKEN = rf"[{CJK}]|[^\W{CJK}]+"
RIDGE, STRETCH = 1e-4, 10.0
SHRINK = 0.3  # the pull of a ridge regression over vectors, times STRENGTH
FEATURES = 200_000  # the commonest words and pairs of words


def majority(targets: Ints, rows: int, labels: int) -> Floats:
    """The share of each label in the training rows, for every row: (rows, labels)."""
    shares = np.bincount(targets, minlength=labels) / max(1, len(targets))
    return np.tile(shares, (rows, 1))


def tfidf(
    train: Sequence[str], targets: Ints, test: Sequence[str], labels: int, seed: int
) -> Floats:
    """Probabilities (rows, labels) of a logistic regression over weighted words, pairs and parts of words."""
    vectorizer = counter(len(train))
    try:
        known = vectorizer.fit_transform(train)
    except ValueError:  # no text holds a single word
        return majority(targets, len(test), labels)
    model = _by_words(known, targets, seed)
    return spread(model.predict_proba(vectorizer.transform(test)), model.classes_, labels)


def tfidf_several(train: Sequence[str], marks: Ints, test: Sequence[str], seed: int) -> Floats:
    """The same where a row has any number of labels; `marks` are 0 or 1, (rows, labels)."""
    shares = marks.mean(0)
    table = np.tile(shares, (len(test), 1))
    chosen = np.flatnonzero((shares > 0) & (shares < 1))  # of the others there is nothing to learn
    vectorizer = counter(len(train))
    try:
        known = vectorizer.fit_transform(train)
    except ValueError:
        return table
    if len(chosen) and len(test):
        model = _by_words(known, marks[:, chosen], seed)
        found = model.predict_proba(vectorizer.transform(test))
        table[:, chosen] = found if len(chosen) > 1 else found[:, -1:]
    return table


def _by_words(known: Any, targets: Ints, seed: int) -> Any:
    """Fitted, one label against the rest.

    liblinear's way over rows, of which there are fewer than words, is 2 to 30 times as quick as its other one, and that
    five times as quick as lbfgs at 77 labels; all are right equally often.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    one = LogisticRegression(C=5, solver="liblinear", dual=True, tol=0.01, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return OneVsRestClassifier(one).fit(known, targets)


Pairs = Sequence[tuple[str, str]]


def tfidf_pairs(train: Pairs, targets: Ints, test: Pairs, labels: int) -> Floats:
    """Probabilities (rows, labels) of a logistic regression over how alike the words of two texts are."""
    from sklearn.linear_model import LogisticRegression

    known, asked = _alike(train, test)
    model = LogisticRegression(C=5, max_iter=500)
    model.fit(known, targets)
    return spread(model.predict_proba(asked), model.classes_, labels)


def tfidf_score(train: Pairs, values: Floats, test: Pairs) -> Floats:
    from sklearn.linear_model import Ridge

    known, asked = _alike(train, test)
    found: Floats = Ridge(alpha=1.0).fit(known, values).predict(asked)
    return found


def _alike(train: Pairs, test: Pairs) -> tuple[Floats, Floats]:
    """(rows, 4): the cosine of the weighted words, its square, and how the lengths of the two compare."""
    vectorizer = counter(len(train))
    try:
        vectorizer.fit([text for pair in train for text in pair])
    except ValueError:  # no text holds a single word
        return np.zeros((len(train), 4)), np.zeros((len(test), 4))
    return _likeness(vectorizer, train), _likeness(vectorizer, test)


def _likeness(vectorizer: FeatureUnion, pairs: Pairs) -> Floats:
    if not pairs:
        return np.zeros((0, 4))
    first, second = (vectorizer.transform([pair[side] for pair in pairs]) for side in (0, 1))
    # Words and parts of words are each of length 1: their two cosines add up.
    cosine = np.asarray(first.multiply(second).sum(1)).ravel() / 2
    lengths = np.array([[len(a), len(b)] for a, b in pairs], float) + 1
    ratio = lengths.min(1) / lengths.max(1)
    return np.stack([cosine, cosine**2, ratio, cosine * ratio], 1)


def nearest(train: Sequence[str], test: Sequence[str]) -> list[int]:
    """For each test text the training text with the most alike words; -1 where none has a word in common."""
    vectorizer = counter(len(train))
    try:
        known = vectorizer.fit_transform(train)
    except ValueError:  # no text holds a single word
        return [-1] * len(test)
    if not len(test):
        return []
    found = []
    for row in vectorizer.transform(test):
        alike = np.asarray((row @ known.T).todense()).ravel()
        found.append(int(alike.argmax()) if alike.max() > 0 else -1)
    return found


def counter(rows: int) -> FeatureUnion:
    """Texts -> weighted words, pairs and parts of words, sparse; to be fitted on so many rows."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_union

    least = 2 if rows > 200 else 1  # rows that hold a part; a part of one row alone says little
    options = {"sublinear_tf": True, "max_features": FEATURES}
    words = TfidfVectorizer(ngram_range=(1, 2), token_pattern=TOKEN, **options)
    # Parts of words stand in for stems and spelling; it is the stronger for them on most data.
    parts = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=least, **options)
    return make_union(words, parts)


STRENGTH = 0.03  # of a linear model over vectors: scikit-learn's C, for standardised numbers


def probe(
    vectors: Floats, targets: Ints, labels: int, strength: float = STRENGTH
) -> tuple[Floats, Floats]:
    """Weights (labels, hidden) and bias (labels,) of a linear model over the base's vectors.

    It is fitted on standardised vectors, so that one strength of regularisation does for all bases, and the
    standardisation is folded into the weights: they work on the vectors as they are. A label with no training row
    gets a bias that makes it all but impossible.
    """
    return next(probes(vectors, targets, labels, [strength]))


def probes(
    vectors: Floats,
    targets: Ints,
    labels: int,
    strengths: Sequence[float],
    balanced: bool = False,
) -> Iterator[tuple[Floats, Floats]]:
    """As `probe`, one strength after the other, each begun where the one before it has ended; `balanced`: rows of
    rare labels count more."""
    scaled, fold = _standardised(vectors)
    for model in _logistics(scaled, targets, strengths, 300, balanced):
        weights, bias = fold(model.coef_, model.intercept_)
        if len(bias) == 1:  # two classes: scikit-learn keeps the difference of their logits
            weights = np.vstack([-weights / 2, weights / 2])
            bias = np.concatenate([-bias, bias]) / 2
        full, offset = np.zeros((labels, vectors.shape[1])), np.full(labels, -20.0)
        full[model.classes_], offset[model.classes_] = weights, bias
        yield full, offset


Fold = Callable[[Floats, Floats], tuple[Floats, Floats]]


def _standardised(vectors: Floats) -> tuple[Floats, Fold]:
    """The vectors with mean 0 and spread 1, and what makes weights for the vectors as they are of those for them."""
    vectors = vectors.astype(np.float64)
    mean, spread = vectors.mean(0), vectors.std(0) + 1e-6

    def fold(weights: Floats, bias: Floats) -> tuple[Floats, Floats]:
        return weights / spread, bias - (weights / spread) @ mean

    return (vectors - mean) / spread, fold


def _logistics(
    vectors: Floats, targets: Ints, strengths: Sequence[float], rounds: int, balanced: bool
) -> Iterator[Any]:
    """Fitted logistic regressions; one that has not quite converged is good enough.

    Their products of matrices are small: two threads wait for one another longer than they compute (18 s for five fits
    over 8,000 vectors of 384 and 77 labels, 7 s in one).
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import ThreadpoolController

    weight = "balanced" if balanced else None
    model = LogisticRegression(max_iter=rounds, warm_start=True, class_weight=weight)
    # Made once: it looks through all loaded libraries, which takes as long as a small fit.
    pools = ThreadpoolController()
    for strength in strengths:
        model.C = strength
        with warnings.catch_warnings(), pools.limit(limits=1, user_api="blas"):
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(vectors, targets)
        yield model


def probes_several(
    vectors: Floats, marks: Ints, strengths: Sequence[float], balanced: bool = False
) -> Iterator[tuple[Floats, Floats]]:
    """As `probes`, one linear model a label; a label that all rows have, or none, gets its share as the bias alone."""
    scaled, fold = _standardised(vectors)
    share = np.clip(marks.mean(0), 1e-4, 1 - 1e-4)
    learnt = np.flatnonzero((marks.min(0) == 0) & (marks.max(0) == 1))
    models = [_logistics(scaled, marks[:, place], strengths, 200, balanced) for place in learnt]
    for _strength in strengths:
        weights, bias = np.zeros((marks.shape[1], vectors.shape[1])), np.log(share / (1 - share))
        for place, model in zip(learnt, map(next, models), strict=True):
            own, offset = fold(model.coef_, model.intercept_)
            weights[place], bias[place] = own[0], offset[0]
        yield weights, bias


def probes_score(
    vectors: Floats, values: Floats, strengths: Sequence[float]
) -> Iterator[tuple[Floats, Floats]]:
    """Weights (1, hidden) and bias (1,) of ridge regressions over the base's vectors."""
    from sklearn.linear_model import Ridge

    scaled, fold = _standardised(vectors)
    for strength in strengths:
        model = Ridge(alpha=SHRINK / strength).fit(scaled, values)
        yield fold(model.coef_[None, :], np.array([model.intercept_]))


def probes_words(
    vectors: Floats, tags: Ints, count: int, strengths: Sequence[float]
) -> Iterator[tuple[Floats, Floats]]:
    """Weights (tags, hidden) and bias (tags,) of ridge regressions on which tag each word has; -100 is left out."""
    known = tags >= 0
    vectors, wanted = vectors[known].astype(np.float64), np.eye(count)[tags[known]]
    middle, share = vectors.mean(0), wanted.mean(0)
    centred = vectors - middle
    square, both = centred.T @ centred, centred.T @ (wanted - share)
    for strength in strengths:
        pull = RIDGE * STRENGTH / strength * len(vectors)
        weights = np.linalg.solve(square + pull * np.eye(len(square)), both).T
        # Between 0 and 1 for each tag: stretched, so that the likeliest tags stand out as logits do.
        yield STRETCH * weights, STRETCH * (share - weights @ middle)


def softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def spread(probabilities: Floats, classes: Ints, labels: int) -> Floats:
    """Columns of the classes that were seen put into their places among all labels."""
    full = np.zeros((len(probabilities), labels))
    if probabilities.shape[1] == len(classes):
        full[:, classes] = probabilities
    return full
