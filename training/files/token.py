"""One answer a word: a linear layer over the state of its first token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.coding.token import (
    UNKNOWN,
    Entity,
    answers,
    is_inline,
    pieces,
    results,
    shifted,
    tags_of,
    unmarked,
)
from training.files.core import Batch, Encoder, Loaded, encoder_of, run, stacked, with_head


class Network(Encoder):
    def __init__(self, base: nn.Module, about: Mapping[str, Any], dropout: float = 0.0) -> None:
        hidden: int = base.config.hidden_size  # type: ignore[union-attr, assignment]
        super().__init__(base, about, hidden, len(tags_of(about)), dropout)

    def collate(self, pieces: Sequence[Mapping[str, Any]]) -> Batch:
        batch = super().collate(pieces)
        width = max(1, *(piece["size"] for piece in pieces))
        batch["first"] = stacked([piece["first"] for piece in pieces], width, 0)
        if all("tags" in piece for piece in pieces):
            batch["targets"] = stacked([piece["tags"] for piece in pieces], width, UNKNOWN)
        return batch

    def vectors(self, batch: Batch) -> Tensor:
        """(rows, words, hidden)."""
        states = self.states(batch)
        places = batch["first"].unsqueeze(-1).expand(-1, -1, states.shape[-1])
        return torch.gather(states, 1, places)

    def forward(self, batch: Batch) -> Tensor:
        """Logits (rows, words, tags)."""
        logits: Tensor = self.head(self.dropout(self.vectors(batch)))
        return logits

    def criterion(self, outputs: Tensor, batch: Batch) -> Tensor:
        """The mean loss of the words."""
        logits, targets = outputs.float().flatten(0, 1), batch["targets"].flatten()
        return functional.cross_entropy(logits, targets, ignore_index=UNKNOWN)


class Model(Loaded):
    def build(self, folder: Path) -> Encoder:
        return with_head(Network(encoder_of(folder), self.about), folder)

    def predict(self, records: Sequence[str | Mapping[str, str]]) -> list[dict[str, Any]]:
        """Marks in a text are no words of it, if they were none in training; offsets count the text as given."""
        if not is_inline(self.about):
            return super().predict(records)
        texts = [item if isinstance(item, str) else item["text"] for item in records]
        bare = [unmarked(text) for text in texts]
        found = super().predict([plain for plain, _places in bare])
        return [
            shifted(answer, text, places)
            for answer, text, (_plain, places) in zip(found, texts, bare, strict=True)
        ]

    def results(self, records: Sequence[Mapping[str, str]]) -> list[list[Entity]]:
        found = pieces(self.tokenizer, records, self.about["max_length"], self.about)
        return results(run(self.network, found), found, records, self.about)

    def answers(self, results: Any, records: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
        return answers(results, records, self.about)
