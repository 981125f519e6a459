"""Virtual tokens that were learnt to stand before every text, beside a base that stayed as it came.

A prompt is their embeddings (Lester et al. 2021, arXiv 2104.08691); a prefix is what each layer would remember of them,
its keys and values (Li and Liang 2021, arXiv 2101.00190). Neither can be put into the weights of the base. The file
with them is as peft writes and reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional
from transformers import DynamicCache, EncoderDecoderCache

PROMPT, PREFIX = "prompt", "prefix"
SOFT = "soft"  # in attune.json: what is said of them
SOFT_FILE, SOFT_NAME = "adapter/adapter_model.safetensors", "prompt_embeddings"


class Soft(nn.Module):
    """`weight`: of a prompt (tokens, hidden), of a prefix (tokens, layers * 2 * heads * size).

    A prompt's tokens have numbers, which begin after those of the base: `first`.
    """

    def __init__(self, kind: str, values: Tensor, layers: int = 0, heads: int = 0) -> None:
        super().__init__()
        self.kind, self.layers, self.heads, self.first = kind, layers, heads, 0
        self.weight = nn.Parameter(values.detach().float().clone())

    @property
    def count(self) -> int:
        return len(self.weight)

    @property
    def about(self) -> dict[str, Any]:
        own = {"kind": self.kind, "tokens": self.count, "layers": self.layers, "heads": self.heads}
        return {SOFT: own}

    def join(self, base: Any) -> None:
        """From now on the base looks up the tokens of a prompt as it does its own."""
        if self.kind == PROMPT:
            whole = base.get_input_embeddings()
            self.first = int(whole.weight.shape[0])
            base.set_input_embeddings(Words(whole, self))

    def leave(self, base: Any) -> None:
        """The base is as it came."""
        words = base.get_input_embeddings()
        if isinstance(words, Words):
            base.set_input_embeddings(words.whole)

    @property
    def ids(self) -> list[int]:
        """What stands before the tokens of a text: nothing, of a prefix."""
        return list(range(self.first, self.first + self.count)) if self.kind == PROMPT else []

    def before(self, given: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """`given` to a base, (rows, tokens) each, with a prompt before every row."""
        ids = torch.tensor(self.ids, dtype=torch.long, device=given["input_ids"].device)
        own = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        return {
            name: torch.cat([own.get(name, ids * 0).expand(len(item), -1).to(item), item], 1)
            for name, item in given.items()
        }

    def cache(self, rows: int, decodes: bool) -> Any:
        """What the layers remember of a prefix, for so many rows; `decodes`: those of a decoder after an encoder."""
        # As peft lays it out: key and value of the first layer, then those of the next one.
        known = self.weight.view(self.count, 2 * self.layers, self.heads, -1).permute(1, 2, 0, 3)
        known = known.unsqueeze(1).expand(-1, rows, -1, -1, -1)
        own = DynamicCache([(known[2 * n], known[2 * n + 1]) for n in range(self.layers)])
        return EncoderDecoderCache(own, DynamicCache()) if decodes else own


class Words(nn.Module):
    """The embedding of a base, and after it that of virtual tokens, which is no part of the base."""

    def __init__(self, whole: Any, soft: Soft) -> None:
        super().__init__()
        self.whole, self._soft = whole, (soft,)

    @property
    def weight(self) -> Tensor:
        found: Tensor = self.whole.weight
        return found

    def forward(self, ids: Tensor) -> Tensor:
        (soft,) = self._soft
        virtual = ids >= soft.first
        plain: Tensor = self.whole(ids.masked_fill(virtual, 0))
        learnt = functional.embedding((ids - soft.first).clamp(min=0), soft.weight)
        return torch.where(virtual.unsqueeze(-1), learnt.to(plain.dtype), plain)


def soft_of(folder: Path, about: Mapping[str, Any]) -> Soft | None:
    """The virtual tokens in a model folder; None where its base was trained itself."""
    told = about.get(SOFT)
    if not told:
        return None
    values = load_file(folder / SOFT_FILE)[SOFT_NAME]
    return Soft(told["kind"], values, told["layers"], told["heads"])


def with_soft(network: Any, soft: Soft | None) -> Any:
    """The network reads with the virtual tokens; None: without any."""
    if network.soft is not None:
        network.soft.leave(network.base)
    network.soft = soft
    if soft is not None:
        soft.join(network.base)
    return network
