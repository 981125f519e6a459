"""The model folder: weights, tokenizer and what a stranger needs to use it. It works without this package."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from safetensors.torch import save_file

from training import artifact
from training.events import Saved, finite
from training.files import predict

FILES = Path(predict.__file__).parent
CHECKPOINT, ARTIFACT, ZIP = "checkpoint", "artifact", "artifact.zip"


@dataclass(frozen=True)
class About:
    """What is written into attune.json: all that predict.py needs to know besides the weights."""

    task: str
    labels: tuple[str, ...]
    max_length: int
    base: str
    columns: Mapping[str, str]

    def as_dict(self) -> dict[str, Any]:
        return {
            "format": predict.FORMAT,
            "task": self.task,
            "base": self.base,
            "pooling": "mean",
            "normalise": True,
            "max_length": self.max_length,
            "columns": dict(self.columns),
            "labels": list(self.labels),
        }


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


def checkpoint(folder: Path, network: predict.Classifier, tokenizer: Any, about: About) -> Path:
    """Writes `folder`/checkpoint: a model folder that can be loaded, without the papers."""
    with whole(folder / CHECKPOINT) as part:
        base: Any = network.base
        base.config.id2label = dict(enumerate(about.labels))
        base.config.label2id = {label: number for number, label in enumerate(about.labels)}
        base.save_pretrained(part)
        head = {name: value.detach().cpu() for name, value in network.head.state_dict().items()}
        save_file(head, part / "head.safetensors")
        tokenizer.save_pretrained(part)
        write_json(part / "attune.json", about.as_dict())
    return folder / CHECKPOINT


def write_json(path: Path, value: Any) -> None:
    text = json.dumps(finite(value), ensure_ascii=False, indent=2, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def save(folder: Path, metrics: Mapping[str, Any], card: str) -> Saved:
    """Makes `folder`/artifact out of the checkpoint, and its zip; checksums are written last."""
    with whole(folder / ARTIFACT) as part:
        shutil.copytree(folder / CHECKPOINT, part, dirs_exist_ok=True)
        for name in ("predict.py", "requirements.txt"):
            shutil.copyfile(FILES / name, part / name)
        write_json(part / "metrics.json", metrics)
        (part / "README.md").write_text(card, encoding="utf-8")
        artifact.write_checksums(part)
    packed = artifact.zip_folder(folder / ARTIFACT, folder / ZIP, root="model")
    return Saved(ARTIFACT, ZIP, int(packed["size"]), str(packed["sha256"]))


def cell(text: str) -> str:
    """A text that stays in its cell of a Markdown table."""
    return " ".join(text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").split())


def percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def per_label(metrics: Mapping[str, Any]) -> str:
    """Rows of the card's table, one a label."""
    return "\n".join(
        f"| {cell(label)} | {percent(row['precision'])} | {percent(row['recall'])} | {percent(row['f1'])} "
        f"| {row['support']} |"
        for label, row in metrics["per_label"].items()
    )


def compared(metrics: Mapping[str, Any], baselines: Mapping[str, Mapping[str, Any]]) -> str:
    """Rows of the card's table: this model and what it is compared with."""
    names = {
        "this model": metrics,
        "the base's vectors, not fine-tuned": baselines["base"],
        "words counted (TF-IDF)": baselines["tfidf"],
        "the commonest label": baselines["majority"],
    }
    return "\n".join(
        f"| {name} | {percent(row['accuracy'])} | {percent(row['macro']['f1'])} |"
        for name, row in names.items()
    )


def card(values: Mapping[str, Any]) -> str:
    """The model card in Markdown; `values` are those of files/card.md."""
    return Template((FILES / "card.md").read_text(encoding="utf-8")).substitute(values)
