"""Two marked things: the states of their opening marks and the mean of all, and a linear layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.coding.relation import UNKNOWN, answers, pieces, results
from training.files.core import Batch, Encoder, Loaded, encoder_of, mean, run, with_head


class Network(Encoder):
    def __init__(self, base: nn.Module, about: Mapping[str, Any], dropout: float = 0.0) -> None:
        hidden: int = base.config.hidden_size  # type: ignore[union-attr, assignment]
        super().__init__(base, about, 3 * hidden, len(about["labels"]), dropout)

    def collate(self, pieces: Sequence[Mapping[str, Any]]) -> Batch:
        batch = super().collate(pieces)
        batch["marks"] = torch.tensor([piece["marks"] for piece in pieces])
        if all("target" in piece for piece in pieces):
            batch["targets"] = torch.tensor([piece["target"] for piece in pieces])
        return batch

    def vectors(self, batch: Batch) -> Tensor:
        """(rows, 3 * hidden): head, tail and the whole text, each scaled to length 1."""
        states = self.states(batch)
        places = batch["marks"].unsqueeze(-1).expand(-1, -1, states.shape[-1])
        both = torch.gather(states, 1, places)
        whole = mean(states, batch["mask"]).unsqueeze(1)
        return functional.normalize(torch.cat([both, whole], 1), dim=-1).flatten(1)

    def forward(self, batch: Batch) -> Tensor:
        """Logits (rows, labels)."""
        logits: Tensor = self.head(self.dropout(self.vectors(batch)))
        return logits

    def criterion(self, outputs: Tensor, batch: Batch) -> Tensor:
        balance = self.balance if self.training else None
        return functional.cross_entropy(
            outputs.float(), batch["targets"], weight=balance, ignore_index=UNKNOWN
        )


class Model(Loaded):
    def build(self, folder: Path) -> Encoder:
        return with_head(Network(encoder_of(folder), self.about), folder)

    def results(self, records: Sequence[Mapping[str, str]]) -> Any:
        found = pieces(self.tokenizer, records, self.about["max_length"], self.about)
        return results(run(self.network, found), found, records, self.about)

    def answers(self, results: Any, records: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
        return answers(results, records, self.about)
