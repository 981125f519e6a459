"""A prediction with the model of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from projects.runs import folders
from projects.runs.models import Run
from projects.runs.selectors import artifact_of
from projects.serving import client
from training.problems import Problem

INPUTS = 64  # at once
LETTERS = 10_000  # characters of a text


def predict(run: Run, texts: Sequence[str]) -> list[dict[str, Any]]:
    """One {"label", "probability", "probabilities"} a text; labels by falling probability.

    Raises Problem(`predict.*`, `run.unfinished`, `artifact.gone`, `serving.unavailable`).
    """
    if not 1 <= len(texts) <= INPUTS:
        raise Problem("predict.inputs", limit=INPUTS, found=len(texts))
    for number, text in enumerate(texts, 1):
        _check(text, number)
    folder = folders.artifact_folder(artifact_of(run))
    if not folder.is_dir():
        raise Problem("artifact.gone", name=folder.name)
    return [_sorted(output) for output in client.predict(folder, [{"text": t} for t in texts])]


def _check(text: str, number: int) -> None:
    """Also a lone surrogate or a NUL makes a text unfit: neither JSON nor a tokenizer takes them as text."""
    if not text.strip() or len(text) > LETTERS or not _encodable(text) or "\x00" in text:
        raise Problem("predict.text", limit=LETTERS, number=number, length=len(text.strip()))


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _sorted(output: dict[str, Any]) -> dict[str, Any]:
    by_share = sorted(output["probabilities"].items(), key=lambda item: (-item[1], item[0]))
    return {**output, "probabilities": dict(by_share)}
