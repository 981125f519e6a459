"""Training only those rows of the embedding whose tokens occur: all others have no gradient anyway."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

WORTH = 0.5  # share of the vocabulary above which all of it is trained


class Used(nn.Module):
    """Looks up tokens in the rows of `tokens` alone. A token that is not among them is an IndexError."""

    def __init__(self, whole: nn.Embedding, tokens: Tensor) -> None:
        super().__init__()
        self.tokens = tokens
        self.weight = nn.Parameter(
            whole.weight.detach()[tokens].clone(), requires_grad=whole.weight.requires_grad
        )
        places = torch.full((whole.num_embeddings,), len(tokens), device=tokens.device)
        places[tokens] = torch.arange(len(tokens), device=tokens.device)
        self.register_buffer("places", places, persistent=False)
        self.padding: int | None = None
        if whole.padding_idx is not None:
            self.padding = int(places[whole.padding_idx])

    def forward(self, ids: Tensor) -> Tensor:
        places: Tensor = self.places  # type: ignore[assignment]
        return functional.embedding(places[ids], self.weight, self.padding)


class Words:
    """The embedding of a base, cut to the tokens of some pieces while it is trained."""

    def __init__(self, base: Any, used: Used | None = None) -> None:
        self.base, self.whole, self.used = base, base.get_input_embeddings(), used

    @contextmanager
    def restored(self) -> Generator[None, None, None]:
        """The base as it came, with what was learnt."""
        if self.used is None:
            yield
            return
        with torch.no_grad():
            self.whole.weight[self.used.tokens] = self.used.weight
        self.base.set_input_embeddings(self.whole)
        try:
            yield
        finally:
            self.base.set_input_embeddings(self.used)


@contextmanager
def cut(
    base: Any,
    pieces: Iterable[Mapping[str, Any]],
    pad: int,
    learns: bool = True,
    more: Iterable[int] = (),
) -> Generator[Words, None, None]:
    """Nothing is cut where the embedding does not learn: no step touches it. `more` are tokens beside the pieces'.

    AdamW writes all of its state for every row at each step, touched or not; for 30,000 tokens and a small base that
    is half of all parameters. The result is the same but that rows without a gradient do not decay either.
    """
    words = Words(base)
    whole, known = words.whole, {token for piece in pieces for token in piece["ids"]} | {pad}
    known |= set(more)
    if learns and type(whole) is nn.Embedding and len(known) < WORTH * whole.num_embeddings:
        known |= {whole.padding_idx} - {None}
        words.used = Used(whole, torch.tensor(sorted(known), device=whole.weight.device))
        base.set_input_embeddings(words.used)
    try:
        yield words
    finally:
        with words.restored():
            words.used = None
        base.set_input_embeddings(whole)
