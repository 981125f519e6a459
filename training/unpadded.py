"""Rows of a batch side by side in few sequences: next to nothing is computed for padding, and attention takes the
fastest way there is for the number format. What comes out is what the base gives for the rows one by one."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.files import core

# Bases whose tokens know one another by their positions and the mask alone, and where the positions begin:
# None stands for "after the number of the padding token".
FIRST_POSITION: dict[str, int | None] = {
    "bert": 0,
    "electra": 0,
    "roberta": None,
    "xlm-roberta": None,
    "camembert": None,
}
LEAST = 64  # tokens of a sequence that rows share
WORTH = 0.95  # share of the padded tokens, above which rows are left as they are
POOL = 1 << 22  # numbers that dropout draws once
Ints = npt.NDArray[np.int64]


def prepare(network: Any, number_format: str, *, again: bool = False) -> None:
    """Makes `network` read its batches without padding, where its base is known to allow it. `again`: layers are
    computed a second time on the way back, and have to draw the same random numbers.

    Dropout within attention is left out: on a processor it forbids every fast way of computing it (5 times slower
    for 384 tokens). Dropout elsewhere stays.
    """
    base = network.base
    if not able(base):
        return
    device = next(base.parameters()).device
    if device.type == "cpu":
        # Measured on a processor, forward and back: in bf16 the plain products are 2 to 4 times faster than the fused
        # kernel, in fp32 the fused one is twice as fast.
        base.set_attn_implementation("eager" if number_format == "bf16" else "sdpa")
        if not again:
            swap_dropout(base)
    still_attention(base)
    network.read = Unpadded(base, torch.bfloat16 if number_format == "bf16" else torch.float32)


def able(base: Any) -> bool:
    return base.config.model_type in FIRST_POSITION and not getattr(
        base.config, "is_decoder", False
    )


@contextmanager
def exact(network: Any) -> Generator[None, None, None]:
    """Inside, every network of a base reads without padding in fp32, and gives the same to the bit; whatever it was
    prepared for, it is so again afterwards."""
    base, before = network.base, network.__dict__.get("read")
    if not able(base):
        yield
        return
    attention = base.config._attn_implementation
    base.set_attn_implementation("sdpa")
    network.read = Unpadded(base, torch.float32)
    try:
        yield
    finally:
        base.set_attn_implementation(attention)
        del network.read
        if before is not None:
            network.read = before


def still_attention(base: nn.Module) -> None:
    for layer in base.modules():
        if type(layer).__name__.endswith("SelfAttention") and hasattr(layer, "dropout"):
            layer.dropout.p = 0.0  # type: ignore[union-attr]


@dataclass(frozen=True)
class Layout:
    """Where tokens stand: `source` in the padded batch, `segment` the row they belong to (-1: none), `position` in
    it; each (sequences, width)."""

    source: Ints
    segment: Ints
    position: Ints


class Unpadded:
    """(rows, tokens, hidden) of a padded batch; the states of padding are zeros."""

    def __init__(self, base: Any, number_format: torch.dtype) -> None:
        self.base, self.number_format = base, number_format
        first = FIRST_POSITION[base.config.model_type]
        self.first = base.config.pad_token_id + 1 if first is None else first

    def __call__(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None
    ) -> Tensor:
        rows, width = input_ids.shape
        # Counted before the batch went to its device: a GPU need not be asked, and waited for, at each step.
        known = getattr(attention_mask, core.LENGTHS, None)
        found = layout(known or attention_mask.sum(1).tolist(), width)
        taken = np.flatnonzero(found.segment.reshape(-1) >= 0)
        source, segment, position, kept = (
            core.sent(torch.from_numpy(item), input_ids.device)
            for item in (found.source, found.segment, found.position, taken)
        )
        given = {"input_ids": input_ids.reshape(-1)[source]}
        if token_type_ids is not None:
            given["token_type_ids"] = token_type_ids.reshape(-1)[source]
        states = self.base(
            **given,
            position_ids=position + self.first,
            attention_mask=self.mask(segment),
        ).last_hidden_state
        flat = states.reshape(-1, states.shape[-1])
        result = flat.new_zeros(rows * width, flat.shape[-1])
        return result.index_copy(0, source.view(-1)[kept], flat[kept]).view(rows, width, -1)

    def mask(self, segment: Tensor) -> Tensor:
        """(sequences, 1, width, width), to be added: tokens of a row see each other and nothing else."""
        apart = segment[:, None, :, None] != segment[:, None, None, :]
        kind = torch.float32
        if torch.is_autocast_enabled(segment.device.type):
            kind = self.number_format
        mask = torch.zeros(apart.shape, dtype=kind, device=segment.device)
        return mask.masked_fill_(apart, torch.finfo(kind).min / 2)


def layout(lengths: Sequence[int], width: int) -> Layout:
    """Rows of these lengths, padded to `width`, in as few sequences as is worth it."""
    longest = max(lengths, default=0)
    wide = min(max(LEAST, core.padded(longest)), max(width, LEAST))
    shares = together(lengths, wide)
    if len(shares) * wide > WORTH * len(lengths) * width:
        shares, wide = [[row] for row in range(len(lengths))], width
    source = np.zeros((len(shares), wide), np.int64)
    segment, position = np.full_like(source, -1), np.zeros_like(source)
    for place, rows in enumerate(shares):
        at = 0
        for row in rows:
            end = at + lengths[row]
            inside = np.arange(lengths[row])
            source[place, at:end], position[place, at:end] = row * width + inside, inside
            segment[place, at:end] = row
            at = end
    return Layout(source, segment, position)


def together(lengths: Sequence[int], width: int) -> list[list[int]]:
    """Rows that share a sequence: the longest first, each in the first sequence that has room."""
    room: list[int] = []
    shares: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lambda row: -lengths[row]):
        place = next((at for at, left in enumerate(room) if left >= lengths[row]), None)
        if place is None:
            room.append(width)
            shares.append([])
            place = len(room) - 1
        room[place] -= lengths[row]
        shares[place].append(row)
    return shares


def swap_dropout(base: nn.Module) -> None:
    """Every dropout layer of the base by one that draws its numbers once."""
    drawn: dict[tuple[float, torch.dtype], Tensor] = {}
    for layer in list(base.modules()):
        for name, inner in list(layer.named_children()):
            if isinstance(inner, nn.Dropout):
                setattr(layer, name, Dropout(inner.p, drawn).train(inner.training))


class Dropout(nn.Module):
    """As nn.Dropout; which numbers fall out is a random window of a long series that is drawn once.

    A processor draws 100 to 200 million numbers a second, which cost a tenth of the training time.
    """

    def __init__(self, p: float, drawn: dict[tuple[float, torch.dtype], Tensor]) -> None:
        super().__init__()
        self.p, self.drawn = p, drawn

    def forward(self, values: Tensor) -> Tensor:
        count = values.numel()
        if not self.training or self.p == 0:
            return values
        if count >= POOL:
            return functional.dropout(values, self.p)
        kind = (self.p, values.dtype)
        if kind not in self.drawn:
            # By the seed alone: whoever goes on with a training later draws the same.
            draw = torch.Generator().manual_seed(torch.initial_seed())
            kept = torch.rand(POOL, generator=draw) >= self.p
            self.drawn[kind] = kept.to(values.dtype) / (1 - self.p)
        begin = int(torch.randint(POOL - count, ()))
        return values * self.drawn[kind][begin : begin + count].view(values.shape)
