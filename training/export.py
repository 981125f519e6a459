"""The model folder: weights, tokenizer and what a stranger needs to use it. It works without this package."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from safetensors.torch import save_file

from training import artifact, checkpoints, heads
from training.events import Saved, finite
from training.files import core

FILES = heads.FILES
CHECKPOINT, ARTIFACT, ZIP = "checkpoint", "artifact", "artifact.zip"
ADAPTER = "adapter"  # its folder within, where few weights were trained


@contextmanager
def whole(folder: Path) -> Iterator[Path]:
    """A folder to write into, which takes the place of `folder` when all went well, and else is gone."""
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
        _replace(part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _replace(part: Path, folder: Path) -> None:
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    try:
        with suppress(FileNotFoundError):
            folder.rename(old)
        part.rename(folder)
    finally:  # interrupted in between: what was there comes back
        if not folder.exists() and old.exists():
            old.rename(folder)
        shutil.rmtree(old, ignore_errors=True)


def checkpoint(
    folder: Path,
    network: Any,
    tokenizer: Any,
    about: Mapping[str, Any],
    adapter: Path | None = None,
    half: bool = False,
    state: Mapping[str, Any] | None = None,
) -> Path:
    """Writes `folder`/checkpoint: a model folder that can be loaded, without the papers.

    `half`: the base in fp16, in half the space; whoever loads it computes in fp32 all the same. `state`: the weights of
    a base that is divided among several devices.
    """
    with whole(folder / CHECKPOINT) as part:
        base: Any = network.base
        if about["labels"]:
            base.config.id2label = dict(enumerate(about["labels"]))
            base.config.label2id = {label: n for n, label in enumerate(about["labels"])}
        kept = _halved(base) if half else state
        base.save_pretrained(part, **({"state_dict": dict(kept)} if kept else {}))
        head = {name: value.detach().cpu() for name, value in network.head.state_dict().items()}
        if head:
            save_file(head, part / "head.safetensors")
        tokenizer.save_pretrained(part)
        write_json(part / "attune.json", {"format": core.FORMATS[-1], **about})
        if adapter is not None:
            shutil.copytree(adapter, part / ADAPTER)
    return folder / CHECKPOINT


def _halved(base: Any) -> dict[str, Any]:
    found = base.state_dict()
    return {name: v.half() if v.is_floating_point() else v for name, v in found.items()}


def write_json(path: Path, value: Any) -> None:
    text = json.dumps(finite(value), ensure_ascii=False, indent=2, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def save(folder: Path, head: str, metrics: Mapping[str, Any], card: str) -> Saved:
    """Makes `folder`/artifact out of the checkpoint, and its zip; checksums are written last."""
    with whole(folder / ARTIFACT) as part:
        checkpoints.link_tree(folder / CHECKPOINT, part)
        (part / "predict.py").write_text(heads.find(head).program(), encoding="utf-8")
        shutil.copyfile(FILES / "requirements.txt", part / "requirements.txt")
        write_json(part / "metrics.json", metrics)
        (part / "README.md").write_text(card, encoding="utf-8")
        artifact.write_checksums(part)
    packed = artifact.zip_folder(folder / ARTIFACT, folder / ZIP, root="model")
    return Saved(ARTIFACT, ZIP, int(packed["size"]), str(packed["sha256"]))
