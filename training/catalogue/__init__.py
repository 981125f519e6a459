"""The base models that can be fine-tuned, as data, and where their files lie on this machine."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from training.catalogue import own
from training.catalogue.encoders import ENCODERS
from training.catalogue.generative import GENERATIVE
from training.catalogue.shape import (
    CAUSAL,
    ENCODER,
    KINDS,
    NPM,
    PIP,
    SEQ2SEQ,
    Archive,
    Base,
    Folder,
    Hub,
    Package,
    Part,
    Source,
    kinds_of,
    suits,
)
from training.problems import Problem

__all__ = [
    "BASES",
    "CAUSAL",
    "DEFAULT",
    "DEFAULT_GENERATIVE",
    "ENCODER",
    "KINDS",
    "NPM",
    "PIP",
    "SEQ2SEQ",
    "Archive",
    "Base",
    "Folder",
    "Hub",
    "Package",
    "Part",
    "Source",
    "available",
    "default_for",
    "every",
    "find",
    "home",
    "hub_allowed",
    "install_allowed",
    "installable",
    "is_here",
    "kinds_of",
    "locate",
    "missing_client",
    "missing_files",
    "place",
    "suits",
]

DEFAULT = "minilm-l6"
DEFAULT_GENERATIVE = "smollm2-135m-instruct"
WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
TOKENIZERS = (
    "tokenizer.json",
    "vocab.txt",
    "spiece.model",
    "sentencepiece.bpe.model",
    "spm.model",
    "source.spm",
)
# What comes with Attune. An operator's own stand in a file: see `every`.
BASES: dict[str, Base] = {base.id: base for base in (*ENCODERS, *GENERATIVE)}


def every(bases_dir: str | Path = "") -> dict[str, Base]:
    """With those that the operator added; one of the same id goes before ours."""
    return {**BASES, **own.read(bases_dir or home())}


def home(environment: Mapping[str, str] | None = None) -> str:
    """The folder of the bases where none is named; empty without ATTUNE_HOME."""
    value = (os.environ if environment is None else environment).get("ATTUNE_HOME", "")
    return str(Path(value) / "bases") if value else ""


def find(base_id: str, bases_dir: str | Path = "") -> Base:
    """Raises Problem(`base.unknown`)."""
    known = every(bases_dir)
    if base_id not in known:
        raise Problem("base.unknown", base=base_id, known=", ".join(known))
    return known[base_id]


def default_for(task: str, variant: str = "") -> str:
    """The base that comes first for a task in English."""
    return DEFAULT if ENCODER in kinds_of(task, variant) else DEFAULT_GENERATIVE


def locate(base_id: str, bases_dir: str | Path = "") -> Path:
    """The folder with the base's files. Raises Problem(`base.unknown`, `base.missing`, `base.broken`)."""
    base = find(base_id, bases_dir)
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
    mine = Path(bases_dir) / base.id if bases_dir else None
    if mine is not None and mine.is_dir():
        return mine
    if isinstance(base.source, Package):
        return _of_package(base.source)
    if isinstance(base.source, Folder):
        return Path(base.source.path)
    return mine


def is_here(base: Base, bases_dir: str | Path = "") -> bool:
    """Whether all its files are on this machine."""
    folder = place(base, bases_dir)
    return folder is not None and folder.is_dir() and not missing_files(folder)


def missing_files(folder: Path) -> str:
    """The first thing that a base folder lacks, or nothing."""
    if not (folder / "config.json").is_file():
        return "config.json"
    if not any((folder / name).is_file() for name in WEIGHTS):
        return WEIGHTS[0]
    return "" if any((folder / name).is_file() for name in TOKENIZERS) else TOKENIZERS[0]


def available(
    base_id: str, bases_dir: str | Path = "", environment: Mapping[str, str] | None = None
) -> bool:
    """Whether a run may choose it: its files are here, or the run may fetch them itself."""
    base = find(base_id, bases_dir)
    return is_here(base, bases_dir) or installable(base, environment)


def installable(base: Base, environment: Mapping[str, str] | None = None) -> bool:
    """Whether it can be fetched when a run needs it: from a hub (ATTUNE_HUB) or out of packages (ATTUNE_INSTALL)."""
    if isinstance(base.source, Archive):
        return install_allowed(environment) and not missing_client(base)
    return isinstance(base.source, Hub) and hub_allowed(environment)


def missing_client(base: Base) -> str:
    """The package client that an archive needs and that is not on this machine, or nothing."""
    parts = base.source.parts if isinstance(base.source, Archive) else ()
    wanted = {part.client for part in parts}
    if PIP in wanted and not importlib.util.find_spec("pip"):
        return PIP
    return NPM if NPM in wanted and not shutil.which("npm") else ""


def hub_allowed(environment: Mapping[str, str] | None = None) -> bool:
    return _is_on("ATTUNE_HUB", "", environment)


def install_allowed(environment: Mapping[str, str] | None = None) -> bool:
    """Whether a run may fetch a base that is not here; an operator may always."""
    return _is_on("ATTUNE_INSTALL", "1", environment)


def _is_on(name: str, default: str, environment: Mapping[str, str] | None) -> bool:
    value = (os.environ if environment is None else environment).get(name, default)
    return value.lower() in {"1", "true", "on", "yes"}


def _of_package(source: Package) -> Path | None:
    """Found without importing the package, which may pull in much."""
    spec = importlib.util.find_spec(source.name)
    roots = (spec.submodule_search_locations or ()) if spec else ()
    return next((Path(root) / source.folder for root in roots), None)
