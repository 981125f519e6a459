"""Entities: seqeval's scores of whole spans, nervaluate's of parts, scikit-learn's of words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nervaluate import Evaluator
from seqeval.metrics import classification_report
from seqeval.scheme import IOB2
from sklearn import metrics as sk

from training import scoring
from training.coding.words import words
from training.scoring.spans import tagged

LABELS = ("LOC", "PER", "组织")
TEXTS = ("Ada lives in New York City .", "张三在北京大学读书", "a 👩\u200d👧 b\r\nc", "", "one")


@st.composite
def aligned(draw: st.DrawFn, text: str) -> list[tuple[int, int, str]]:
    """Spans of whole words that do not overlap."""
    places, spans, word = words(text), [], 0
    while word < len(places):
        size = draw(st.integers(0, 3))
        if size:
            last = min(word + size, len(places)) - 1
            spans.append((places[word][0], places[last][1], draw(st.sampled_from(LABELS))))
        word += max(1, size)
    return spans


@st.composite
def corpora(draw: st.DrawFn) -> tuple[list[str], list[Any], list[Any]]:
    texts = draw(st.lists(st.sampled_from(TEXTS), max_size=5))
    return texts, [draw(aligned(t)) for t in texts], [draw(aligned(t)) for t in texts]


SPANS = st.lists(
    st.tuples(st.integers(0, 8), st.integers(1, 150), st.sampled_from(LABELS)).map(
        lambda span: (span[0], span[0] + span[1], span[2])
    ),
    max_size=5,
    unique=True,
)


def tags(texts: list[str], rows: list[Any]) -> list[list[str]]:
    return [tagged(words(text), sorted(spans)) for text, spans in zip(texts, rows, strict=True)]


@given(corpora())
@settings(deadline=None)
@pytest.mark.filterwarnings("ignore")
def test_whole_spans_are_those_of_seqeval(corpus: tuple[list[str], list[Any], list[Any]]) -> None:
    texts, true, predicted = corpus
    found = scoring.entities(texts, true, predicted)
    if not any(true + predicted):
        assert found["micro"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0}
        assert found["per_label"] == {}
        return
    report = classification_report(
        tags(texts, true), tags(texts, predicted),
        mode="strict", scheme=IOB2, output_dict=True, zero_division=0,
    )  # fmt: skip
    for average in ("micro", "macro", "weighted"):
        expected = report[f"{average} avg"]
        assert found[average]["precision"] == pytest.approx(expected["precision"])
        assert found[average]["recall"] == pytest.approx(expected["recall"])
        assert found[average]["f1"] == pytest.approx(expected["f1-score"])
    for label, scores in found["per_label"].items():
        assert scores["f1"] == pytest.approx(report[label]["f1-score"])
        assert scores["support"] == report[label]["support"]


@given(st.lists(st.tuples(SPANS, SPANS), min_size=1, max_size=4))
@settings(deadline=None)
def test_parts_are_those_of_nervaluate(rows: list[tuple[Any, Any]]) -> None:
    """Also of spans that overlap one another. Its ends belong to the span, ours do not."""
    true, predicted = [sorted(a) for a, _ in rows], [sorted(b) for _, b in rows]
    dicts = [
        [[{"label": x, "start": s, "end": e - 1} for s, e, x in spans] for spans in side]
        for side in (true, predicted)
    ]
    expected = Evaluator(*dicts, tags=list(LABELS), loader="dict").evaluate()["overall"]
    found = scoring.entities([""] * len(rows), true, predicted)
    for ours in ("partial", "type", "exact", "strict"):
        theirs = "ent_type" if ours == "type" else ours
        for name, value in found[ours].items():
            assert value == pytest.approx(getattr(expected[theirs], name)), (ours, name)


@given(corpora())
@settings(deadline=None)
def test_words_are_scored_as_scikit_learn_does(
    corpus: tuple[list[str], list[Any], list[Any]],
) -> None:
    texts, true, predicted = corpus
    found = scoring.entities(texts, true, predicted)["token"]
    right = [tag for row in tags(texts, true) for tag in row]
    got = [tag for row in tags(texts, predicted) for tag in row]
    names = list(found["per_label"])
    assert names[-1] == "O"
    if right:
        report = sk.classification_report(
            right, got, labels=names, output_dict=True, zero_division=0
        )
        for name in names:
            assert found["per_label"][name]["f1"] == pytest.approx(report[name]["f1-score"])
            assert found["per_label"][name]["support"] == report[name]["support"]
        assert found["macro"]["f1"] == pytest.approx(report["macro avg"]["f1-score"])
        assert found["weighted"]["precision"] == pytest.approx(report["weighted avg"]["precision"])
        assert found["micro"]["f1"] == pytest.approx(sk.accuracy_score(right, got))


def test_a_row_is_right_as_a_whole() -> None:
    true = [[(0, 3, "PER")], [], [(0, 1, "LOC")]]
    found = scoring.entities(["Ada", "x", "y"], true, [[(0, 3, "PER")], [], []])
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["token"]["per_label"]["B-PER"]["f1"] == 1.0


@pytest.mark.parametrize("texts", [[], [""], ["没有实体"]])
def test_without_entities_it_is_zero(texts: list[str]) -> None:
    nothing: list[Any] = [[] for _ in texts]
    found = scoring.entities(texts, nothing, nothing)
    json.dumps(found, allow_nan=False)
    assert found["micro"]["f1"] == found["strict"]["f1"] == 0.0


def test_a_label_that_is_only_predicted_has_a_line() -> None:
    found = scoring.entities(["Ada"], [[]], [[(0, 3, "PER")]])
    assert found["per_label"]["PER"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0}


@pytest.mark.parametrize(
    ("true", "predicted", "kinds"),
    [
        ([(0, 3, "PER")], [(0, 3, "PER")], []),
        ([(0, 3, "PER")], [], ["missed"]),
        ([], [(0, 3, "PER")], ["spurious"]),
        ([(0, 3, "PER")], [(0, 3, "LOC")], ["wrong_type"]),
        ([(0, 3, "PER")], [(0, 2, "LOC")], ["wrong_type"]),
        ([(0, 3, "PER")], [(0, 2, "PER")], ["boundary"]),
        ([(0, 3, "PER")], [(0, 2, "PER"), (2, 3, "PER")], ["boundary", "spurious"]),
        ([(0, 1, "PER"), (1, 3, "PER")], [(0, 3, "PER")], ["boundary", "missed"]),
        ([(0, 3, "PER")], [(0, 3, "LOC"), (0, 2, "PER")], ["spurious", "wrong_type"]),
    ],
)
def test_mistakes_have_a_kind(true: list[Any], predicted: list[Any], kinds: list[str]) -> None:
    found = scoring.span_mistakes("Ada", true, predicted)
    assert sorted(one["kind"] for one in found) == kinds
    counted = scoring.entities(["Ada"], [true], [predicted])["mistakes"]
    assert sum(counted.values()) == len(kinds)


def test_a_mistake_says_what_was_true() -> None:
    (one,) = scoring.span_mistakes("在北京大学", [(1, 5, "ORG")], [(1, 3, "LOC")])
    assert one == {
        "kind": "wrong_type", "start": 1, "end": 3, "label": "LOC", "text": "北京",
        "true": {"start": 1, "end": 5, "label": "ORG", "text": "北京大学"},
    }  # fmt: skip


@given(SPANS, SPANS)
def test_every_wrong_span_is_in_one_mistake(true: list[Any], predicted: list[Any]) -> None:
    found = scoring.span_mistakes("x" * 200, true, predicted)
    kinds = [one["kind"] for one in found]
    paired = kinds.count("boundary") + kinds.count("wrong_type")
    assert kinds.count("missed") + paired == len(set(true) - set(predicted))
    assert kinds.count("spurious") + paired == len(set(predicted) - set(true))


@given(corpora())
@settings(deadline=None)
def test_the_statistics_of_rows_add_up_to_the_micro_f1(
    corpus: tuple[list[str], list[Any], list[Any]],
) -> None:
    texts, true, predicted = corpus
    sums = scoring.entity_statistics(true, predicted).sum(axis=0)
    found = scoring.entities(texts, true, predicted)["micro"]["f1"]
    assert scoring.entity_f1(sums) == pytest.approx(found)
