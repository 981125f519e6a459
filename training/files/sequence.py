"""A row as a whole: one vector for all of its tokens, scaled to length 1, and a linear layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.coding.sequence import SCORE, SEVERAL, UNKNOWN, answers, pieces, results
from training.coding.shares import belonging, ranked, value_name
from training.files.core import (
    Batch,
    Encoder,
    Loaded,
    encoder_of,
    run,
    with_head,
)


class Network(Encoder):
    """One output a label, or one for a score."""

    def __init__(self, base: nn.Module, about: Mapping[str, Any], dropout: float = 0.0) -> None:
        hidden: int = base.config.hidden_size  # type: ignore[union-attr, assignment]
        super().__init__(base, about, hidden, max(1, len(about["labels"])), dropout)

    def collate(self, pieces: Sequence[Mapping[str, Any]]) -> Batch:
        batch = super().collate(pieces)
        if all("target" in piece for piece in pieces):
            whole = self.about["objective"] not in (SCORE, SEVERAL)
            kind = torch.long if whole else torch.float32
            batch["targets"] = torch.tensor([piece["target"] for piece in pieces], dtype=kind)
        return batch

    def vectors(self, batch: Batch) -> Tensor:
        """(rows, hidden), each of length 1."""
        return self.text(batch)

    def forward(self, batch: Batch) -> Tensor:
        """Logits (rows, labels)."""
        logits: Tensor = self.head(self.dropout(self.vectors(batch)))
        return logits

    def criterion(self, outputs: Tensor, batch: Batch) -> Tensor:
        """The mean loss of the rows; a label that training does not know has none."""
        logits, targets = outputs.float(), batch["targets"]
        if self.about["objective"] == SCORE:
            return functional.mse_loss(logits[:, 0], targets)
        if self.about["objective"] == SEVERAL:
            # The sum over the labels: a mean would make steps smaller the more labels there are.
            losses = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
            return losses.sum(-1).mean()
        balance = self.balance if self.training else None
        return functional.cross_entropy(logits, targets, weight=balance, ignore_index=UNKNOWN)


class Model(Loaded):
    def build(self, folder: Path) -> Encoder:
        return with_head(Network(encoder_of(folder), self.about), folder)

    def results(self, records: Sequence[Mapping[str, str]]) -> Any:
        found = pieces(self.tokenizer, records, self.about["max_length"], self.about)
        return results(run(self.network, found), found, records, self.about)

    def answers(self, results: Any, records: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
        return answers(results, records, self.about)

    @property
    def searches(self) -> bool:
        """Whether of two texts it says that they belong together, so that one can be looked up in a list."""
        told = self.about["objective"] == SCORE or "together" in self.about
        return told and len(self.inputs) == 2

    @property
    def ranks_by(self) -> str:
        return value_name(self.about)

    def nearest(
        self, text: str, candidates: Sequence[str], most: int = 10, vectors: None = None
    ) -> list[dict[str, Any]]:
        """The candidates that belong to the text most, best first: {"place", "text", "probability" or "score"}.

        The text is read with each of them, so that there is nothing to keep of a list (`vectors`).
        """
        first, second = self.inputs
        read = self.results([{first: text, second: other} for other in candidates])
        values = belonging(read, self.about)
        return ranked(values, candidates, most, {self.ranks_by: values})
