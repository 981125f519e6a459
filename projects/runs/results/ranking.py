"""How well what belongs to a text is found in a list, and the list that the data itself is."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from projects.runs.names import baseline_title, figure, figure_value
from projects.runs.results.predictions import names_in
from projects.runs.results.shape import Result

SHOWN = ("recall_at_1", "recall_at_5", "recall_at_10", "mrr", "ndcg_at_10")
WORDS = "words"


def compared(result: Result) -> dict[str, Any]:
    """{} where nothing was searched. `rows`: words alone, the base where it was asked, and the model."""
    ours = result.metrics.get("ranking") or {}
    if not ours.get("queries"):
        return {}
    base = (result.report["baselines"].get("base") or {}).get("ranking")
    found = {WORDS: result.metrics.get("ranking_by_words"), "base": base, "model": ours}
    return {
        "figures": [figure(name) for name in SHOWN],
        "queries": ours["queries"],
        "candidates": ours["candidates"],
        "rows": [_row(name, scores) for name, scores in found.items() if scores],
    }


def _row(name: str, scores: dict[str, Any]) -> dict[str, Any]:
    cells = [figure_value(scores[key], figure(key).form) for key in SHOWN]
    return {"name": baseline_title(name), "ours": name == "model", "cells": cells}


def texts_of(result: Result, role: str, most: int, letters: int) -> list[str]:
    """The first different texts that the data has in a role, so many and so long together at most."""
    if result.version is None or not result.version.is_file():
        return []
    return list(_texts(result.version, result.version.stat().st_mtime_ns, role, most, letters))


@lru_cache(maxsize=8)
def _texts(path: Path, changed: int, role: str, most: int, letters: int) -> tuple[str, ...]:
    found: dict[str, None] = {}
    length = 0
    for text in _column(path, role):
        length += 0 if text in found else len(text)
        if len(found) >= most or length > letters:
            break
        if text.strip():
            found[text] = None
    return tuple(found)


def _column(path: Path, role: str) -> Any:
    if role not in names_in(path):
        return
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(1000, columns=[role]):
            yield from (text or "" for text in batch.column(0).to_pylist())
