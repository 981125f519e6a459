"""Each setting of a training changes what it should, on a base of a few thousand weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from tests.training.conftest import about_of
from training import backbone, batches, freezing, layers, loop, losses, optimizers, vectors
from training.coding import sequence
from training.events import last_of
from training.plan import Plan

PLAN = Plan(2, 1e-3, 1e-2, 16, 0.0, 0.01, 0.0, 1.0, "constant", 9, False, 5)
WORDS = ["my invoice is late", "the parcel was lost on the street", "please reset", "a refund"]
TEXTS = [f"{text} {'please ' * (row % 3)}" for row, text in enumerate(WORDS * 12)]
ABOUT = about_of("a", "b", "c")


@pytest.fixture
def pieces(tiny_base: Path) -> list[dict[str, Any]]:
    records = [{"text": text} for text in TEXTS]
    found = sequence.pieces(backbone.tokenizer(tiny_base), records, 32, ABOUT)
    return [{**piece, "target": min(piece["row"] % 4, 2)} for piece in found]


@pytest.fixture
def network(tiny_base: Path) -> Callable[..., Any]:
    """The same one each time, without dropout."""

    def make(about: dict[str, Any] = ABOUT) -> Any:
        backbone.seed(5)
        made = backbone.network(tiny_base, about)
        for module in made.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0
        return made.train()

    return make


def losses_of(
    network: Any, pieces: list[dict[str, Any]], plan: Plan, steps: int = 4
) -> list[float]:
    data = loop.Data(pieces, lambda *_: loop.Judged(), labels=3)
    trainer = loop.Trainer(network, data, plan, backbone.accelerator("fp32"))
    lengths = [len(piece["ids"]) for piece in pieces]
    chosen = batches.training(lengths, plan.step_rows, plan.seed, 1)
    return [float(trainer.update(rows.tolist())) for rows in (chosen * 2)[:steps]]


def trained(
    network: Any, pieces: list[dict[str, Any]], plan: Plan, values: list[float]
) -> loop.Outcome:
    """With these validation scores, that of the start first."""
    left = iter(values)
    data = loop.Data(pieces, lambda *_: loop.Judged(value=next(left)), valid_rows=100, labels=3)
    steps = loop.train(network, data, plan, backbone.accelerator("fp32"))
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            outcome: loop.Outcome = stop.value
            return outcome


# --- accumulation ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("class_weights", [False, True])
def test_two_batches_of_eight_are_one_of_sixteen(
    network: Any, pieces: Any, class_weights: bool
) -> None:
    whole = replace(PLAN, class_weights=class_weights)
    parts = replace(whole, batch_size=8, accumulation=2)
    found = losses_of(network(), pieces, parts)
    assert found == pytest.approx(losses_of(network(), pieces, whole), abs=1e-5)
    assert found[-1] < found[0]


def test_words_count_the_same_in_whichever_batch_they_are(network: Any, tiny_base: Path) -> None:
    about = {**ABOUT, "head": "token", "objective": "", "labels": ["x"], "scheme": "BIO"}
    made = network(about)
    pieces = [
        {"row": row, "ids": [2, *([9] * size), 3], "first": list(range(1, size + 1)), "size": size}
        | {"tags": [row % 2] * size}
        for row, size in enumerate([1, 9, 2, 8, 3, 7, 4, 6] * 2)
    ]
    whole = losses_of(made, pieces, PLAN, 1)
    parts = losses_of(network(about), pieces, replace(PLAN, batch_size=4, accumulation=4), 1)
    assert parts == pytest.approx(whole, abs=1e-5)


def test_accumulation_means_fewer_steps() -> None:
    assert replace(PLAN, batch_size=8, accumulation=2).steps(48) == PLAN.steps(48) == 6
    assert replace(PLAN, batch_size=8).steps(48) == 12


# --- steps and stopping ----------------------------------------------------------------------------------------------


def test_training_ends_at_its_limit_of_steps(network: Any, pieces: Any) -> None:
    outcome = trained(network(), pieces, replace(PLAN, max_steps=4), [0.1, 0.2, 0.3])
    assert [event.step for event in outcome.history] == [0, 3, 4]
    assert not outcome.stopped_early


def test_the_rate_falls_within_the_limit_of_steps() -> None:
    assert replace(PLAN, max_steps=4).steps(48) == 4
    assert replace(PLAN, max_steps=400).steps(48) == 6


def test_a_small_gain_does_not_count_for_the_patience(network: Any, pieces: Any) -> None:
    values = [0.1, 0.5, 0.51, 0.52, 0.53, 0.54]
    plan = replace(PLAN, epochs=5, patience=2)
    assert trained(network(), pieces, plan, values).epochs_run == 5
    least = trained(network(), pieces, replace(plan, min_gain=0.05), values)
    assert (least.epochs_run, least.stopped_early) == (3, True)


# --- the loss --------------------------------------------------------------------------------------------------------


def test_label_smoothing_is_its_formula(network: Any, pieces: Any) -> None:
    made, batch = network(), network().collate(pieces[:8])
    outputs = made(batch).detach()
    found = losses.criterion(made, replace(PLAN, label_smoothing=0.1))(outputs, batch)
    logs = functional.log_softmax(outputs, -1)
    own = -logs.gather(1, batch["targets"][:, None]).mean()
    assert float(found) == pytest.approx(float(0.9 * own - 0.1 * logs.mean()), abs=1e-6)


def test_several_labels_are_smoothed_each(network: Any, pieces: Any) -> None:
    made = network({**ABOUT, "objective": "several"})
    outputs = torch.zeros(2, 3)
    batch = {"targets": torch.tensor([[1.0, 0, 0], [0, 0, 1]])}
    smooth = losses.criterion(made, replace(PLAN, label_smoothing=0.2))
    found = smooth(outputs + 2.0, batch)
    targets = torch.tensor([[0.9, 0.1, 0.1], [0.1, 0.1, 0.9]])
    wanted = functional.binary_cross_entropy_with_logits(outputs + 2, targets) * 3
    assert float(found) == pytest.approx(float(wanted), abs=1e-6)


def test_validation_measures_the_plain_loss(network: Any, pieces: Any) -> None:
    made = network()
    losses_of(made, pieces, replace(PLAN, label_smoothing=0.4), 1)
    plain, _ = loop.measured(made, pieces, backbone.accelerator("fp32"))
    made.eval()
    batch = made.collate(pieces)
    wanted = functional.cross_entropy(made(batch), batch["targets"])
    assert plain == pytest.approx(float(wanted), abs=1e-5)


# --- optimizers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind", "rate"),
    [("adamw", "AdamW", 1e-3), ("sgd", "SGD", 1e-1), ("adafactor", "Adafactor", 1e-3), ("lion", "Lion", 3e-4)],
)  # fmt: skip
def test_every_optimizer_learns(
    network: Any, pieces: Any, name: str, kind: str, rate: float
) -> None:
    plan = replace(PLAN, optimizer=name, learning_rate=rate, head_learning_rate=10 * rate)
    made = network()
    assert type(optimizers.build(made, plan)).__name__ == kind
    found = losses_of(made, pieces, plan, 6)
    assert found[-1] < found[0]


def test_a_step_of_lion_is_the_sign_of_its_momentum() -> None:
    item = nn.Parameter(torch.tensor([1.0, 1.0, 1.0]))
    lion = optimizers.Lion([item], lr=0.1)
    lion.param_groups[0]["weight_decay"] = 0.5
    item.grad = torch.tensor([3.0, -0.2, 0.0])
    lion.step()
    assert torch.allclose(item, torch.tensor([0.85, 1.05, 0.95]))
    item.grad = torch.tensor([-0.1, 0.0, 0.0])
    lion.step()  # 0.9 * 0.03 - 0.1 * 0.1 is still above zero
    assert torch.allclose(item, torch.tensor([0.7075, 1.0975, 0.9025]))


def test_each_layer_learns_more_slowly_than_the_one_above(network: Any) -> None:
    made = network()
    plan = replace(PLAN, layer_decay=0.5)
    rates = {
        id(item): group["top"]
        for group in optimizers.build(made, plan).param_groups
        for item in group["params"]
    }
    by_name = {name: rates[id(item)] for name, item in made.named_parameters()}
    assert by_name["base.encoder.layer.1.output.dense.weight"] == pytest.approx(1e-3)
    assert by_name["base.encoder.layer.0.output.dense.weight"] == pytest.approx(5e-4)
    assert by_name["base.embeddings.word_embeddings.weight"] == pytest.approx(2.5e-4)
    assert by_name["head.weight"] == 1e-2
    assert len(by_name) == len(rates)


@pytest.mark.parametrize(
    ("name", "height"),
    [
        ("base.encoder.layer.0.attention.self.query.weight", 1),
        ("base.transformer.layer.5.ffn.lin1.weight", 6),
        ("base.layers.3.mlp.Wi.weight", 4),
        ("base.encoder.block.2.layer.0.SelfAttention.q.weight", 3),
        ("base.h.7.attn.c_attn.weight", 8),
        ("base.embeddings.LayerNorm.weight", 0),
        ("base.shared.weight", 0),
        ("base.wte.weight", 0),
        ("base.final_norm.weight", 12),
    ],
)
def test_the_height_of_a_weight_is_told_from_its_name(name: str, height: int) -> None:
    assert layers.height(name, 12) == height


# --- frozen parts ----------------------------------------------------------------------------------------------------

EMBEDDING, LOW, HIGH = "word_embeddings.weight", "layer.0.output.dense", "layer.1.output.dense"


def learnt(network: Any, pieces: Any, plan: Plan) -> dict[str, bool]:
    """By name, whether a weight is no longer bit for bit what it was."""
    before = {name: item.detach().clone() for name, item in network.named_parameters()}
    trained(network, pieces, plan, [0.1] * 9)
    return {
        name: not torch.equal(item, before[name])
        for name, item in network.named_parameters()
        if "pooler" not in name and "key.bias" not in name  # never have a gradient
    }


@pytest.mark.parametrize("optimizer", ["adamw", "sgd", "adafactor", "lion"])
@pytest.mark.parametrize(
    ("part", "lowest"), [("all", 0), ("layers", 1), ("top", 2), ("head_only", 3)]
)
def test_what_is_frozen_stays_bit_for_bit(
    network: Any, pieces: Any, part: str, lowest: int, optimizer: str
) -> None:
    plan = replace(PLAN, trained=part, top_layers=1, optimizer=optimizer, epochs=1)
    changed = learnt(network(), pieces, plan)
    for name, moved in changed.items():
        assert moved == (name.startswith("head.") or layers.height(name, 2) >= lowest), name


def test_with_each_epoch_more_is_thawed_from_the_top(network: Any, pieces: Any) -> None:
    plan = replace(PLAN, trained="gradual", epochs=8)
    made, lowest = network(), []
    for epoch in range(1, 9):
        freezing.thaw(made, plan, epoch)
        names = [name for name, item in made.named_parameters() if item.requires_grad]
        assert "head.weight" in names
        lowest.append(
            min(layers.height(n, 2) for n in names if n[:4] != "head") if names[2:] else 3
        )
    assert lowest == [3, 2, 1, 0, 0, 0, 0, 0]


def test_what_is_not_yet_thawed_has_not_moved(network: Any, pieces: Any) -> None:
    short = learnt(network(), pieces, replace(PLAN, trained="gradual", epochs=8, max_steps=3))
    assert {name for name, moved in short.items() if moved} == {"head.weight", "head.bias"}
    whole = learnt(network(), pieces, replace(PLAN, trained="gradual", epochs=4))
    assert all(whole.values())


def test_stored_vectors_give_the_same_training_without_the_base(network: Any, pieces: Any) -> None:
    plan = replace(PLAN, trained="head_only", dropout=0.0)
    plain = losses_of(network(), pieces, plan)
    made = network()
    known = last_of(vectors.Store(None, "").of(made, pieces))

    def never(*_: Any) -> None:
        raise AssertionError("the base was run")

    handle = made.base.register_forward_pre_hook(never)
    with freezing.stored(made.train(), [(pieces, known)]):
        assert losses_of(made, pieces, plan) == pytest.approx(plain, abs=1e-5)
    with pytest.raises(AssertionError):
        made(made.collate(pieces[:2]))
    handle.remove()


def test_what_is_thawed_later_goes_back_with_the_rest(network: Any, pieces: Any) -> None:
    made = network()
    data = loop.Data(pieces, lambda *_: loop.Judged(), labels=3)
    plan = replace(PLAN, trained="gradual", epochs=8)
    trainer = loop.Trainer(made, data, plan, backbone.accelerator("fp32"))
    freezing.thaw(made, plan, 1)
    trainer.step_back()
    held = sum(len(group["params"]) for group in trainer.optimizer.param_groups)
    assert held == len(list(made.parameters())) == len(trainer.good.weights)


# --- rare labels -----------------------------------------------------------------------------------------------------


def test_focal_loss_is_its_formula(network: Any, pieces: Any) -> None:
    made = network()
    batch = made.collate(pieces[:8])
    outputs = made(batch).detach()
    found = losses.criterion(made, replace(PLAN, focal=2.0))(outputs, batch)
    sure = torch.softmax(outputs, -1).gather(1, batch["targets"][:, None])
    assert float(found) == pytest.approx(float(((1 - sure) ** 2 * -sure.log()).mean()), abs=1e-6)


def test_focal_loss_knows_the_weights_of_labels(network: Any, pieces: Any) -> None:
    made = network()
    batch = made.collate(pieces[:8])
    outputs = made(batch).detach()
    made.balance = torch.tensor([1.0, 2.0, 0.5])
    found = losses.criterion(made, replace(PLAN, focal=1.0))(outputs, batch)
    sure = torch.softmax(outputs, -1).gather(1, batch["targets"][:, None])[:, 0]
    weights = made.balance[batch["targets"]]
    wanted = (weights * (1 - sure) * -sure.log()).sum() / weights.sum()
    assert float(found) == pytest.approx(float(wanted), abs=1e-6)


def test_oversampling_draws_every_label_equally_often() -> None:
    targets = [0] * 900 + [1] * 90 + [2] * 10
    shares = batches.evenly(targets)
    assert shares is not None
    assert [shares[:900].sum(), shares[900:990].sum(), shares[990:].sum()] == pytest.approx(
        [1 / 3] * 3
    )
    drawn = [row for batch in batches.training([5] * 1000, 32, 1, 1, shares) for row in batch]
    counts = np.bincount(np.array(targets)[drawn])
    assert len(drawn) == 1000
    assert counts == pytest.approx([333, 333, 333], abs=60)


def test_of_several_labels_the_rarest_counts_for_a_row() -> None:
    shares = batches.evenly([[1.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 0, 0]])
    assert shares == pytest.approx(np.array([4, 4, 12, 3]) / 23)
    assert batches.evenly([0.5, 1.5]) is None


def test_rare_rows_are_seen_more_often_by_training(network: Any, pieces: Any) -> None:
    rare = [{**piece, "target": int(row == 7)} for row, piece in enumerate(pieces)]
    seen = []
    for oversampling in (False, True):
        made = network()
        collate = made.collate
        made.collate = lambda some, c=collate: (
            seen.append(sum(p["target"] for p in some)),
            c(some),
        )[1]
        before = len(seen)
        trained(made, rare, replace(PLAN, oversampling=oversampling), [0.1] * 3)
        assert (sum(seen[before:]) > 20) == oversampling
