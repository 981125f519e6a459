"""Pairs of translation models on this machine: into another language, and back. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from training import catalogue
from training.catalogue import Base
from training.problems import Problem


def translators(bases_dir: str | Path = "") -> list[Base]:
    """Bases that translate as they come, from the first of their two languages into the second, and are here."""
    return [
        base
        for base in catalogue.every(bases_dir).values()
        if base.only == ("translation",)
        and len(base.languages) == 2
        and catalogue.is_here(base, bases_dir)
    ]


def pairs(bases_dir: str | Path = "") -> dict[str, tuple[Base, Base]]:
    """Language -> (there, back): of several the first in the catalogue."""
    known = translators(bases_dir)
    found: dict[str, tuple[Base, Base]] = {}
    for there in known:
        for back in known:
            if there.languages == back.languages[::-1]:
                found.setdefault(there.languages[0], (there, back))
    return found


def chosen(languages: Mapping[str, float], bases_dir: str | Path = "") -> tuple[Base, Base]:
    """For texts in languages of these shares: by the most frequent one. Raises Problem(`train.no_way_back`)."""
    language = max(languages, key=lambda name: languages[name], default="und")
    found = pairs(bases_dir).get(language)
    if found is None:
        here = ", ".join(base.id for base in translators(bases_dir))
        raise Problem("train.no_way_back", language=language, here=here or "–")
    return found
