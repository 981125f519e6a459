"""Label the texts of a CSV file with this model.

    python predict.py in.csv out.csv

Needs transformers and torch (see requirements.txt), fetches nothing, and stands alone: this folder is all there is.
The output holds every column of the input, then `predicted`, `probability` and one column `p_<label>` a label.
Texts are written as they came in: one that begins with =, +, - or @ may be run as a formula by a spreadsheet program.

From Python:  Model("this/folder").predict(["a text", "another"])
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # all files are here: no question to a hub
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoModel, AutoTokenizer
from transformers.utils import logging

logging.disable_progress_bar()

FORMAT = 1  # of attune.json and of the weights beside it
MULTIPLE = 8  # lengths are padded to a multiple of this, so that there are few shapes
TOKENS = 4096  # in one batch, padding included
ROWS = 64  # in one batch, at most
CHUNK = 4096  # rows read, labelled and written at a time


class Classifier(nn.Module):
    """A base model, the mean of its token vectors scaled to length 1, and a linear layer with one output a label."""

    def __init__(self, base: nn.Module, labels: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.base = base
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(base.config.hidden_size, labels)  # type: ignore[union-attr, arg-type]

    def vectors(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(rows, tokens) -> (rows, hidden), each of length 1."""
        states = self.base(input_ids=ids, attention_mask=mask).last_hidden_state.float()
        weights = mask.unsqueeze(-1).to(states.dtype)
        mean = (states * weights).sum(1) / weights.sum(1).clamp(min=1)
        return functional.normalize(mean, dim=-1)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(rows, tokens) -> logits (rows, labels)."""
        return self.head(self.dropout(self.vectors(ids, mask)))


class Prediction(NamedTuple):
    label: str
    probability: float
    probabilities: list[float]  # in the order of the model's labels


def clean(text: str) -> str:
    """The text without lone surrogates, which no tokenizer takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def tokenize(tokenizer: Any, texts: Sequence[str], max_length: int) -> list[list[int]]:
    """Token ids, special tokens included, cut to `max_length`."""
    if not texts:
        return []
    texts = [clean(text) for text in texts]
    return tokenizer(texts, truncation=True, max_length=max_length, padding=False)["input_ids"]


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


def collate(ids: Sequence[Sequence[int]], pad: int, limit: int) -> tuple[Tensor, Tensor]:
    """Token ids and attention mask, (rows, tokens), padded at the end; never longer than `limit`."""
    width = max(min(padded(max(map(len, ids))), limit), *map(len, ids), 1)
    rows = torch.full((len(ids), width), pad, dtype=torch.long)
    mask = torch.zeros((len(ids), width), dtype=torch.long)
    for number, row in enumerate(ids):
        rows[number, : len(row)] = torch.tensor(row, dtype=torch.long)
        mask[number, : len(row)] = 1
    return rows, mask


class Model:
    """A model folder, loaded in fp32. Holds `labels`, `max_length` and `text_column`."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        folder = Path(folder)
        about = json.loads((folder / "attune.json").read_text(encoding="utf-8"))
        if about["format"] != FORMAT:
            raise ValueError(f"{folder} has format {about['format']}; this program reads {FORMAT}.")
        self.labels: list[str] = about["labels"]
        self.max_length: int = about["max_length"]
        self.text_column: str = about["columns"]["text"]
        self.tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        base = AutoModel.from_pretrained(folder, local_files_only=True, dtype=torch.float32)
        self.network = Classifier(base, len(self.labels))
        self.network.head.load_state_dict(load_file(folder / "head.safetensors"))
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.network.to(self.device).eval()

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """One prediction a text, in order."""
        table = self.probabilities(tokenize(self.tokenizer, texts, self.max_length))
        best = table.argmax(-1).tolist()
        return [
            Prediction(self.labels[label], row[label], row)
            for label, row in zip(best, table.tolist(), strict=True)
        ]

    def probabilities(self, ids: Sequence[Sequence[int]]) -> Tensor:
        """Token ids -> (rows, labels) on the CPU, each row adding up to 1."""
        logits = run(self.network, ids, self.tokenizer.pad_token_id or 0, self.max_length)
        return logits.double().softmax(-1)


@torch.inference_mode()
def run(
    network: nn.Module, ids: Sequence[Sequence[int]], pad: int, limit: int, output: str = "forward"
) -> Tensor:
    """What the network's method `output` gives, one row a row of `ids`, in fp32 on the CPU."""
    device = next(network.parameters()).device
    parts, order = [], []
    for rows in batches([len(row) for row in ids]):
        tokens, mask = collate([ids[row] for row in rows], pad, limit)
        parts.append(getattr(network, output)(tokens.to(device), mask.to(device)).float().cpu())
        order += rows
    if not parts:
        return torch.zeros(0, network.head.out_features)  # type: ignore[union-attr, arg-type]
    result = torch.cat(parts)
    return torch.empty_like(result).index_copy_(0, torch.tensor(order), result)


