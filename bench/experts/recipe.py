"""What all recipes share: rows of a version, the settings of the stock Trainer, a training and its scores."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch.utils.data import SequentialSampler
from transformers import AutoTokenizer, PrinterCallback, Trainer, TrainingArguments, set_seed

from training import backbone, version
from training.tasks import TASKS
from training.tasks.shape import Learner, Row

SEED = 13
SPLITS = ("train", "valid", "test")
Features = list[dict[str, Any]]


@dataclass(frozen=True)
class Point:
    """What an expert varies; the seed only to see how much of a score is chance."""

    learning_rate: float
    epochs: int
    batch_size: int
    seed: int = SEED


@dataclass(frozen=True)
class Rows:
    """Of a version, by split, with what the task knows of them."""

    learner: Learner
    rows: Mapping[str, Sequence[Row]]
    about: dict[str, Any]

    def tuned(self, results: Any) -> dict[str, Any]:
        """What ours chooses on validation as well, such as a threshold for each label; without it an expert's model of
        28 rare labels finds none of them."""
        return self.learner.tune(self.rows["valid"], results, self.about)

    def scores(self, split: str, results: Any, tuned: Mapping[str, Any]) -> dict[str, float]:
        """By our own scoring, so that both sides are scored alike."""
        found = self.learner.score(self.rows[split], results, {**self.about, **tuned})
        return self.learner.figures(found)


def read(task: str, path: str | Path) -> Rows:
    learner = TASKS[task].variant(version.about(path).variant).learner
    if learner is None:
        raise RuntimeError(f"{task} cannot be trained")
    rows: dict[str, list[Row]] = {split: [] for split in SPLITS}
    for row in version.read(path):
        rows[row.split].append(Row(row.row, row.file, row.line, row.values))
    about = {
        "objective": learner.objective,
        "inputs": list(learner.inputs),
        "labels": learner.labels(rows["train"]),
        **learner.about(rows["train"]),
    }
    return Rows(learner, rows, about)


class Recipe:
    """One task over an encoder, as the examples of transformers do it."""

    length = 256  # tokens of a row

    def __init__(self, base: str, data: Rows) -> None:
        self.base, self.data = base, data
        self.tokenizer = AutoTokenizer.from_pretrained(base, local_files_only=True)
        self.length = min(self.length, self.tokenizer.model_max_length)

    def model(self) -> Any:
        raise NotImplementedError

    def features(self, rows: Sequence[Row], split: str) -> Features:
        raise NotImplementedError

    def collator(self) -> Any:
        raise NotImplementedError

    def results(self, predictions: Any, features: Features, rows: Sequence[Row]) -> Any:
        """One item a row, as our scoring takes them."""
        raise NotImplementedError


class InOrder(Trainer):
    """The stock Trainer draws the rows of an evaluation by length too, and gives predictions in that order."""

    def _get_eval_sampler(self, eval_dataset: Any) -> Any:
        return SequentialSampler(eval_dataset)


def arguments(point: Point, folder: str, **more: Any) -> dict[str, Any]:
    return {
        "output_dir": folder,
        "learning_rate": point.learning_rate,
        "num_train_epochs": point.epochs,
        "per_device_train_batch_size": point.batch_size,
        "per_device_eval_batch_size": 32,
        "lr_scheduler_type": "linear",
        "warmup_steps": 0.1,  # a share of all steps
        "weight_decay": 0.01,
        "train_sampling_strategy": "group_by_length",
        "bf16": backbone.native_bf16(),
        "use_cpu": not torch.cuda.is_available(),
        "seed": point.seed,
        "logging_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "dataloader_pin_memory": False,
        **more,
    }


def trained(recipe: Recipe, point: Point, least: float | None = None) -> dict[str, Any]:
    """Trains, keeps the best epoch, scores it on validation; the test rows only if that is above `least`."""
    set_seed(point.seed)
    data, main = recipe.data, recipe.data.learner.main
    features: dict[str, Any] = {split: recipe.features(data.rows[split], split) for split in SPLITS}

    def results(found: Any, split: str = "valid") -> Any:
        return recipe.results(found.predictions, features[split], data.rows[split])

    def scored(found: Any) -> dict[str, float]:
        own = results(found)
        return data.scores("valid", own, data.tuned(own))

    best = {"metric_for_best_model": main, "greater_is_better": True}
    keep = {"eval_strategy": "epoch", "save_strategy": "epoch", "load_best_model_at_end": True}
    with TemporaryDirectory(prefix="expert-") as folder:
        more = {**best, **keep, "save_total_limit": 1, "save_only_model": True}
        trainer = InOrder(
            model=recipe.model(),
            args=TrainingArguments(**arguments(point, folder, **more)),
            train_dataset=features["train"],
            eval_dataset=features["valid"],
            data_collator=recipe.collator(),
            processing_class=recipe.tokenizer,
            compute_metrics=scored,
        )
        seconds = timed(trainer)
    best_results = results(trainer.predict(features["valid"]))
    tuned = data.tuned(best_results)
    valid = data.scores("valid", best_results, tuned)
    found = {"setting": asdict(point), "valid": valid, "seconds": seconds, "main": main}
    trainer.compute_metrics = None  # of the validation rows alone
    if least is None or valid[main] > least:
        told = results(trainer.predict(features["test"]), "test")
        found["test"] = data.scores("test", told, tuned)
    return found


def timed(trainer: Trainer) -> float:
    """Seconds of the training."""
    trainer.remove_callback(PrinterCallback)  # the standard output is for the result alone
    begin = time.monotonic()
    trainer.train()
    return round(time.monotonic() - begin, 1)
