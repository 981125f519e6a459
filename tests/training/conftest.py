"""A base model of a few thousand weights, made here: real code paths, no real model."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from training import table
from training.spec import Spec, from_dict

WORDS = {
    "billing": [
        "invoice",
        "charge",
        "refund",
        "card",
        "payment",
        "price",
        "paid",
        "euro",
        "bill",
        "money",
    ],
    "login": [
        "password",
        "account",
        "login",
        "reset",
        "email",
        "code",
        "locked",
        "sign",
        "user",
        "access",
    ],
    "parcel": [
        "parcel",
        "delivery",
        "courier",
        "late",
        "tracking",
        "box",
        "arrived",
        "street",
        "door",
        "lost",
    ],
}
COMMON = [
    "the",
    "my",
    "a",
    "is",
    "was",
    "i",
    "it",
    "please",
    "help",
    "with",
    "to",
    "not",
    "and",
    "still",
    "why",
]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a BERT of two layers and a tokenizer that knows the words above."""
    pytest.importorskip("torch")
    return write_tiny_base(tmp_path_factory.mktemp("tiny-base"))


def write_tiny_base(folder: Path) -> Path:
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    letters = "abcdefghijklmnopqrstuvwxyz"
    pieces = [*SPECIAL, *letters, *(f"##{letter}" for letter in letters), "."]
    words = sorted({*COMMON, *(word for group in WORDS.values() for word in group)} - set(pieces))
    (folder / "vocab.txt").write_text("\n".join([*pieces, *words]) + "\n", encoding="utf-8")
    tokenizer = BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=64)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(folder)
    # It says how it is to be read, so that no run has to find out.
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode": "mean"}')
    return folder


@pytest.fixture(scope="session")
def cased_base(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, whose tokenizer tells capital letters from small ones."""
    import shutil

    from transformers import BertTokenizerFast

    folder = tmp_path_factory.mktemp("base") / "cased"
    shutil.copytree(tiny_base, folder)
    words = str(folder / "vocab.txt")
    BertTokenizerFast(words, model_max_length=64, do_lower_case=False).save_pretrained(folder)
    return folder


def rows_of(count: int, seed: int = 1) -> list[tuple[str, str]]:
    """(text, label) rows that can be learnt, none twice."""
    draw = random.Random(seed)
    found: dict[str, str] = {}
    while len(found) < count:
        label = draw.choice(list(WORDS))
        words = draw.choices(COMMON, k=draw.randint(2, 8)) + draw.choices(WORDS[label], k=2)
        draw.shuffle(words)
        found[" ".join(words)] = label
    return list(found.items())


def write_csv(
    path: Path, rows: Sequence[Sequence[str]], header: Sequence[str] = ("text", "label")
) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


@pytest.fixture(scope="session")
def tickets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 labelled rows as a CSV file."""
    return write_csv(tmp_path_factory.mktemp("data") / "tickets.csv", rows_of(120))


@pytest.fixture
def make_spec(tiny_base: Path, tickets: Path) -> Callable[..., Spec]:
    """A spec of a quick fine-tune; keywords are fields of it or settings."""

    def make(**given: Any) -> Spec:
        fields = {
            "task": "text-classification",
            "train": str(tickets),
            "columns": {"text": "text", "label": "label"},
            "base_folder": str(tiny_base),
            "effort": "quick",
        }
        # Trained once, not in each way that is tried of few rows.
        settings = {"epochs": 2, "learning_rate": 1e-3, "precision": "fp32", "few_shot": "off"}
        for name, value in given.items():
            target = fields if name in Spec.__dataclass_fields__ else settings
            target[name] = value
        return from_dict({**fields, "settings": settings})

    return make


def about_of(*labels: str) -> dict[str, Any]:
    """What attune.json says of a small model with one label a text."""
    return {
        "head": "sequence",
        "objective": "single",
        "labels": list(labels),
        "inputs": ["text"],
        "max_length": 32,
        "pad": 0,
    }


def quick(base: Path, rows: Path, **more: Any) -> Spec:
    """One label a text, trained once with the effort that takes the least time."""
    settings = {"few_shot": "off", **more.pop("settings", {})}
    return Spec(
        settings=settings,
        task="text-classification",
        train=str(rows),
        columns={"text": "text", "label": "label"},
        base_folder=str(base),
        effort="quick",
        **more,
    )


@pytest.fixture(scope="session")
def fitted(tiny_base: Path, tickets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run, with its events; read only."""
    from training.events import line
    from training.fit import fit

    folder = tmp_path_factory.mktemp("fitted")
    spec = quick(tiny_base, tickets, settings={"epochs": 3, "learning_rate": 1e-3})
    events = list(fit(spec, folder))
    (folder / "events.jsonl").write_text("".join(f"{line(event)}\n" for event in events))
    return folder


# --- files of JSON ---------------------------------------------------------------------------------------------------


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """Writes values as JSON, one a line or in one list."""

    def write(values: Sequence[Any], style: str = "lines") -> Path:
        path = tmp_path / "a.txt"
        lines = "".join(json.dumps(value) + "\n" for value in values)
        path.write_text(lines if style == "lines" else json.dumps(values, indent=1))
        return path

    return write


@pytest.fixture
def rows() -> Callable[[Path], list[dict[str, str]]]:
    """The rows of a file without their empty cells."""

    def read(path: Path) -> list[dict[str, str]]:
        found = table.read(path)
        pairs = (zip(found.columns, record.cells, strict=True) for record in found)
        return [{name: cell for name, cell in row if cell} for row in pairs]

    return read


@pytest.fixture
def faults() -> Callable[[Path], list[tuple[str, int]]]:
    def read(path: Path) -> list[tuple[str, int]]:
        return [(f.code, f.line) for record in table.read(path) for f in record.faults]

    return read
