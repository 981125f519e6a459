"""The bases that an operator added: a JSON file in the folder of the bases, which the catalogue reads along."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from training.catalogue.shape import KINDS, Archive, Base, Folder, Hub, Part, Source
from training.problems import Problem

FILE = "bases.json"
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,58}[a-z0-9]")
_SOURCES = {"archive": Archive, "hub": Hub, "folder": Folder}


def read(bases_dir: str | Path) -> dict[str, Base]:
    """Empty where there is no file; an entry that makes no sense is left out rather than hiding the others."""
    try:
        found = json.loads((Path(bases_dir) / FILE).read_text(encoding="utf-8"))
        entries = list(found["bases"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    bases = filter(None, (_base(entry) for entry in entries if isinstance(entry, dict)))
    return {base.id: base for base in bases}


def write(bases_dir: str | Path, base: Base) -> None:
    """Adds the base, or puts it in place of the one of the same id. Raises Problem(`base.entry`)."""
    check(base)
    folder = Path(bases_dir)
    folder.mkdir(parents=True, exist_ok=True)
    kept = {**read(folder), base.id: base}
    text = json.dumps({"bases": [_entry(item) for item in kept.values()]}, indent=1)
    part = folder / f".{FILE}.part"
    part.write_text(text + "\n", encoding="utf-8")
    part.replace(folder / FILE)


def check(base: Base) -> None:
    """Raises Problem(`base.entry`) that names the field."""
    if not _ID.fullmatch(base.id):
        raise Problem("base.entry", field="id", value=base.id, wanted="a-z 0-9 . _ -")
    if base.kind not in KINDS:
        raise Problem("base.entry", field="kind", value=base.kind, wanted=", ".join(KINDS))
    if not base.languages or not all(re.fullmatch("[a-z]{2,3}", name) for name in base.languages):
        value = ",".join(base.languages)
        raise Problem("base.entry", field="languages", value=value, wanted="en,zh … / mul")
    if isinstance(base.source, Archive):
        for part in base.source.parts:
            if not re.fullmatch("[0-9a-f]{64}", part.sha256):
                raise Problem("base.entry", field="sha256", value=part.sha256, wanted="0-9 a-f, 64")


def _entry(base: Base) -> dict[str, Any]:
    name = next(name for name, kind in _SOURCES.items() if isinstance(base.source, kind))
    return {**asdict(base), "source": {name: asdict(base.source)}}


def _base(entry: Mapping[str, Any]) -> Base | None:
    try:
        lists = {name: tuple(entry.get(name) or ()) for name in ("languages", "only")}
        base = Base(**{**entry, **lists, "source": _source(entry["source"])})
        check(base)
    except (KeyError, TypeError, ValueError, Problem):
        return None
    return base


def _source(entry: Mapping[str, Any]) -> Source:
    ((name, values),) = entry.items()
    if name == "archive":
        parts = tuple(Part(**part) for part in values["parts"])
        return Archive(**{**values, "parts": parts})
    found: Source = _SOURCES[name](**values)
    return found
