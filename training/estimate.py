"""How long a fine-tune will take on this machine: arithmetic over the size of the data and a measured speed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from training import defaults, space
from training.catalogue import DEFAULT, ENCODER, SEQ2SEQ, Base, find

# Where nothing was measured: MiniLM on two ordinary cores. The interval is then wide.
TYPICAL: dict[str, Any] = {
    "startup_seconds": 8.0,
    "bases": {DEFAULT: {"train_tokens_per_second": 3000.0, "infer_tokens_per_second": 12000.0}},
}
PADDING = 1.05  # tokens that a batch holds for each token of text
SHORT, LONG = 24, 128  # tokens of the rows that `calibrate` measures
TOKENS = 24.0  # of a row whose length is not known
# SmolLM2-135M with an adapter on two ordinary cores: tokens a second that it learns from, and that it writes.
WRITER_SIZE, WRITER_TRAINS, WRITER_WRITES = 135.0, 350.0, 60.0
ANSWER, PROMPT = 1.3, 40.0  # a text with its answer against the text, and the tokens around them
_TFIDF = 1.5e-5  # seconds a row and label
_MEASURED, _UNMEASURED = (0.75, 1.5), (0.4, 3.0)  # the interval around the estimate


@dataclass(frozen=True)
class Estimate:
    """Seconds; `low` and `high` are the interval to show. `measured`: the speed of this very base is known."""

    seconds: float
    low: float
    high: float
    measured: bool


def seconds(
    stats: Mapping[str, Any],
    calibration: Mapping[str, Any] | None = None,
    effort: str = "balanced",
    base: str = DEFAULT,
    settings: Mapping[str, Any] | None = None,
) -> Estimate:
    """The whole run, from its start to the verified artifact.

    `stats` as in a dataset version: split -> {"rows", "mean_tokens"}, and "labels" (their number).
    `calibration` is what `python -m training calibrate` wrote: {"startup_seconds", "bases": {id:
    {"train_tokens_per_second", "infer_tokens_per_second" and both with "_long"}}}; without it a typical machine.
    """
    if find(base).kind != ENCODER:
        return _writing(stats, calibration or {}, effort, find(base), settings or {})
    chosen = defaults.settings(effort, _rows(stats.get("train") or {}), settings or {})
    speed = _speed(calibration or {}, find(base), stats)
    tokens = {
        name: _tokens(stats.get(name) or {}, chosen.get("max_length"))
        for name in ("train", "valid", "test")
    }
    epochs = int(chosen["epochs"])
    training = _times(effort, chosen, stats) * epochs * tokens["train"] * PADDING / speed.train
    # The frozen base reads all rows once; every epoch is scored; test rows are predicted, and again after reloading.
    reading = sum(tokens.values()) + epochs * tokens["valid"] + 2 * tokens["test"]
    rows = sum(_rows(stats.get(name) or {}) for name in tokens)
    simple = (
        1.0 + rows * 2e-4 + _rows(stats.get("train") or {}) * int(stats.get("labels") or 2) * _TFIDF
    )
    total = 2 * speed.startup + training + reading * PADDING / speed.infer + simple
    low, high = _MEASURED if speed.measured else _UNMEASURED
    return Estimate(round(total, 1), round(total * low, 1), round(total * high, 1), speed.measured)


def _times(effort: str, chosen: Mapping[str, Any], stats: Mapping[str, Any]) -> int:
    """How many trainings: seeds, and before them what is tried of a small set."""
    rows, labels = _rows(stats.get("train") or {}), int(stats.get("labels") or 0)
    left = [chosen[name] == "auto" for name in ("few_shot", "augmentation")]
    ways = 1 + sum(
        left[0] if name == "few_shot" else left[1] for name in defaults.tried(effort, rows, labels)
    )
    seeds = int(chosen["seeds"])
    return seeds if ways == 1 else ways + (seeds if seeds > 1 else 0)


def searched(found: Estimate, search: Mapping[str, Any]) -> Estimate:
    """With a search before it; `found` as it is without one."""
    low, usual, high = space.takes(search, (found.low, found.seconds, found.high))
    return replace(found, seconds=usual, low=low, high=high)


def _writing(
    stats: Mapping[str, Any],
    calibration: Mapping[str, Any],
    effort: str,
    base: Base,
    settings: Mapping[str, Any],
) -> Estimate:
    """Of a base that writes: training on questions and answers, and test rows answered before and after."""
    rows = {name: _rows(stats.get(name) or {}) for name in ("train", "valid", "test")}
    objective = "seq2seq" if base.kind == SEQ2SEQ else "causal"
    chosen = defaults.settings(effort, rows["train"], settings, "text", objective)
    size = WRITER_SIZE / base.parameters
    read = min(float(chosen["max_length"]), ANSWER * _length(stats) + PROMPT)
    judged = (1 + int(chosen["epochs"])) * min(rows["valid"], 200) + 2 * min(rows["test"], 300)
    written = 2 * min(rows["test"], int(chosen["tested"])) * int(chosen["max_new_tokens"])
    startup = float(calibration.get("startup_seconds") or TYPICAL["startup_seconds"])
    total = 2 * startup + read * int(chosen["epochs"]) * rows["train"] / (WRITER_TRAINS * size)
    total += read * judged / (2 * WRITER_TRAINS * size) + written / (WRITER_WRITES * size)
    low, high = _UNMEASURED
    return Estimate(round(total, 1), round(total * low, 1), round(total * high, 1), False)


def _length(stats: Mapping[str, Any]) -> float:
    """Tokens of a text; four characters are one where nobody has counted."""
    train = stats.get("train") or {}
    if train.get("mean_tokens"):
        return float(train["mean_tokens"])
    return float(train.get("characters") or 0) / 4 / max(1, _rows(train)) or TOKENS


@dataclass(frozen=True)
class _Speed:
    startup: float
    train: float
    infer: float
    measured: bool


def _speed(calibration: Mapping[str, Any], base: Base, stats: Mapping[str, Any]) -> _Speed:
    """The measured speed of the base; else that of another base, by the ratio of their sizes."""
    startup = float(calibration.get("startup_seconds") or TYPICAL["startup_seconds"])
    bases = {
        name: rates for name, rates in (calibration.get("bases") or {}).items() if _usable(rates)
    }
    if base.id in bases:
        rates, factor, measured = bases[base.id], 1.0, True
    else:
        name, rates = next(iter((bases or TYPICAL["bases"]).items()))
        factor, measured = find(name).parameters / base.parameters, False
    tokens = float((stats.get("train") or {}).get("mean_tokens") or TOKENS)
    train, infer = (_rate(rates, kind, tokens) * factor for kind in ("train", "infer"))
    return _Speed(startup, train, infer, measured)


def _rate(rates: Mapping[str, Any], kind: str, tokens: float) -> float:
    """Tokens a second for rows of this length, between what was measured for short and for long rows."""
    short = float(rates[f"{kind}_tokens_per_second"])
    long = float(rates.get(f"{kind}_tokens_per_second_long") or short)
    share = min(1.0, max(0.0, (tokens - SHORT) / (LONG - SHORT)))
    return short + share * (long - short)


def _usable(rates: Mapping[str, Any]) -> bool:
    return all(
        rates.get(name, 0) > 0 for name in ("train_tokens_per_second", "infer_tokens_per_second")
    )


def _rows(split: Mapping[str, Any]) -> int:
    return int(split.get("rows") or 0)


def _tokens(split: Mapping[str, Any], max_length: int | None) -> float:
    mean = float(split.get("mean_tokens") or TOKENS)
    return _rows(split) * (min(mean, max_length) if max_length else mean)
