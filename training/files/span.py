"""Where an answer begins and ends: two numbers a token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.coding.span import Answer, answers, pieces, results
from training.files.core import Batch, Encoder, Loaded, encoder_of, run, with_head


class Network(Encoder):
    def __init__(self, base: nn.Module, about: Mapping[str, Any], dropout: float = 0.0) -> None:
        hidden: int = base.config.hidden_size  # type: ignore[union-attr, assignment]
        super().__init__(base, about, hidden, 2, dropout)

    def collate(self, pieces: Sequence[Mapping[str, Any]]) -> Batch:
        batch = super().collate(pieces)
        if all("target" in piece for piece in pieces):
            batch["targets"] = torch.tensor([piece["target"] for piece in pieces])
        return batch

    def forward(self, batch: Batch) -> Tensor:
        """Logits (rows, tokens, 2) of beginning and end; the first token stands for: no answer."""
        logits: Tensor = self.head(self.dropout(self.states(batch)))
        return logits

    def criterion(self, outputs: Tensor, batch: Batch) -> Tensor:
        """The mean loss of beginnings and ends; padding cannot be either."""
        hidden = (batch["mask"] == 0).unsqueeze(-1)
        logits = outputs.float().masked_fill(hidden, torch.finfo(torch.float32).min)
        losses = [
            functional.cross_entropy(logits[..., side], batch["targets"][:, side])
            for side in (0, 1)
        ]
        return (losses[0] + losses[1]) / 2


class Model(Loaded):
    def build(self, folder: Path) -> Encoder:
        return with_head(Network(encoder_of(folder), self.about), folder)

    def results(self, records: Sequence[Mapping[str, str]]) -> list[Answer]:
        found = pieces(self.tokenizer, records, self.about["max_length"], self.about)
        return results(run(self.network, found), found, records, self.about)

    def answers(self, results: Any, records: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
        return answers(results, records, self.about)
