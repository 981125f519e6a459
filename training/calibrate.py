"""How quick this machine is: a few seconds of measuring for each base model that is here, read by `estimate`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from training import backbone, catalogue, defaults, loop, unpadded, vocabulary
from training.files import core
from training.plan import Plan
from training.problems import Problem

SHORT, LONG = 24, 128  # tokens of a row: questions, paragraphs
ROWS = {SHORT: 32, LONG: 16}  # in a training step
FEW = 4  # rows of a step that is nearly nothing but what each step takes
SECONDS = 2.0  # of each measurement
LABELS = 16
WORDS = 1000, 2000  # token ids to draw from
DROPOUT = float(defaults.settings("balanced", 0, {})["dropout"])  # its random numbers take time
Clock = Callable[[], float]
_CHILD = (
    "import torch, training.fit, transformers.models.auto.modeling_auto\n"
    "import sklearn.feature_extraction.text, sklearn.linear_model\n"
    "from training.repair import most_memory; print(most_memory('cpu'))"
)


def of_processor() -> float:
    """Seconds of the processor, for a machine that others use as well: with one thread, what a calm one would take."""
    return sum(os.times()[:4])


CLOCKS: dict[str, Clock] = {"wall": time.monotonic, "cpu": of_processor}


def startup(clock: Clock = time.monotonic) -> tuple[float, int]:
    """Seconds until a new process has imported all that a fine-tune needs, and the bytes that it then holds.

    Of the second of two: after an installation the first one compiles what it imports.
    """
    for _ in range(2):
        begin = clock()
        found = subprocess.run(
            [sys.executable, "-P", "-c", _CHILD], check=True, capture_output=True, text=True
        )
    return clock() - begin, int(found.stdout.split()[-1])


def measure(bases_dir: str | Path = "", clock: Clock = time.monotonic) -> dict[str, Any]:
    """{"startup_seconds", "startup_memory", "device", "devices", "threads", "precision", "bases": {id: rates in tokens
    a second}}."""
    backbone.keep_buffers()
    number_format = backbone.precision("auto")
    bases = {base: rates(folder, number_format, clock) for base, folder in here(bases_dir)}
    seconds, held = startup(clock)
    return {
        "startup_seconds": round(seconds, 2),
        "startup_memory": held,
        "device": "cuda" if torch.cuda.is_available() else "cpu",
        "devices": torch.cuda.device_count() or 1,
        "threads": torch.get_num_threads(),
        "precision": number_format,
        "bases": bases,
    }


def here(bases_dir: str | Path) -> Iterator[tuple[str, Path]]:
    for base in catalogue.BASES:
        try:
            yield base, catalogue.locate(base, bases_dir)
        except Problem:
            continue


def rates(folder: Path, number_format: str, clock: Clock = time.monotonic) -> dict[str, float]:
    """Tokens a second, padding not counted (there is none here). The plain keys are those of short rows."""
    accelerator = backbone.accelerator(number_format)
    network = backbone.plain(folder, 0, LONG, LABELS, DROPOUT).to(accelerator.device)
    unpadded.prepare(network, number_format)
    trains = {
        length: _training(network, length, ROWS[length], accelerator, clock)
        for length in (SHORT, LONG)
    }
    few = FEW * SHORT / _training(network, SHORT, FEW, accelerator, clock)  # seconds
    infers = {length: _reading(network, length, accelerator, clock) for length in (SHORT, LONG)}
    plain = backbone.accelerator("fp32")
    return {
        "step_seconds": _each_step(few, ROWS[SHORT] * SHORT / trains[SHORT]),
        "proof_tokens_per_second": _reading(network, SHORT, plain, clock),
        "train_tokens_per_second": trains[SHORT],
        "train_tokens_per_second_long": trains[LONG],
        "infer_tokens_per_second": infers[SHORT],
        "infer_tokens_per_second_long": infers[LONG],
    }


def _each_step(few: float, many: float) -> float:
    """Of the seconds of a step with FEW rows and of one with more: what each takes whatever is in it."""
    tokens = (many - few) / (ROWS[SHORT] - FEW)  # seconds of a row
    return round(max(0.0, few - FEW * max(0.0, tokens)), 5)


def _training(network: Any, length: int, rows: int, accelerator: Any, clock: Clock) -> float:
    data = loop.Data(_pieces(rows, length), lambda *_: loop.Judged())
    plan = Plan(1, 1e-6, 1e-6, rows, 0.0, 0.0, 0.0, 1.0, "constant", 1, False, 0)
    with vocabulary.cut(network.base, data.train, 0):
        trainer = loop.Trainer(network.train(), data, plan, accelerator)
        # The loss is asked for: a GPU answers when it is done.
        return _rate(lambda: float(trainer.update(list(range(rows)))), rows * length, clock)


def _reading(network: Any, length: int, accelerator: Any, clock: Clock) -> float:
    pieces = _pieces(core.ROWS, length)
    network.eval()
    with accelerator.autocast():
        return _rate(lambda: core.run(network, pieces), core.ROWS * length, clock)


def _pieces(rows: int, length: int) -> list[dict[str, Any]]:
    return [
        {"row": row, "ids": ids, "target": 0}
        for row, ids in enumerate(torch.randint(*WORDS, (rows, length)).tolist())
    ]


def _rate(work: Callable[[], Any], tokens: int, clock: Clock) -> float:
    work()  # the first one prepares kernels
    begin, count = clock(), 0
    while clock() - begin < SECONDS:
        work()
        count += 1
    return round(count * tokens / (clock() - begin), 1)
