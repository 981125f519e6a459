"""One training in a process of its own: `python -m bench.training.one JSON` writes what it found as a line of JSON.

{"by", "base" (a folder), "train", "valid", "test" (files), "epochs", "seconds" (0: to the end, with scores)}
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from bench.training import peers, texts
from training import backbone
from training.events import Report, Scored, Stage, Step
from training.fit import fit
from training.spec import Spec

SIZE = 2048  # of the matrices whose product tells what the machine can do
TIMES = 5


def method(by: str) -> peers.Peer:
    if by == "setfit":  # loads its library, which need not be there
        from bench.training.setfit import setfit

        return setfit
    return peers.PEERS[by]


def peer(asked: Mapping[str, Any]) -> dict[str, Any]:
    peers.SEED = asked.get("seed", peers.SEED)
    rows = {split: texts.load(Path(asked[split])) for split in texts.SPLITS}
    labels = sorted({label for _, label in rows["train"]})

    def read(split: str) -> peers.Texts:
        known = [row for row in rows[split] if row[1] in labels]
        return peers.Texts(asked["base"], known, labels)

    others = {} if asked["seconds"] else {split: read(split) for split in ("valid", "test")}
    meter = peers.Meter(asked["seconds"])
    epochs: list[dict[str, float]] = []
    cpu = {"scored": 0.0, "begun": time.process_time()}

    def scored(model: Any) -> None:
        begun = time.process_time()
        if others:
            found = {split: peers.accuracy(model, its) for split, its in others.items()}
            epochs.append({"seconds": round(meter.spent, 2), **found})
        cpu["scored"] += time.process_time() - begun

    with suppress(peers.Enough):
        method(asked["by"])(
            asked["base"], read("train"), len(labels), asked["epochs"], meter, scored
        )
    last = epochs[-1] if epochs else {}
    spent = time.process_time() - cpu["begun"] - cpu["scored"]
    return {
        **meter.found(),
        "epochs": epochs,
        "cpu": round(spent, 1),
        **{split: last.get(split) for split in ("valid", "test")},
    }


def ours(asked: Mapping[str, Any]) -> dict[str, Any]:
    """`training.fit` with its defaults but for the epochs, one training alone. Seconds are of that training, as
    those of the peers; "cpu" is all up to the testing, the baselines and the scoring of epochs with it; "ready" are the
    seconds up to the training."""
    files = {split: asked[split] for split in texts.SPLITS}
    usual = {"max_length": peers.LENGTH, "epochs": asked["epochs"], "few_shot": "off"}
    settings = {**usual, **asked.get("settings", {})}
    columns = {"text": "text", "label": "label"}
    found: dict[str, Any] = {"epochs": [], "test": None}
    given: dict[str, Any] = {"columns": columns, "settings": settings, **files}
    given["seed"] = asked.get("seed", peers.SEED)
    spec = Spec("text-classification", base_folder=asked["base"], **given)
    begun, start = time.process_time(), time.perf_counter()
    with TemporaryDirectory(prefix="ours-") as folder, closing(fit(spec, folder)) as events:
        clock = Watched(asked["seconds"])
        for event in events:
            if isinstance(event, Scored):
                score = event.metrics.get("accuracy")
                found["epochs"].append({"seconds": round(clock.spent, 2), "valid": score})
            if isinstance(event, Report):
                best = event.details["history"][event.details["best_epoch"]]
                found |= {"test": event.metrics["accuracy"], "valid": best["accuracy"]}
                found["tried"] = event.details.get("tried")
            if isinstance(event, Stage) and event.name == "training":
                found.setdefault("ready", round(time.perf_counter() - start, 2))
            if isinstance(event, Stage) and event.name == "testing":
                found["cpu"] = round(time.process_time() - begun, 1)
            if isinstance(event, Step) and clock.step(event):
                break
            clock.resume()
    return {**found, "rows": clock.rows, "tokens": clock.tokens, "seconds": clock.spent}


class Watched:
    """Rows and tokens of the Step events, each of which tells how fast the steps since the last one were."""

    def __init__(self, seconds: float) -> None:
        self.wanted, self.begin = seconds, time.perf_counter()
        self.rows = self.tokens = self.spent = 0.0
        self.seen = 0

    def step(self, event: Step) -> bool:
        """Whether it is enough."""
        seconds = time.perf_counter() - self.begin
        self.seen += 1
        if self.seen > 1:  # the first is the warm-up
            self.rows += event.rows_per_second * seconds
            self.tokens += event.tokens_per_second * seconds
            self.spent += seconds
        return bool(self.wanted) and self.spent >= self.wanted

    def resume(self) -> None:
        self.begin = time.perf_counter()


def product(kind: torch.dtype) -> float:
    """FLOP/s of a matrix product, the best of a few."""
    one, other = (torch.randn(SIZE, SIZE).to(kind) for _ in range(2))
    best = float("inf")
    for _ in range(TIMES):
        begin = time.perf_counter()
        one @ other
        best = min(best, time.perf_counter() - begin)
    return 2 * SIZE**3 / best


def machine(_: Mapping[str, Any]) -> dict[str, Any]:
    kind = torch.bfloat16 if backbone.native_bf16() else torch.float32
    return {
        "peak": product(kind),
        "format": str(kind).removeprefix("torch."),
        "threads": torch.get_num_threads(),
    }


def main(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {"ours": ours, "machine": machine}.get(asked["by"], peer)(asked)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(json.loads(sys.argv[1]))) + "\n")
