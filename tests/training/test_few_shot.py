"""Few rows a label: learning from pairs, ways that are tried on validation rows, and what the report says of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tests.training.conftest import quick, rows_of, write_csv
from tests.training.test_plan import ABOUT, PLAN, TEXTS
from training import augment, backbone, batches, defaults, export, loop, losses
from training.coding import sequence
from training.events import Event, Report, Scored, Started
from training.fit import fit, seeds, ways
from training.fit.job import Job
from training.plan import Plan
from training.problems import Problem
from training.spec import Spec

MakeSpec = Callable[..., Spec]


def vectors(*angles: float) -> torch.Tensor:
    return torch.tensor([[np.cos(angle), np.sin(angle)] for angle in angles])


def test_rows_of_a_label_are_to_be_the_nearest() -> None:
    batch = {"targets": torch.tensor([0, 0, 1, 1])}
    apart = losses.contrast(vectors(0.0, 0.1, 3.0, 3.1), batch)
    mixed = losses.contrast(vectors(0.0, 3.1, 0.1, 3.0), batch)
    assert float(apart) < 0.1 < float(mixed)


def test_a_row_without_a_partner_does_not_count() -> None:
    pair = vectors(0.0, 0.2)
    alone = {"targets": torch.tensor([0, 1])}
    assert float(losses.contrast(pair, alone)) == 0
    two, three = torch.tensor([0, 0]), torch.tensor([0, 0, 1])
    far = torch.cat([pair, vectors(3.14)])
    assert float(losses.contrast(pair, {"targets": two})) == pytest.approx(0, abs=1e-6)
    assert float(losses.contrast(far, {"targets": three})) == pytest.approx(0, abs=1e-4)


def test_batches_hold_rows_of_the_same_label() -> None:
    targets = [row % 5 for row in range(50)]
    found = batches.by_label(targets, 16, seed=3, epoch=1)
    assert sorted(np.concatenate(found).tolist()) == list(range(50))
    assert len(found) == batches.steps(50, 16)
    for rows in found[:-1]:
        counts = np.bincount([targets[row] for row in rows])
        assert counts.max() >= 4
    again, later = (batches.by_label(targets, 16, seed=3, epoch=epoch) for epoch in (1, 2))
    assert [rows.tolist() for rows in again] == [rows.tolist() for rows in found]
    assert [rows.tolist() for rows in later] != [rows.tolist() for rows in found]


def test_a_mix_counts_for_both_of_its_labels() -> None:
    network: Any = torch.nn.Module()
    network.criterion = lambda outputs, batch: torch.nn.functional.cross_entropy(
        outputs, batch["targets"]
    )
    plan = replace(PLAN, augmentation="mixup")
    batch = {
        "targets": torch.tensor([0, 1]),
        "other": torch.tensor([1, 0]),
        "kept": torch.tensor(0.75),
    }
    outputs = torch.tensor([[4.0, 0.0], [0.0, 4.0]])
    right = network.criterion(outputs, {"targets": torch.tensor([0, 1])})
    wrong = network.criterion(outputs, {"targets": torch.tensor([1, 0])})
    found = losses.criterion(network, plan)(outputs, batch)
    assert float(found) == pytest.approx(float(0.75 * right + 0.25 * wrong))


@pytest.mark.parametrize(
    ("effort", "rows", "labels", "found"),
    [
        ("balanced", 149, 3, ("few_shot",)),
        ("balanced", 150, 3, ()),
        ("quick", 10, 2, ("few_shot",)),
        ("balanced", 10, 0, ()),
    ],
)
def test_pairs_are_tried_below_fifty_rows_a_label(
    effort: str, rows: int, labels: int, found: tuple[str, ...]
) -> None:
    assert tuple(one for one in defaults.tried(effort, rows, labels) if one == "few_shot") == found


@pytest.fixture(scope="module")
def report(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Event]:
    """A fine-tune of few rows in which nothing was chosen."""
    folder = tmp_path_factory.mktemp("few")
    base = shutil.copytree(tiny_base, folder / "base", ignore=lambda *_: {"1_Pooling"})
    rows = write_csv(folder / "rows.csv", rows_of(120))
    given = {"epochs": 1, "learning_rate": 1e-3, "precision": "fp32", "few_shot": "auto"}
    return list(fit(quick(base, rows, settings=given), folder / "run"))


def test_the_report_says_what_was_tried(report: list[Event]) -> None:
    found = report[-1]
    assert isinstance(found, Report)
    told = {item["what"]: item for item in found.details["tried"]}
    assert set(told) == {"pooling", "training"}
    for item in told.values():
        (kept,) = [one for one in item["options"] if one["kept"]]
        assert kept["value"] == max(one["value"] for one in item["options"])
        assert item["rows"] == found.details["rows"]["valid"]
    names = [one["name"] for one in told["training"]["options"]]
    assert names == ["plain", "few_shot"]
    settings = found.details["settings"]
    (way,) = [one["name"] for one in told["training"]["options"] if one["kept"]]
    assert settings["few_shot"] == ("on" if way == "few_shot" else "off")
    assert settings["augmentation"] == "none"
    assert settings["pooling"] in ("mean", "first")


def test_all_that_is_tried_is_told_before(report: list[Event]) -> None:
    (started,) = [event for event in report if isinstance(event, Started)]
    assert started.epochs == 2
    assert [event.epoch for event in report if isinstance(event, Scored)] == [0, 1, 1, 2]


@pytest.mark.parametrize(
    "given",
    [
        {"few_shot": "on"},
        {"augmentation": "dropout"},
        {"augmentation": "mask"},
        {"augmentation": "neighbours"},
        {"augmentation": "mixup"},
    ],
)
def test_each_changes_the_training_and_the_same_seed_repeats_it(
    given: dict[str, str], tiny_base: Path
) -> None:
    def loss(plan: Plan) -> float:
        backbone.seed(5)
        tokenizer, network = backbone.tokenizer(tiny_base), backbone.network(tiny_base, ABOUT)
        records = [{"text": text} for text in TEXTS[:16]]
        pieces = sequence.pieces(tokenizer, records, 32, ABOUT)
        pieces = [{**piece, "target": piece["row"] % 3} for piece in pieces]
        table = network.base.get_input_embeddings().weight
        change = augment.changer(plan, tokenizer, table, pieces)
        data = loop.Data(pieces, lambda *_: loop.Judged(), labels=3, change=change)
        trainer = loop.Trainer(network, data, plan, backbone.accelerator("fp32"))
        return float(sum(trainer.update(rows.tolist()) for rows in trainer.chosen(1)))

    plan = replace(PLAN, **given)  # type: ignore[arg-type]
    assert loss(plan) == loss(plan) != loss(PLAN)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"few_shot": "on", "trained": "head_only"}, "few_shot"),
        ({"augmentation": "swap", "trained": "head_only"}, "augmentation"),
    ],
)
def test_what_cannot_go_together_is_said(
    make_spec: MakeSpec, tmp_path: Path, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(Problem) as caught:
        list(fit(make_spec(**given), tmp_path))
    assert (caught.value.code, caught.value.values["field"]) == ("spec.choice", field)


@pytest.mark.parametrize(("values", "kept"), [((0.5, 0.9), 1), ((0.9, 0.5), 0), ((0.5, 0.5), 0)])
def test_validation_alone_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: tuple[float, ...], kept: int
) -> None:
    monkeypatch.setattr(seeds, "plan_of", lambda job: SimpleNamespace(epochs=1, steps=lambda n: 1))
    monkeypatch.setattr(ways, "of", lambda job: [ways.Way(), ways.Way(few_shot="on")])

    def train(own: Job, anew: bool) -> Generator[Event, None, loop.Outcome]:
        number = int(own.settings["few_shot"] == "on")
        assert anew == bool(number)
        (own.folder / export.CHECKPOINT).mkdir(parents=True)
        (own.folder / export.CHECKPOINT / "way").write_text(own.settings["few_shot"])
        own.note("train.no_gain")
        yield Scored(0, 0, None, None, {}, best=True)
        return loop.Outcome(number, 0, (), stopped_early=False, value=values[number])

    auto = dict.fromkeys(("few_shot", "augmentation", "stop_metric"), "auto")
    settings = {**auto, "learning_rate": 1e-4}
    job: Any = Job(Spec("text-classification", settings=settings), tmp_path, SimpleNamespace())  # type: ignore[arg-type]
    learner = SimpleNamespace(main="accuracy")
    job.variant = SimpleNamespace(chosen=lambda settings: learner)
    job.pieces, job.rows = {"train": []}, {"valid": [0] * 30}
    steps = ways.tried(job, train)
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            outcome = stop.value
            break
    way = ("off", "on")[kept]
    assert outcome.best_epoch == kept
    assert (tmp_path / export.CHECKPOINT / "way").read_text() == way
    assert job.settings["few_shot"] == way
    assert job.settings["learning_rate"] == (1e-4, 5e-5)[kept]
    assert len(job.notes) == 1
