"""Texts of a small set, changed at random each time they are read, so that they are not learnt by heart.

All of it works without a network: words are left out, masked or swapped, or replaced by what lies nearest in the base's
own embedding (Wei and Zou 2019, arXiv 1901.11196, without its thesaurus). Mix-up (Zhang et al. 2018, arXiv 1710.09412)
mixes the vectors of two rows instead, and their labels with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.random import Generator as Draw
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from training.files.core import Batch
from training.plan import Plan

NONE, MIXUP, BACK = "none", "mixup", "back_translation"
OTHERWISE = 0.5  # how often a text is read as it was said otherwise
NEAR = 5  # neighbours of a token, of which one is drawn
ALIKE = 0.4  # cosine, below which two tokens are no neighbours
MIX = 0.4  # of the beta distribution: most rows are hardly mixed, some by half

Ints = NDArray[np.int64]
Piece = Mapping[str, Any]


@dataclass(frozen=True)
class Changer:
    """What is known of the base's tokens. `begins`: whether a token begins a word; special ones are never touched."""

    kind: str
    share: float  # of a text's words that are changed
    special: frozenset[int]
    begins: NDArray[np.bool_]
    mask: int | None = None
    near: Mapping[int, Ints] = field(default_factory=dict)
    otherwise: Mapping[int, Piece] = field(default_factory=dict)  # row -> it after a translation

    @property
    def tokens(self) -> set[int]:
        """Those that may come into a text without having stood in it."""
        found = {int(token) for tokens in self.near.values() for token in tokens}
        found |= {token for piece in self.otherwise.values() for token in piece["ids"]}
        return found | ({self.mask} if self.kind == "mask" and self.mask is not None else set())

    def __call__(self, piece: Piece, draw: Draw) -> Piece:
        """The piece with other `ids` (and `types`, where it has them); the same draw gives the same text."""
        if self.kind == BACK:
            return self.said_otherwise(piece, draw)
        ids = list(piece["ids"])
        places = {
            "dropout": self.without,
            "swap": self.swapped,
        }.get(self.kind)
        if places is None:
            return {**piece, "ids": self.replaced(ids, draw)}
        kept = places(ids, draw)
        moved = {
            name: [piece[name][at] for at in kept] for name in ("ids", "types") if name in piece
        }
        return {**piece, **moved}

    def said_otherwise(self, piece: Piece, draw: Draw) -> Piece:
        """Half of the time, where there is another way to say it."""
        other = self.otherwise.get(piece["row"])
        if draw.random() >= OTHERWISE or other is None:
            return piece
        return {**piece, **{name: other[name] for name in ("ids", "types") if name in other}}

    def words(self, ids: Sequence[int]) -> list[list[int]]:
        """Places of the tokens of each word; what stands on two sides of a special token is no one word."""
        found: list[list[int]] = []
        fresh = True
        for place, token in enumerate(ids):
            if token in self.special:
                fresh = True
                continue
            if fresh or self.begins[token]:
                found.append([])
            found[-1].append(place)
            fresh = False
        return found

    def chosen(self, words: Sequence[list[int]], draw: Draw) -> list[list[int]]:
        """Each by its share; always one of several, so that short texts change too."""
        if len(words) < 2:
            return []
        hit = draw.random(len(words)) < self.share
        if not hit.any():
            hit[draw.integers(len(words))] = True
        if hit.all():
            hit[draw.integers(len(words))] = False
        return [word for word, wanted in zip(words, hit, strict=True) if wanted]

    def without(self, ids: Sequence[int], draw: Draw) -> list[int]:
        gone = {place for word in self.chosen(self.words(ids), draw) for place in word}
        return [place for place in range(len(ids)) if place not in gone]

    def swapped(self, ids: Sequence[int], draw: Draw) -> list[int]:
        """Words that change places with the one after them; words of two texts do not."""
        order = list(range(len(ids)))
        words = self.words(ids)
        after = {word[0]: other for word, other in pairwise(words)}
        moved: set[int] = set()
        for word in self.chosen(words, draw):
            other = after.get(word[0], [])
            if other and other[0] == word[-1] + 1 and not moved & {word[0], other[0]}:
                order[word[0] : other[-1] + 1] = [*other, *word]
                moved |= {word[0], other[0]}
        return order

    def replaced(self, ids: list[int], draw: Draw) -> list[int]:
        """Masked, or by a neighbour where a token has one."""
        for word in self.chosen(self.words(ids), draw):
            for place in word:
                if self.kind == "mask" and self.mask is not None:
                    ids[place] = self.mask
                elif (found := self.near.get(ids[place])) is not None:
                    ids[place] = int(found[draw.integers(len(found))])
        return ids