class BadFile(Exception):
    """The input file cannot be used; says where and what to do."""


def text_at(header: Sequence[str], wanted: str) -> int:
    """The place of the column that holds the texts; the only column is taken whatever its name."""
    if wanted in header:
        return header.index(wanted)
    if len(header) == 1:
        return 0
    raise BadFile(
        f"No column “{wanted}” in the header ({', '.join(header)}). "
        "Name the one that holds the texts with --column."
    )


def added(header: Sequence[str], labels: Sequence[str]) -> list[str]:
    """Names of the new columns; one that the file has already gets a trailing underscore."""
    names: list[str] = []
    for name in ["predicted", "probability", *(f"p_{label}" for label in labels)]:
        while name in header or name in names:
            name += "_"
        names.append(name)
    return names


def full_rows(reader: Any, width: int) -> Iterator[list[str]]:
    """The rows that are not blank, short ones filled up."""
    for row in reader:
        if len(row) > width:
            raise BadFile(
                f"Line {reader.line_num}: {len(row)} cells where the header has {width}. "
                "Put texts with a comma in double quotes, or name the delimiter with --delimiter."
            )
        if row:
            yield row + [""] * (width - len(row))


def label_rows(
    model: Model, header: Sequence[str], rows: Iterator[list[str]], target: Any, column: str = ""
) -> int:
    """Writes the rows as CSV to `target` with the predictions added; returns their number."""
    place = text_at(header, column or model.text_column)
    writer = csv.writer(target)
    writer.writerow([*header, *added(header, model.labels)])
    count = 0
    while chunk := list(islice(rows, CHUNK)):
        for row, found in zip(chunk, model.predict([row[place] for row in chunk]), strict=True):
            figures = [f"{value:.6f}" for value in (found.probability, *found.probabilities)]
            writer.writerow([*row, found.label, *figures])
        count += len(chunk)
    return count


def read_rows(source: Iterable[str], delimiter: str) -> tuple[list[str], Iterator[list[str]]]:
    """The header of a CSV file, and its rows."""
    csv.field_size_limit(2**31 - 1)
    reader = csv.reader(source, delimiter=delimiter)
    header = next(reader, None)
    if not header:
        raise BadFile("The file is empty: a header line with column names was expected.")
    return header, full_rows(reader, len(header))


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("input", help="CSV file with a header line")
    parser.add_argument("output", help="CSV file to write")
    parser.add_argument("--column", default="", help="name of the column that holds the texts")
    parser.add_argument("--encoding", default="utf-8-sig", help="of the input (utf-8)")
    parser.add_argument("--delimiter", default=",", help="of the input (a comma)")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    wanted = arguments(argv)
    model = Model(Path(__file__).resolve().parent)
    try:
        with (
            Path(wanted.input).open(encoding=wanted.encoding, newline="") as source,
            Path(wanted.output).open("w", encoding="utf-8", newline="") as target,
        ):
            header, rows = read_rows(source, wanted.delimiter)
            count = label_rows(model, header, rows, target, wanted.column)
    except UnicodeDecodeError as error:
        sys.stderr.write(f"{wanted.input} is not {wanted.encoding} ({error}). Try --encoding.\n")
        return 2
    except (BadFile, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stderr.write(f"{count} rows labelled, written to {wanted.output}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
