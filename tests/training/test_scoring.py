"""Scores: those of scikit-learn, and well defined where it divides by nothing."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from sklearn import metrics as sk

from training import scoring

LABELS = ["a", "b", "c"]


def score(true: list[int], got: list[int], labels: list[str] = LABELS) -> dict:
    one_hot = np.eye(len(labels))[got] * 0.7 + 0.1 if got else np.zeros((0, len(labels)))
    return scoring.classification(true, got, one_hot, labels)


def test_it_works() -> None:
    rng = np.random.default_rng(1)
    true, got = rng.integers(0, 3, 200), rng.integers(0, 3, 200)
    found = score(true.tolist(), got.tolist())
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(true, got))
    assert found["macro"]["f1"] == pytest.approx(sk.f1_score(true, got, average="macro"))
    assert found["weighted"]["precision"] == pytest.approx(
        sk.precision_score(true, got, average="weighted")
    )
    assert found["mcc"] == pytest.approx(sk.matthews_corrcoef(true, got))
    assert found["confusion"] == sk.confusion_matrix(true, got).tolist()
    assert scoring.macro_f1(true, got, 3) == pytest.approx(found["macro"]["f1"])


def test_its_keys_are_those_of_the_report() -> None:
    found = score([0, 1], [0, 1])
    assert set(found) == {
        "accuracy", "macro", "micro", "weighted", "per_label", "mcc", "log_loss", "confusion"
    }  # fmt: skip
    assert set(found["macro"]) == {"precision", "recall", "f1"}
    assert set(found["per_label"]["a"]) == {"precision", "recall", "f1", "support"}
    assert list(found["per_label"]) == LABELS


def test_it_is_plain_json() -> None:
    json.dumps(score([0, 1, 2], [0, 1, 1]), allow_nan=False)


def test_the_rows_of_the_confusion_are_true() -> None:
    assert score([0, 0, 1], [1, 1, 2])["confusion"] == [[0, 2, 0], [0, 0, 1], [0, 0, 0]]


@pytest.mark.filterwarnings("error")
def test_a_label_that_never_occurs_scores_zero() -> None:
    found = score([0, 0, 1], [0, 0, 1])
    assert found["per_label"]["c"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0}
    assert found["macro"]["f1"] == pytest.approx(2 / 3)


@pytest.mark.filterwarnings("error")
def test_no_rows_score_zero() -> None:
    found = score([], [])
    assert (found["accuracy"], found["macro"]["f1"], found["mcc"], found["log_loss"]) == (
        0,
        0,
        0,
        None,
    )


def test_a_label_that_the_model_does_not_know_counts_as_wrong() -> None:
    found = score([0, 1, -1, -1], [0, 1, 1, 2])
    assert found["accuracy"] == 0.5
    assert found["per_label"]["b"]["precision"] == 0.5
    assert sum(map(sum, found["confusion"])) == 2
    assert found["log_loss"] == pytest.approx(-math.log(0.8))


def test_micro_is_the_accuracy_when_all_labels_are_known() -> None:
    found = score([0, 1, 2, 2], [0, 2, 2, 1])
    assert set(found["micro"].values()) == {found["accuracy"]}


def test_log_loss_stays_finite() -> None:
    found = scoring.classification([0], [1], [[0.0, 1.0]], ["a", "b"])
    assert found["log_loss"] == pytest.approx(-math.log(1e-15))


def test_without_probabilities_there_is_no_log_loss() -> None:
    assert scoring.classification([0], [0], None, ["a"])["log_loss"] is None


def hits(right: int, of: int) -> list[bool]:
    return [True] * right + [False] * (of - right)


def test_verdict_of_a_gain() -> None:
    found = scoring.verdict(hits(90, 100), {"majority": hits(20, 100), "tfidf": hits(80, 100)})
    assert (found["code"], found["points"], found["baseline"]) == ("gain", 10.0, "tfidf")


def test_verdict_of_a_loss() -> None:
    found = scoring.verdict(hits(70, 100), {"majority": hits(20, 100), "tfidf": hits(90, 100)})
    assert (found["code"], found["points"]) == ("worse", -20.0)


def test_verdict_within_half_a_point_is_the_same() -> None:
    found = scoring.verdict(hits(9040, 10_000), {"tfidf": hits(9000, 10_000)})
    assert found["p_value"] < 0.05
    assert found["code"] == "same"


def test_verdict_without_significance_is_the_same() -> None:
    assert scoring.verdict(hits(53, 100), {"tfidf": hits(50, 100)})["code"] == "same"


def test_verdict_of_a_majority_that_is_better_than_words() -> None:
    assert (
        scoring.verdict(hits(9, 10), {"majority": hits(8, 10), "tfidf": hits(7, 10)})["baseline"]
        == "majority"
    )


def test_mcnemar_of_equal_models() -> None:
    assert scoring.mcnemar(np.array([True, False]), np.array([True, False])) == 1.0
    assert scoring.mcnemar(np.array([True] * 6), np.array([False] * 6)) == pytest.approx(2 / 64)
