"""What a fine-tune is compared with."""

from __future__ import annotations

import numpy as np
import pytest

from training import baselines


def test_majority_gives_the_shares() -> None:
    table = baselines.majority(np.array([0, 0, 0, 2]), 2, 4)
    assert table.tolist() == [[0.75, 0, 0.25, 0]] * 2


def test_tfidf_tells_words_apart() -> None:
    texts, targets = (
        ["red wine", "red rose", "blue sky", "blue sea"] * 5,
        np.array([0, 0, 1, 1] * 5),
    )
    table = baselines.tfidf(texts, targets, ["red thing", "blue thing"], 2, 1)
    assert table.argmax(-1).tolist() == [0, 1]
    assert table.sum(-1) == pytest.approx([1, 1])


def test_tfidf_reads_chinese() -> None:
    texts, targets = (
        ["这家店很好吃", "东西好吃极了", "服务太差了", "态度真差"] * 5,
        np.array([0, 0, 1, 1] * 5),
    )
    assert baselines.tfidf(texts, targets, ["好吃", "差"], 2, 1).argmax(-1).tolist() == [0, 1]


def test_tfidf_without_a_word_falls_back_to_the_majority() -> None:
    table = baselines.tfidf(["!!", "??", "…"], np.array([0, 0, 1]), ["?"], 2, 1)
    assert table.argmax(-1).tolist() == [0]


def test_tfidf_leaves_room_for_a_label_without_rows() -> None:
    table = baselines.tfidf(["a red", "b blue"] * 4, np.array([0, 3] * 4), ["red", "blue"], 4, 1)
    assert table.argmax(-1).tolist() == [0, 3]
    assert table[:, 1:3].sum() == 0


@pytest.mark.parametrize("labels", [2, 5])
def test_the_probe_gives_the_logits_of_the_linear_model(labels: int) -> None:
    draw = np.random.default_rng(0)
    targets = draw.integers(0, labels, 400)
    centres = draw.normal(size=(labels, 16))
    vectors = centres[targets] + 0.3 * draw.normal(size=(400, 16))
    weights, bias = baselines.probe(vectors, targets, labels)
    assert weights.shape == (labels, 16)
    found = baselines.softmax(vectors @ weights.T + bias)
    assert (found.argmax(-1) == targets).mean() > 0.95
    mean, spread = vectors.mean(0), vectors.std(0) + 1e-6
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=0.03, max_iter=300).fit((vectors - mean) / spread, targets)
    assert found == pytest.approx(model.predict_proba((vectors - mean) / spread), abs=1e-6)


def test_the_probe_makes_a_label_without_rows_all_but_impossible() -> None:
    draw = np.random.default_rng(0)
    vectors, targets = draw.normal(size=(60, 4)), np.array([0, 2] * 30)
    weights, bias = baselines.probe(vectors, targets, 3)
    assert baselines.softmax(vectors @ weights.T + bias)[:, 1].max() < 1e-4