def changer(
    plan: Plan,
    tokenizer: Any,
    table: Tensor,
    pieces: Iterable[Piece],
    otherwise: Mapping[int, Piece] | None = None,
) -> Changer | None:
    """For texts; None where there is nothing to change in them. `table` is the base's embedding (tokens, hidden),
    `otherwise` the rows after a translation there and back."""
    if plan.augmentation in (NONE, "auto", MIXUP):
        return None
    special, begins = frozenset(tokenizer.all_special_ids), beginnings(tokenizer, len(table))
    near: dict[int, Ints] = {}
    if plan.augmentation == "neighbours":
        known = sorted({token for piece in pieces for token in piece["ids"]} - special)
        near = neighbours(table.detach().float(), known, special, begins)
    mask = tokenizer.mask_token_id
    if plan.augmentation == "mask" and mask is None:
        mask = tokenizer.unk_token_id
    share = plan.augment_share
    return Changer(plan.augmentation, share, special, begins, mask, near, otherwise or {})


def beginnings(tokenizer: Any, count: int) -> NDArray[np.bool_]:
    """Whether a token begins a word, by the mark of its kind of tokenizer: ## within words, ▁ or Ġ before them."""
    tokens: list[str] = [
        token or "" for token in tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    ]
    found = np.ones(max(count, len(tokens)), bool)
    for marks, inside in (("##", True), ("▁", False), ("Ġ", False)):
        marked = np.array([token.startswith(marks) for token in tokens])
        if marked.mean() > 0.02:
            found[: len(tokens)] = marked != inside
            break
    return found


def neighbours(
    table: Tensor, known: Sequence[int], special: frozenset[int], begins: NDArray[np.bool_]
) -> dict[int, Ints]:
    """Token -> up to NEAR tokens whose vectors lie nearest, of the same kind: whole words for whole words."""
    unit = functional.normalize(table, dim=-1)
    out = torch.zeros(len(table), dtype=torch.bool)
    out[[token for token in special if token < len(table)]] = True
    first = torch.from_numpy(begins[: len(table)].copy())
    found = {}
    for start in range(0, len(known), 512):
        part = torch.tensor(known[start : start + 512])
        cosines = (unit[part.to(unit.device)] @ unit.T).cpu()
        cosines[:, out] = -1.0
        cosines[first[part][:, None] != first[None, :]] = -1.0
        cosines[torch.arange(len(part)), part] = -1.0
        best = cosines.topk(min(NEAR, len(table)), dim=-1)
        for token, values, tokens in zip(part.tolist(), best.values, best.indices, strict=True):
            if len(near := tokens[values >= ALIKE].numpy()):
                found[token] = near
    return found


def mixed(batch: Batch, draw: Draw) -> Batch:
    """The batch with what it is mixed with: `other` (rows,), numbers of rows, and `kept`, the share of its own."""
    rows = len(batch["ids"])
    other = torch.from_numpy(draw.permutation(rows))
    kept = float(draw.beta(MIX, MIX))
    return {**batch, "other": other, "kept": torch.tensor(max(kept, 1 - kept))}
