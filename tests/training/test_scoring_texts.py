"""Texts that a model wrote: the scores of sacrebleu and rouge-score, in scripts with and without spaces."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics import BLEU, CHRF

from training.scoring import texts

WORDS = ["the", "cat", "sat.", "Mat's", "3,5", "on-line", "A", "!", "dog"]
ENGLISH = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
CHINESE = st.text("今天天气很好，我们去北京。 AI2👍", max_size=12)
REFERENCES = st.lists(ENGLISH, min_size=1, max_size=3)
CORPUS = st.lists(st.tuples(ENGLISH, REFERENCES), min_size=1, max_size=5)


def columns(references: list[list[str]]) -> list[list[str | None]]:
    most = max(map(len, references))
    padded: list[list[str | None]] = [[*row, *[None] * (most - len(row))] for row in references]
    return [list(column) for column in zip(*padded, strict=True)]


@given(CORPUS)
@settings(deadline=None)
def test_bleu_and_chrf_are_those_of_sacrebleu(corpus: list[tuple[str, list[str]]]) -> None:
    predicted, references = [p for p, _ in corpus], [r for _, r in corpus]
    found, signature = texts.bleu(predicted, references)
    assert found == pytest.approx(BLEU().corpus_score(predicted, columns(references)).score)
    assert "tok:13a" in signature
    sums = texts.bleu_statistics(predicted, references).sum(axis=0)
    assert texts.bleu_formula(sums) == pytest.approx(found)
    found, signature = texts.chrf(predicted, references)
    assert found == pytest.approx(CHRF().corpus_score(predicted, columns(references)).score)
    assert signature.startswith("nrefs:")


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("今天天气很好", "zh"),
        ("用 PyTorch 训练 BERT 模型", "zh"),
        ("今日は天気がいいですね", "char"),
        ("カタカナ", "char"),
        ("วันนี้อากาศดี", "char"),
        ("오늘은 날씨가 좋다", "13a"),
        ("It is very fine (很好)", "13a"),
        ("👍👍", "13a"),
        ("", "13a"),
    ],
)
def test_the_script_of_the_references_chooses_the_tokenizer(reference: str, name: str) -> None:
    score, signature = texts.bleu([reference], [[reference]])
    assert f"tok:{name}|" in signature
    expected = BLEU(tokenize=name).corpus_score([reference], [[reference]]).score
    assert score == pytest.approx(expected)


@given(CORPUS)
@settings(deadline=None)
def test_rouge_on_plain_english_is_that_of_rouge_score(
    corpus: list[tuple[str, list[str]]],
) -> None:
    predicted, references = [p for p, _ in corpus], [r for _, r in corpus]
    scorer = RougeScorer(list(texts.ROUGE))
    expected = [scorer.score_multi(row, text) for text, row in corpus]
    for name, value in texts.rouge(predicted, references).items():
        assert value == pytest.approx(100 * np.mean([row[name].fmeasure for row in expected]))


@given(st.text(st.characters(max_codepoint=127)))
def test_words_of_ascii_are_those_of_rouge_score(text: str) -> None:
    expected = RougeScorer(["rouge1"])._tokenizer.tokenize(text)
    assert texts.tokens(text) == expected


@given(st.lists(st.tuples(CHINESE, CHINESE), min_size=1, max_size=4))
@settings(deadline=None)
def test_chinese_goes_by_character(corpus: list[tuple[str, str]]) -> None:
    """The same score as that of text whose characters somebody has put spaces between, as numbers."""

    def spaced(text: str) -> str:
        return " ".join(f"w{sum(map(ord, word))}" for word in texts.tokens(text))

    scorer = RougeScorer(list(texts.ROUGE))
    expected = [scorer.score(spaced(wanted), spaced(got)) for got, wanted in corpus]
    found = texts.rouge([got for got, _ in corpus], [[wanted] for _, wanted in corpus])
    for name, value in found.items():
        assert value == pytest.approx(100 * np.mean([row[name].fmeasure for row in expected]))


def test_rouge_of_two_chinese_texts() -> None:
    found = texts.rouge(["今天天气好"], [["今天天气很好。"]])
    assert found["rouge1"] == pytest.approx(100 * 2 * 5 / (5 + 6))
    assert found["rougeL"] == pytest.approx(100 * 2 * 5 / (5 + 6))
    assert found["rouge2"] == pytest.approx(100 * 2 * 3 / (4 + 5))


def test_accents_do_not_cut_words() -> None:
    assert texts.tokens("L'été à Köln") == ["l", "été", "à", "köln"]


def test_the_best_reference_counts() -> None:
    assert texts.rouge(["a b c"], [["x", "a b c"]])["rouge2"] == pytest.approx(100)


@given(st.lists(ENGLISH | CHINESE, max_size=6), st.integers(1, 4))
def test_distinct_is_the_share_of_different_runs(rows: list[str], n: int) -> None:
    runs = []
    for row in rows:
        parts = texts.tokens(row)
        runs += ["\0".join(parts[i : i + n]) for i in range(len(parts)) if i + n <= len(parts)]
    assert texts.distinct(rows, n) == pytest.approx(len(set(runs)) / len(runs) if runs else 0.0)


def test_copies_and_lengths() -> None:
    assert texts.copied_share(["a b c d", "x y z"], ["a b c e", "x y"]) == pytest.approx(1 / 2)
    assert texts.copied_share(["今天天气很好"], ["天天气"]) == 1.0
    assert texts.length_ratio(["a b", "c"], [["a b c d"], ["e f", ""]]) == pytest.approx(3 / 5)


@given(
    st.lists(
        st.tuples(CHINESE, st.text(max_size=5), st.lists(st.text(max_size=5), max_size=2)),
        max_size=3,
    )
)
@settings(deadline=None, max_examples=60)
def test_all_of_them_at_once(rows: list[tuple[str, str, list[str]]]) -> None:
    sources, predicted, references = ([row[place] for row in rows] for place in range(3))
    found = texts.generative(sources, predicted, references)
    json.dumps(found, allow_nan=False)
    assert len(found["rows"]["rougeL"]) == len(found["rows"]["chrf"]) == len(rows)
    assert found == texts.generative(sources, predicted, references)
    assert found["rougeL"] == pytest.approx(np.mean(found["rows"]["rougeL"]) if rows else 0.0)


def test_one_reference_a_row_may_be_a_plain_text() -> None:
    assert texts.bleu(["a b c d"], ["a b c d"])[0] == pytest.approx(100)
    assert texts.generative(["x"], [" ok "], ["ok"])["exact_match"] == 1.0
