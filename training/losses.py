"""What training makes small where it is not the plain loss of the head. Validation always measures the plain one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.augment import MIXUP
from training.coding.sequence import SCORE, SEVERAL
from training.coding.shares import UNKNOWN
from training.files.core import Batch
from training.plan import Plan

WARMTH = 0.1  # what cosines are divided by where rows of a label compete with all others

Criterion = Callable[[Tensor, Batch], Tensor]


def outputs_of(network: Any, plan: Plan) -> Callable[[Batch], Tensor]:
    """batch -> what the loss is made of."""
    if plan.few_shot == "on":
        vectors: Callable[[Batch], Tensor] = network.vectors
        return vectors
    return partial(mixed, network) if plan.augmentation == MIXUP else network


def mixed(network: Any, batch: Batch) -> Tensor:
    """As the network answers, with each row's vector mixed with that of another; see training.augment."""
    vectors, kept = network.vectors(batch), batch["kept"]
    mix = kept * vectors + (1 - kept) * vectors[batch["other"]]
    logits: Tensor = network.head(network.dropout(mix))
    return logits


def criterion(network: Any, plan: Plan) -> Criterion:
    """(outputs, batch) -> the loss to train on."""
    if plan.few_shot == "on":
        return contrast
    own = of_rows(network, plan)
    return partial(of_mix, own) if plan.augmentation == MIXUP else own


def of_mix(own: Criterion, outputs: Tensor, batch: Batch) -> Tensor:
    """Both rows of a mix count, each by its share."""
    kept, other = batch["kept"], {**batch, "targets": batch["targets"][batch["other"]]}
    return kept * own(outputs, batch) + (1 - kept) * own(outputs, other)


def contrast(vectors: Tensor, batch: Batch) -> Tensor:
    """Khosla et al. 2020, arXiv 2004.11362: of all rows of the batch, those of the same label are to be the nearest.

    `vectors` (rows, hidden) have length 1. All pairs of a batch count, where SetFit draws some of them: a row is read
    once for as many pairs as there are rows.
    """
    targets, rows = batch["targets"], len(vectors)
    self = torch.eye(rows, dtype=torch.bool, device=vectors.device)
    same = (targets[:, None] == targets[None, :]) & ~self
    logits = (vectors.float() @ vectors.float().T / WARMTH).masked_fill(self, -1e4)
    shares = (logits.log_softmax(-1) * same).sum(-1)
    paired = same.any(-1)
    if not paired.any():
        return vectors.sum() * 0.0  # no pair, nothing to learn
    return -(shares[paired] / same.sum(-1)[paired]).mean()


def of_rows(network: Any, plan: Plan) -> Criterion:
    about = getattr(network, "about", {})
    if not (plan.label_smoothing or plan.focal) or about.get("objective") == SCORE:
        plain: Criterion = network.criterion
        return plain
    if about.get("objective") == SEVERAL:
        return partial(several, plan)
    return partial(single, plan, network)


def single(plan: Plan, network: Any, outputs: Tensor, batch: Batch) -> Tensor:
    """Of rows, or words, with one label each."""
    logits, targets = outputs.float().flatten(0, -2), batch["targets"].flatten()
    entropy = partial(functional.cross_entropy, logits, targets, ignore_index=UNKNOWN)
    mild = partial(
        entropy, weight=getattr(network, "balance", None), label_smoothing=plan.label_smoothing
    )
    if not plan.focal:
        return mild()
    each = doubt(entropy(reduction="none"), plan) * mild(reduction="none")
    return each.sum() / weight(network, batch)


def doubt(plain: Tensor, plan: Plan) -> Tensor:
    """Lin et al. 2017, arXiv 1708.02002: 0 for what the model is sure of, 1 for what it gets wrong."""
    # Powers below 1 have no slope at 0.
    return (1 - torch.exp(-plain)).clamp(min=1e-6) ** plan.focal


def several(plan: Plan, outputs: Tensor, batch: Batch) -> Tensor:
    """Of rows with any number of labels: each is a yes or no, and both are smoothed."""
    smooth = batch["targets"] * (1 - plan.label_smoothing) + plan.label_smoothing / 2
    entropy = partial(
        functional.binary_cross_entropy_with_logits, outputs.float(), reduction="none"
    )
    losses = entropy(smooth)
    if plan.focal:
        losses = losses * doubt(entropy(batch["targets"]), plan)
    return losses.sum(-1).mean()


def weight(network: Any, batch: Batch) -> float:
    """What the mean loss of a batch is the mean over: so much it counts among the batches of one step."""
    targets = batch["targets"]
    if targets.is_floating_point():
        return float(len(targets))
    known = targets[targets != UNKNOWN]
    by_label: Tensor | None = getattr(network, "balance", None)
    if by_label is None:
        return float(len(known))
    return float(torch.take(by_label.to(known.device), known).sum())


def balance(targets: Sequence[int], labels: int) -> Tensor:
    """One weight a label, higher for rare ones, 1 on average over the rows."""
    counts = np.bincount(np.asarray(targets), minlength=labels)
    return torch.tensor(len(targets) / np.maximum(counts, 1) / max(1, (counts > 0).sum())).float()
