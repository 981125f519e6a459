"""Training texts said otherwise: translated into another language and back (Sennrich et al. 2016, arXiv 1511.06709)."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from training import backbone, catalogue, pivots
from training.catalogue import Base
from training.coding.prompts import SEQ2SEQ
from training.files import text as writers
from training.validation import language

LOOKED = 200  # texts that tell the language
LONGEST = 256  # tokens of a text that is translated; what is longer stays as it is


def said_otherwise(
    texts: Sequence[str], bases_dir: str | Path = ""
) -> Generator[float, None, list[str]]:
    """Each text as it comes back, "" where it comes back as it was or not at all; yields the share that is done.

    Raises Problem(`train.no_way_back`, `base.*`).
    """
    some = texts[:: max(1, len(texts) // LOOKED)]
    there, back = pivots.chosen(language.mix(some), bases_dir)
    abroad = yield from _translated(texts, there, bases_dir, 0.0)
    home = yield from _translated(abroad, back, bases_dir, 0.5)
    return [
        new if new.casefold() != old.casefold() else ""
        for old, new in zip(texts, home, strict=True)
    ]


def _translated(
    texts: Sequence[str], base: Base, bases_dir: str | Path, begin: float
) -> Generator[float, None, list[str]]:
    """By greedy choice: the same texts always come out the same."""
    folder = catalogue.locate(base.id, bases_dir)
    tokenizer = backbone.tokenizer(folder)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = writers.writer_of(folder, SEQ2SEQ).to(device).eval()
    about = {"objective": SEQ2SEQ, "pad": tokenizer.pad_token_id or 0, "max_new_tokens": LONGEST}
    pieces = [
        {"row": row, "ids": ids}
        for row, text in enumerate(texts)
        if text.strip() and len(ids := tokenizer(text, verbose=False)["input_ids"]) <= LONGEST
    ]
    found = [""] * len(texts)
    said = writers.Writer(model, tokenizer, about).texts(pieces)
    for done, (place, text) in enumerate(said, start=1):
        found[pieces[place]["row"]] = text
        yield begin + 0.5 * done / len(pieces)
    return found


def alternatives(
    pieces: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]]
) -> dict[int, Mapping[str, Any]]:
    """Row -> its piece said otherwise, for rows that are one piece either way. `others` are of the same rows."""
    counted: dict[int, list[Mapping[str, Any]]] = {}
    for piece in (*pieces, *others):
        counted.setdefault(piece["row"], []).append(piece)
    return {row: found[1] for row, found in counted.items() if len(found) == 2}
