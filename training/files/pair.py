"""Two texts, each read by itself: one vector for each, scaled to length 1. What is near belongs together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.coding.pair import (
    SCORE,
    UNKNOWN,
    answers,
    meaning,
    pieces,
    ranked,
    results,
    tokenized,
    value_name,
)
from training.files.core import Batch, Encoder, Loaded, encoder_of, run

SHARP = 20.0  # what cosines are multiplied with where texts of a batch compete
RANKING = 0.5  # weight of that competition beside the loss of the pairs themselves


class Network(Encoder):
    """There is no layer over the base: `about["calibration"]` says what a cosine means."""

    def __init__(self, base: nn.Module, about: Mapping[str, Any], dropout: float = 0.0) -> None:
        hidden: int = base.config.hidden_size  # type: ignore[union-attr, assignment]
        super().__init__(base, about, hidden, 1, dropout)
        self.head = nn.Identity()  # type: ignore[assignment]
        self.shape = (2, hidden)

    def collate(self, pieces: Sequence[Mapping[str, Any]]) -> Batch:
        """Of pairs also the second texts, `other_ids` and `other_mask`; pieces of one text make the plain batch."""
        if any("first" not in piece for piece in pieces):
            return super().collate(pieces)
        sides = [
            [{"ids": piece["ids"][: piece["first"]]} for piece in pieces],
            [{"ids": piece["ids"][piece["first"] :]} for piece in pieces],
        ]
        one, other = map(super().collate, sides)
        batch = one | {f"other_{name}": values for name, values in other.items()}
        batch["same"] = numbered([tuple(piece["ids"]) for side in sides for piece in side])
        if all("target" in piece for piece in pieces):
            kind = torch.float32 if self.about["objective"] == SCORE else torch.long
            batch["targets"] = torch.tensor([piece["target"] for piece in pieces], dtype=kind)
        return batch

    def single(self, batch: Batch) -> Tensor:
        """(rows, hidden): the vector of each text, of length 1."""
        return self.text(batch)

    def vectors(self, batch: Batch) -> Tensor:
        """(rows, 2, hidden)."""
        other = {"ids": batch["other_ids"], "mask": batch["other_mask"]}
        return torch.stack([self.single(batch), self.single(other)], 1)

    def forward(self, batch: Batch) -> Tensor:
        return self.vectors(batch)

    def criterion(self, outputs: Tensor, batch: Batch) -> Tensor:
        """The mean loss of the rows; a label that training does not know has none."""
        first, second = outputs.float().unbind(1)
        slope, offset = self.about["calibration"]
        found, targets = slope * (first * second).sum(-1) + offset, batch["targets"]
        if self.about["objective"] == SCORE:
            return functional.mse_loss(found, targets)
        together = targets == self.about["labels"].index(self.about["together"])
        known = targets != UNKNOWN
        pairs = functional.binary_cross_entropy_with_logits(found[known], together[known].float())
        if not together.any():
            return pairs
        return pairs + RANKING * competition(first, second, together, batch["same"])


def numbered(texts: Sequence[tuple[int, ...]]) -> Tensor:
    """The same number for the same text."""
    known: dict[tuple[int, ...], int] = {}
    return torch.tensor([known.setdefault(text, len(known)) for text in texts])


def competition(first: Tensor, second: Tensor, together: Tensor, same: Tensor) -> Tensor:
    """Each first text has to find its own second one among all second texts of the batch.

    `same` numbers the texts, first ones before second ones. Copies of a text, and what is known to belong to it, do not
    compete.
    """
    one, other = same.chunk(2)
    queries = together.nonzero()[:, 0]
    belongs = (one[queries, None] == one[None, :]) & together[None, :]
    # A second text that stands in several rows belongs to the query if it does so in one of them.
    also = belongs.float() @ (other[:, None] == other[None, :]).float() > 0
    out = also | (other[None, :] == one[queries, None])
    out[torch.arange(len(queries)), queries] = False
    logits = SHARP * first[queries] @ second.T
    return functional.cross_entropy(logits.masked_fill(out, -1e4), queries)


class Model(Loaded):
    """Of two texts it says whether they belong together; of one text, what is nearest in a list."""

    searches, ranks_by = True, "similarity"

    def build(self, folder: Path) -> Encoder:
        return Network(encoder_of(folder), self.about)

    def results(self, records: Sequence[Mapping[str, str]]) -> Any:
        found = pieces(self.tokenizer, records, self.about["max_length"], self.about)
        return results(run(self.network, found), found, records, self.about)

    def answers(self, results: Any, records: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
        return answers(results, records, self.about)

    def vectors(self, texts: Sequence[str]) -> Any:
        """(texts, hidden), each of length 1: their products are the similarities. Keep those of a list that stays."""
        found = tokenized(self.tokenizer, texts, self.about["max_length"])
        hidden = self.network.base.config.hidden_size
        return np.asarray(run(self.network, found, "single"), np.float32).reshape(-1, hidden)

    def nearest(
        self, text: str, candidates: Sequence[str], most: int = 10, vectors: Any = None
    ) -> list[dict[str, Any]]:
        """The candidates nearest to the text, best first: {"place", "text", "similarity", "probability" or "score"}.

        `vectors` are those of the candidates, where they are known already.
        """
        known = self.vectors(candidates) if vectors is None else vectors
        alike = (known @ self.vectors([text])[0]).astype(float)
        said = {"similarity": alike, value_name(self.about): meaning(alike, self.about)}
        return ranked(alike, candidates, most, said)
