"""Texts that a model wrote: BLEU and chrF of sacrebleu, ROUGE of rouge-score (0 to 100), and what shows repetition.

`references` are lists of texts a row, or one text a row. Words are those of `training.coding.words`, so that every
Chinese character is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.coding.words import unspaced, words

ROUGE = ("rouge1", "rouge2", "rougeL")
UNSPACED = 0.2  # of the letters: from this share on a text is cut into characters
_KANA = re.compile("[\u3040-\u30ff\uff66-\uff9f]")
_HAN = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")

References = Sequence[str | Sequence[str]]


def bleu(predictions: Sequence[str], references: References) -> tuple[float, str]:
    """(score, signature) of the corpus. The signature names the tokenizer, chosen by the script of the references."""
    metric = _bleu(references)
    if not predictions:
        return 0.0, ""
    score = metric.corpus_score(list(predictions), _columns(references)).score
    return float(score), str(metric.get_signature())


def bleu_statistics(predictions: Sequence[str], references: References) -> NDArray[np.int64]:
    """(rows, 10): what `bleu_formula` takes the sums of."""
    metric = _bleu(references)
    rows = [
        metric.sentence_score(text, row)
        for text, row in zip(predictions, _lists(references), strict=True)
    ]
    found = [[one.sys_len, one.ref_len, *one.counts, *one.totals] for one in rows]
    return np.array(found, np.int64).reshape(-1, 10)


def bleu_formula(sums: NDArray[Any]) -> float:
    from sacrebleu.metrics import BLEU

    system, reference, *rest = (int(value) for value in sums)
    return float(BLEU.compute_bleu(rest[:4], rest[4:], system, reference, "exp").score)


def chrf(predictions: Sequence[str], references: References) -> tuple[float, str]:
    """(score, signature) of the corpus; by characters, whatever the script."""
    from sacrebleu.metrics import CHRF

    if not predictions:
        return 0.0, ""
    metric = CHRF()
    score = metric.corpus_score(list(predictions), _columns(references)).score
    return float(score), str(metric.get_signature())


def chrf_rows(predictions: Sequence[str], references: References) -> list[float]:
    from sacrebleu.metrics import CHRF

    metric = CHRF()
    pairs = zip(predictions, _lists(references), strict=True)
    return [float(metric.sentence_score(text, row).score) for text, row in pairs]


def rouge(predictions: Sequence[str], references: References) -> dict[str, float]:
    """F1 of `rouge1`, `rouge2` and `rougeL`: means over rows, of several references the best."""
    return {name: _mean(values) for name, values in rouge_rows(predictions, references).items()}


def rouge_rows(predictions: Sequence[str], references: References) -> dict[str, list[float]]:
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(ROUGE, tokenizer=_Tokenizer())
    pairs = zip(predictions, _lists(references), strict=True)
    found = [scorer.score_multi(row, text) for text, row in pairs]
    return {name: [100 * float(one[name].fmeasure) for one in found] for name in ROUGE}


def distinct(texts: Sequence[str], n: int) -> float:
    """How many of all runs of `n` words are different ones: low where a model says the same again and again."""
    grams = [gram for text in texts for gram in _grams(tokens(text), n)]
    return len(set(grams)) / len(grams) if grams else 0.0


def length_ratio(predictions: Sequence[str], references: References) -> float:
    """Words of the predictions by words of the references (their mean, where a row has several)."""
    got = sum(len(tokens(text)) for text in predictions)
    wanted = sum(_mean([len(tokens(text)) for text in row]) for row in _lists(references))
    return got / wanted if wanted else 0.0


def copied_share(sources: Sequence[str], predictions: Sequence[str]) -> float:
    """How many of all runs of three words in the predictions stand in the source of their row."""
    copied = total = 0
    for source, text in zip(sources, predictions, strict=True):
        grams, known = _grams(tokens(text), 3), set(_grams(tokens(source), 3))
        copied += sum(gram in known for gram in grams)
        total += len(grams)
    return copied / total if total else 0.0


def generative(
    sources: Sequence[str], predictions: Sequence[str], references: References
) -> dict[str, Any]:
    """All of these. `rows` has the scores of every row, for the bootstrap."""
    rouges, chrfs = rouge_rows(predictions, references), chrf_rows(predictions, references)
    bleu_score, bleu_signature = bleu(predictions, references)
    chrf_score, chrf_signature = chrf(predictions, references)
    pairs = list(zip(predictions, _lists(references), strict=True))
    return {
        "bleu": bleu_score,
        "bleu_signature": bleu_signature,
        "chrf": chrf_score,
        "chrf_signature": chrf_signature,
        **{name: _mean(values) for name, values in rouges.items()},
        "exact_match": _mean([float(text.strip() in map(str.strip, row)) for text, row in pairs]),
        "empty": sum(not text.strip() for text in predictions),
        "distinct_1": distinct(predictions, 1),
        "distinct_2": distinct(predictions, 2),
        "length_ratio": length_ratio(predictions, references),
        "copied_share": copied_share(sources, predictions),
        "rows": {"rougeL": rouges["rougeL"], "chrf": chrfs},
    }


def tokens(text: str) -> list[str]:
    """Words in lower case without signs; on ASCII text what rouge-score takes for words."""
    lower = text.lower()
    found = (lower[start:end] for start, end in words(lower))
    return [word for word in found if any(map(str.isalnum, word))]


def tokenizer(texts: Iterable[str]) -> str:
    """The name of sacrebleu's tokenizer for the script of these texts."""
    whole = "".join(texts)
    letters = sum(map(str.isalpha, whole))
    alone = sum(map(unspaced, whole))
    if alone < UNSPACED * letters or not alone:
        return "13a"
    if len(_KANA.findall(whole)) > 0.1 * alone:
        return "char"
    return "zh" if len(_HAN.findall(whole)) > 0.5 * alone else "char"


class _Tokenizer:
    def tokenize(self, text: str) -> list[str]:
        return tokens(text)


def _bleu(references: References) -> Any:
    from sacrebleu.metrics import BLEU

    name = tokenizer(text for row in _lists(references) for text in row)
    return BLEU(tokenize=name, force=True, effective_order=False)


def _lists(references: References) -> list[list[str]]:
    return [[row] if isinstance(row, str) else list(row) or [""] for row in references]


def _columns(references: References) -> Any:
    """The first reference of every row, the second …; None where a row has fewer."""
    rows = _lists(references)
    most = max(map(len, rows))
    return [[row[place] if place < len(row) else None for row in rows] for place in range(most)]


def _grams(parts: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return [tuple(parts[place : place + n]) for place in range(len(parts) - n + 1)]


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0
