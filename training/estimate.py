"""How long a fine-tune will take on this machine, and how much memory: arithmetic over the size of the data, what is
trained of the base, and a measured speed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from training import batches, defaults, draft, space
from training.catalogue import CAUSAL, DEFAULT, ENCODER, SEQ2SEQ, Base, find

# Where nothing was measured: MiniLM on two ordinary cores. The interval is then wide.
TYPICAL: dict[str, Any] = {
    "startup_seconds": 8.0,
    "startup_memory": 600_000_000,
    "bases": {DEFAULT: {"train_tokens_per_second": 3000.0, "infer_tokens_per_second": 12000.0}},
}
PADDING = 1.05  # tokens that a batch holds for each token of text
SHORT, LONG = 24, 128  # tokens of the rows that `calibrate` measures
STEP = 32 * SHORT  # tokens of a step in which it measures short ones
TOKENS = 24.0  # of a row whose length is not known
# SmolLM2-135M with an adapter on two ordinary cores: tokens a second that it learns from, and that it writes.
WRITER_SIZE, WRITER_TRAINS, WRITER_WRITES = 135.0, 350.0, 60.0
ANSWER, PROMPT = 1.3, 40.0  # a text with its answer against the text, and the tokens around them
_TFIDF = 1.5e-5  # seconds a row and label
_LINEAR = 1.5e-5  # the same for all strengths of a draft that are tried
_STARTS = 2.3  # of a process: that of the training, and of the check of what it saved, which tries it as well
_ROW = 2e-4  # seconds to read a row, cut it into tokens and write what is said of it
_SAVED = 1.2e8  # bytes of weights a second that are written, packed, hashed and loaded again
_MEASURED, _UNMEASURED = (0.7, 1.4), (0.4, 3.0)  # the interval around the estimate
# Time of a step with a part of the weights against a step with all: a third of it is reading, the rest the way back.
_READING = 1 / 3
_PARTS = {"layers": 0.95, "gradual": 0.8}
_ADAPTER = 0.9  # the gradients of the base's weights are saved, and the adapter's added
_AGAIN = 4 / 3  # reading twice, see `checkpointing`
_HEAD_STEP = 1.5e-3  # seconds of a step over vectors that are known
_TOGETHER = 0.9  # of its speed that a device keeps beside others
_LAYERS = ((30.0, 6), (200.0, 12), (math.inf, 24))  # of a base with so many million weights, about
# Bytes for each weight: itself, the copy that training may go back to, gradient; and what an optimizer remembers.
_WEIGHT, _TRAINED = 4, 8
_BITS = {"none": 1.0, "8bit": 0.25, "4bit": 0.14}  # of the memory of a frozen weight
_REMEMBERS = {"adamw": 8, "sgd": 4, "lion": 4, "adafactor": 0.1}
_INNER = 12_000  # bytes that a token leaves for the way back, for each million weights; in bf16 two thirds of it
# A draft's base is only read, by so many rows at once.
_READS = {
    "optimizer": "adamw",
    "batch_size": 64,
    "devices": 1,
    "checkpointing": False,
    "trained": "head_only",
}
_OF_ROWS = 4_000  # bytes of a row as text, tokens and answer


@dataclass(frozen=True)
class Estimate:
    """Seconds; `low` and `high` are the interval to show. `measured`: the speed of this very base is known.

    `memory` are bytes at the most, of the GPU where there is one; `devices` are used all the time, each with as much.
    `parts` are the seconds of what is done.
    """

    seconds: float
    low: float
    high: float
    measured: bool
    memory: int = 0
    devices: int = 1
    parts: Mapping[str, float] = field(default_factory=dict)

    @property
    def minutes(self) -> int:
        """Of the plan, whole ones: each device counts."""
        return max(1, math.ceil(self.seconds * self.devices / 60))

    def times(self, factor: float, spread: tuple[float, float] | None = None) -> Estimate:
        """Corrected by what was learnt; `spread` is a better interval than the usual one, as shares."""
        low, high = spread or (self.low / self.seconds, self.high / self.seconds)
        usual = self.seconds * factor
        return replace(self, seconds=usual, low=usual * low, high=usual * high)


def seconds(
    stats: Mapping[str, Any],
    calibration: Mapping[str, Any] | None = None,
    effort: str = "balanced",
    base: str = DEFAULT,
    settings: Mapping[str, Any] | None = None,
) -> Estimate:
    """The whole run, from its start to the verified artifact.

    `stats` as in a dataset version: split -> {"rows", "mean_tokens"}, "labels" (their number), and whether a row is one
    text with "one_label".
    `calibration` is what `python -m training calibrate` wrote: {"startup_seconds", "startup_memory", "bases": {id:
    {"train_tokens_per_second", "infer_tokens_per_second" and both with "_long", "step_seconds",
    "proof_tokens_per_second"}}}; without it a typical machine.
    """
    found, known = find(base), calibration or {}
    if effort == draft.EFFORT:
        return _drafted(stats, known, found, settings or {})
    if found.kind != ENCODER:
        return _writing(stats, known, effort, found, settings or {})
    chosen = defaults.settings(effort, _rows(stats.get("train") or {}), settings or {})
    speed = _speed(known, found, stats)
    parts = _parts(stats, chosen, found, speed, _times(effort, chosen, stats))
    memory = _memory(stats, chosen, found, known)
    low, high = _MEASURED if speed.measured else _UNMEASURED
    total = sum(parts.values())
    shortest = total - parts["training"] * (1 - _shortest(chosen))
    return Estimate(
        round(total, 1),
        round(min(total * low, shortest * (low + 1) / 2), 1),
        round(total * high, 1),
        speed.measured,
        memory,
        int(chosen["devices"]),
        {name: round(value, 2) for name, value in parts.items()},
    )


def _drafted(
    stats: Mapping[str, Any],
    calibration: Mapping[str, Any],
    base: Base,
    settings: Mapping[str, Any],
) -> Estimate:
    """The base reads all rows once, and the test rows twice more; then linear models are fitted."""
    train = _rows(stats.get("train") or {})
    chosen = defaults.settings(draft.EFFORT, train, settings)
    limit = chosen.get("max_length")
    speed = _speed(calibration, base, stats)
    tokens = {name: _tokens(stats.get(name) or {}, limit) for name in ("train", "valid", "test")}
    reading = (sum(tokens.values()) + 2 * tokens["test"]) * PADDING / speed.infer
    labels = int(stats.get("labels") or 2)
    parts = {
        "start": _STARTS * speed.startup + 1.0,
        "reading": reading,
        "training": train * labels * (_TFIDF + _LINEAR),
    }
    total = sum(parts.values())
    low, high = _MEASURED if speed.measured else _UNMEASURED
    interval = round(total, 1), round(total * low, 1), round(total * high, 1)
    memory = _memory(stats, {**_READS, **chosen}, base, calibration)
    return Estimate(*interval, speed.measured, memory, parts=parts)


def _times(effort: str, chosen: Mapping[str, Any], stats: Mapping[str, Any]) -> int:
    """How many trainings: seeds, and before them what is tried of a small set."""
    rows, labels = _rows(stats.get("train") or {}), int(stats.get("labels") or 0)
    pairs = chosen["few_shot"] == "auto" and stats.get("one_label", True)
    changes = chosen["augmentation"] == "auto"
    ways = 1 + sum(
        bool(pairs if name == "few_shot" else changes)
        for name in defaults.tried(effort, rows, labels)
    )
    seeds = int(chosen["seeds"])
    return seeds if ways == 1 else ways + (seeds if seeds > 1 else 0)


def searched(found: Estimate, search: Mapping[str, Any]) -> Estimate:
    """With a search before it; `found` as it is without one."""
    low, usual, high = space.takes(search, (found.low, found.seconds, found.high))
    memory = found.memory * int(search.get("parallel") or 1)
    return replace(found, seconds=usual, low=low, high=high, memory=memory)


def _parts(
    stats: Mapping[str, Any], chosen: Mapping[str, Any], base: Base, speed: _Speed, times: int
) -> dict[str, float]:
    """Seconds of each thing that a fine-tune of an encoder does; `times` is how often it is trained."""
    limit = chosen.get("max_length")
    tokens = {name: _tokens(stats.get(name) or {}, limit) for name in ("train", "valid", "test")}
    rows = {name: _rows(stats.get(name) or {}) for name in tokens}
    steps, epochs = _course(chosen, rows["train"])
    seeds, labels = int(chosen["seeds"]), int(stats.get("labels") or 2)
    judged = (math.ceil(epochs) + 1) * tokens["valid"]
    share = _share(chosen, base)
    learning = epochs * tokens["train"] * PADDING / speed.trains + steps * speed.step
    learning *= share * _AGAIN if chosen["checkpointing"] else share
    if chosen["devices"] > 1:
        learning /= 1 + _TOGETHER * (chosen["devices"] - 1)
    if not share:  # the vectors that the baselines need are kept
        learning, judged = steps * _HEAD_STEP, 0.0
    tested = tokens["test"] * (seeds if seeds > 1 else 0)
    return {
        "starting": _STARTS * speed.startup,
        "baselines": 2.0
        + sum(rows.values()) * _ROW
        + rows["train"] * labels * _TFIDF
        + sum(tokens.values()) * PADDING / speed.infer,
        "training": times * (learning + judged * PADDING / speed.infer),
        "testing": (2 * tokens["test"] + tested) * PADDING / speed.proof,
        "saving": (2 + times * min(3.0, epochs)) * base.size / _SAVED,
    }


def _course(chosen: Mapping[str, Any], rows: int) -> tuple[int, float]:
    """Steps, and the epochs that they make: fewer than were planned where the steps are limited."""
    each = max(1, batches.steps(rows, int(chosen["batch_size"]) * int(chosen["accumulation"])))
    steps = int(chosen["epochs"]) * each
    if chosen["max_steps"]:
        steps = min(steps, int(chosen["max_steps"]))
    return steps, steps / each


def _shortest(chosen: Mapping[str, Any]) -> float:
    """The share of the training after which it may be given up, for want of anything better."""
    return min(1.0, (1 + int(chosen["patience"])) / max(1, int(chosen["epochs"])))


def _share(chosen: Mapping[str, Any], base: Base) -> float:
    """The time of a step against one in which everything is trained; 0: the base is not run at all."""
    if chosen.get("method", "full") != "full":
        return _ADAPTER
    trained = chosen.get("trained", "all")
    if trained == "head_only":
        return 0.0
    if trained == "top":
        layers = next(number for most, number in _LAYERS if base.parameters < most)
        return _READING + (1 - _READING) * min(1.0, int(chosen["top_layers"]) / layers)
    return _PARTS.get(str(trained), 1.0)


def _memory(
    stats: Mapping[str, Any], chosen: Mapping[str, Any], base: Base, calibration: Mapping[str, Any]
) -> int:
    """Bytes at the most: weights and what is remembered of them, what a batch leaves behind, and the rows."""
    weights = base.parameters * 1e6
    share = _trained(chosen)
    if chosen.get("sharding") == "fsdp":
        weights /= int(chosen["devices"])
    bits = _BITS[str(chosen.get("quantize", "none"))]
    held = weights * (_WEIGHT * bits + share * (_TRAINED + _REMEMBERS[str(chosen["optimizer"])]))
    length = _tokens(stats.get("train") or {}, chosen.get("max_length")) / max(
        1, _rows(stats.get("train") or {})
    )
    # The longest batch counts, not the usual one.
    read = math.ceil(int(chosen["batch_size"]) / int(chosen["devices"])) * 2 * length
    inner = read * _INNER * base.parameters * (0.2 if chosen["checkpointing"] else 1.0)
    rows = sum(_rows(stats.get(name) or {}) for name in ("train", "valid", "test"))
    beside = float(calibration.get("startup_memory") or TYPICAL["startup_memory"])
    if calibration.get("device") == "cuda":
        return int(held + inner)
    # While they are read and saved, the weights are there twice.
    held += weights * _WEIGHT
    return int(beside + held + inner * _kept(chosen) + rows * _OF_ROWS)


def _kept(chosen: Mapping[str, Any]) -> float:
    """The share of what a batch leaves behind that is kept for the way back: adapters stand in all layers."""
    return 1.0 if chosen.get("method", "full") != "full" else _trained(chosen) or 0.1


def _trained(chosen: Mapping[str, Any]) -> float:
    """The share of the weights that is trained, about."""
    if chosen.get("method", "full") != "full":
        return 0.02
    return {"head_only": 0.0, "top": 0.3, "layers": 0.7}.get(str(chosen.get("trained")), 1.0)


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
    usual = "lora" if base.kind == CAUSAL else "full"
    slower = 1.0 if chosen["method"] == usual else _ADAPTER ** (1 if usual == "full" else -1)
    read = min(float(chosen["max_length"]), ANSWER * _length(stats) + PROMPT)
    _steps, epochs = _course(chosen, rows["train"])
    learning = slower * read * epochs * rows["train"] / (WRITER_TRAINS * size)
    learning *= _AGAIN if chosen["checkpointing"] else 1.0
    learning /= 1 + _TOGETHER * (int(chosen["devices"]) - 1)
    judged = (1 + math.ceil(epochs)) * min(rows["valid"], 200) + 2 * min(rows["test"], 300)
    written = 2 * min(rows["test"], int(chosen["tested"])) * int(chosen["max_new_tokens"])
    startup = float(calibration.get("startup_seconds") or TYPICAL["startup_seconds"])
    parts = {
        "starting": _STARTS * startup,
        "training": learning,
        "judging": read * judged / (2 * WRITER_TRAINS * size),
        "writing": written / (WRITER_WRITES * size),
        "saving": 3 * base.size / _SAVED,
    }
    total, (low, high) = sum(parts.values()), _UNMEASURED
    memory = _memory(stats, chosen, base, calibration)
    return Estimate(
        round(total, 1),
        round(total * low, 1),
        round(total * high, 1),
        False,
        memory,
        int(chosen["devices"]),
        {name: round(value, 2) for name, value in parts.items()},
    )


def _length(stats: Mapping[str, Any]) -> float:
    """Tokens of a text; four characters are one where nobody has counted."""
    train = stats.get("train") or {}
    if train.get("mean_tokens"):
        return float(train["mean_tokens"])
    return float(train.get("characters") or 0) / 4 / max(1, _rows(train)) or TOKENS


@dataclass(frozen=True)
class _Speed:
    """Tokens a second: `trains` beside `step` seconds that each step takes whatever is in it; `proof` in fp32."""

    startup: float
    trains: float
    step: float
    infer: float
    proof: float
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
    step = float(rates.get("step_seconds") or 0.0)
    whole = _rate(rates, "train", tokens)
    # Of the measured steps the part that does not grow with their tokens is counted by the step.
    trains = 1 / max(1 / whole - step / STEP, 0.2 / whole)
    infer = _rate(rates, "infer", tokens)
    proof = float(rates.get("proof_tokens_per_second") or infer)
    return _Speed(startup, trains * factor, step / factor, infer * factor, proof * factor, measured)


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
