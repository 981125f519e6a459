"""What the networks of all heads share: batches of pieces, an encoder with a linear layer, a model folder loaded."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # all files are here: no question to a hub
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoModel, AutoTokenizer
from transformers.utils import logging

from training.files.soft import Soft, soft_of, with_soft

logging.disable_progress_bar()

# Of attune.json and of the weights beside it, that are read; the last one is written. 3: what the pooling is; 4: types
# of token that tell how words are written, and virtual tokens before a text.
FORMATS = (1, 2, 3, 4)
MEAN, FIRST = "mean", "first"  # what stands for a text: the mean of its tokens, or its first token
MULTIPLE = 8  # lengths are padded to a multiple of this, so that there are few shapes
TOKENS = 4096  # in one batch, padding included
ROWS = 64  # in one batch, at most
LENGTHS = "row_lengths"  # an attribute of a mask

Batch = dict[str, Tensor]


def padded(length: int) -> int:
    return -(-max(length, 1) // MULTIPLE) * MULTIPLE


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Row numbers in batches of like length, the longest first."""
    order = sorted(range(len(lengths)), key=lambda row: -lengths[row])
    start = 0
    while start < len(order):
        take = max(1, min(ROWS, TOKENS // padded(lengths[order[start]])))
        yield order[start : start + take]
        start += take


def stacked(rows: Sequence[Sequence[int]], width: int, fill: int) -> Tensor:
    """(rows, width), filled up at the end."""
    result = torch.full((len(rows), width), fill, dtype=torch.long)
    for number, row in enumerate(rows):
        result[number, : len(row)] = torch.tensor(row, dtype=torch.long)
    return result


def width_of(ids: Sequence[Sequence[int]], limit: int) -> int:
    """Tokens of a batch, padded; never longer than `limit`."""
    return max(min(padded(max(map(len, ids))), limit), *map(len, ids), 1)


class Encoder(nn.Module):
    """A base model and a linear layer over `wide` numbers. Pieces become batches by `collate`."""

    def __init__(
        self, base: nn.Module, about: Mapping[str, Any], wide: int, outputs: int, dropout: float
    ) -> None:
        super().__init__()
        self.base, self.about = base, about
        self.soft: Soft | None = None  # a prompt before every text
        self.shape: tuple[int, ...] = (wide,)  # of one vector
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(wide, outputs)
        self.balance: Tensor | None = None  # weight of each label in the loss

    def collate(self, pieces: Sequence[Mapping[str, Any]]) -> Batch:
        """`ids`, `mask` and, where pieces have them, `types`: (rows, tokens), padded at the end."""
        ids = [piece["ids"] for piece in pieces]
        width = width_of(ids, self.about["max_length"])
        ones = [[1] * len(row) for row in ids]
        batch = {"ids": stacked(ids, width, self.about["pad"]), "mask": stacked(ones, width, 0)}
        if any("types" in piece for piece in pieces):
            batch["types"] = stacked([piece.get("types", []) for piece in pieces], width, 0)
        return batch

    def states(self, batch: Batch) -> Tensor:
        """(rows, tokens, hidden) of the base."""
        given = {"input_ids": batch["ids"], "attention_mask": batch["mask"]}
        if "types" in batch:
            given["token_type_ids"] = batch["types"]
        if self.soft is None:
            return self.read(**given).float()
        return self.read(**self.soft.before(given))[:, self.soft.count :].float()

    def text(self, batch: Batch) -> Tensor:
        """(rows, hidden): each of length 1, pooled as the model says."""
        how = str(self.about.get("pooling") or MEAN)
        return functional.normalize(pooled(self.states(batch), batch, how), dim=-1)

    def read(self, **given: Tensor) -> Tensor:
        """What training puts something faster in the place of."""
        states: Tensor = self.base(**given).last_hidden_state
        return states


def mean(states: Tensor, mask: Tensor) -> Tensor:
    """(rows, hidden): the mean over the tokens that are not padding."""
    weights = mask.unsqueeze(-1).to(states.dtype)
    return (states * weights).sum(1) / weights.sum(1).clamp(min=1)


def pooled(states: Tensor, batch: Batch, how: str) -> Tensor:
    """(rows, hidden): one vector for each text."""
    return states[:, 0] if how == FIRST else mean(states, batch["mask"])


def sent(values: Tensor, device: torch.device) -> Tensor:
    """To the device; to a GPU out of pinned memory, so that nothing waits for the copy."""
    if device.type != "cuda":
        return values.to(device)
    return values.pin_memory().to(device, non_blocking=True)


def moved(batch: Batch, device: torch.device) -> Batch:
    """`mask` keeps the number of tokens of each row as plain numbers."""
    found = {name: sent(values, device) for name, values in batch.items()}
    if "mask" in batch and batch["mask"].dim() == 2:
        setattr(found["mask"], LENGTHS, batch["mask"].sum(-1).tolist())
    return found


def run(
    network: Any,
    pieces: Sequence[Mapping[str, Any]],
    output: str = "forward",
    watch: Callable[[Tensor, Batch], None] | None = None,
) -> list[NDArray[np.float32]]:
    """What the network's method `output` gives for every piece, in order, in fp32.

    A piece with a `size` has so many outputs of its own. `watch` sees each batch with its outputs.
    """
    device = next(network.parameters()).device
    found: list[Any] = [None] * len(pieces)
    # What a network that is divided among devices brings together lies where training brings it together, too.
    quiet = torch.no_grad() if getattr(network, "divided", False) else torch.inference_mode()
    for rows in batches([len(piece["ids"]) for piece in pieces]):
        chosen = [pieces[row] for row in rows]
        batch = moved(network.collate(chosen), device)
        with quiet:
            # Called as a whole, so that what is hung around it has its turn.
            outputs = network(batch) if output == "forward" else getattr(network, output)(batch)
            if watch:
                watch(outputs, batch)
            values = outputs.float().cpu().numpy()
        for row, piece, value in zip(rows, chosen, values, strict=True):
            found[row] = value[: piece["size"]] if "size" in piece else value
    return found


def read_about(folder: Path) -> dict[str, Any]:
    """What attune.json says. Raises ValueError for a format that this program does not know."""
    about: dict[str, Any] = json.loads((folder / "attune.json").read_text(encoding="utf-8"))
    if about["format"] not in FORMATS:
        raise ValueError(
            f"{folder} has format {about['format']}; this program reads up to {FORMATS[-1]}."
        )
    old = {"head": "sequence", "objective": "single", "inputs": ["text"], "variant": "single"}
    return {**(old if about["format"] == 1 else {}), **about}


class Loaded:
    """A model folder, loaded in fp32. `inputs` are the roles that a record has; `columns` their names in a file."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        folder = Path(folder)
        self.about = read_about(folder)
        self.tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self.about.setdefault("pad", self.tokenizer.pad_token_id or 0)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        network = with_soft(self.build(folder), soft_of(folder, self.about))
        self.network = network.to(self.device).eval()

    def build(self, folder: Path) -> Any:
        raise NotImplementedError

    def results(self, records: Sequence[Mapping[str, str]]) -> Any:
        """One item a record, as the head's coding knows them."""
        raise NotImplementedError

    def answers(self, results: Any, records: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
        raise NotImplementedError

    @property
    def labels(self) -> list[str]:
        return list(self.about["labels"])

    @property
    def inputs(self) -> list[str]:
        return list(self.about["inputs"])

    def column(self, role: str) -> str:
        """The name of the column that held this role in the training data."""
        return str(self.about["columns"].get(role) or role)

    def predict(self, records: Sequence[str | Mapping[str, str]]) -> list[dict[str, Any]]:
        """One answer a record, in order. A record is {role: text}, or a text where there is one role."""
        given = [{self.inputs[0]: item} if isinstance(item, str) else item for item in records]
        return self.answers(self.results(given), given)


def encoder_of(folder: Path) -> nn.Module:
    base: nn.Module = AutoModel.from_pretrained(folder, local_files_only=True, dtype=torch.float32)
    return base


def with_head(network: Encoder, folder: Path) -> Encoder:
    network.head.load_state_dict(load_file(folder / "head.safetensors"))
    return network
