"""Loads a base by its kind, lets it answer once, and notes the sums of its files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoModel, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

from training.catalogue import CAUSAL, ENCODER, SEQ2SEQ, Base, missing_files
from training.problems import Problem

SUMS = "attune-base.json"
LOADERS: dict[str, Any] = {
    ENCODER: AutoModel,
    CAUSAL: AutoModelForCausalLM,
    SEQ2SEQ: AutoModelForSeq2SeqLM,
}
ASKED = {"zh": "今天天气怎么样？"}
_FAULTS = (OSError, ValueError, KeyError, RuntimeError, TypeError, ImportError, SafetensorError)
_NEW_TOKENS = 8


def to_safetensors(folder: Path, kind: str) -> None:
    """Weights of torch's own format, read without running what a pickle might hold, in safetensors instead."""
    old = folder / "pytorch_model.bin"
    network = LOADERS[kind].from_pretrained(
        folder,
        local_files_only=True,
        trust_remote_code=False,
        use_safetensors=False,
        weights_only=True,
        dtype=torch.float32,
    )
    network.save_pretrained(folder)
    old.unlink()


def answer(base: Base, folder: Path) -> str:
    """What the base says to a short text: the beginning of its vector, or words. Raises Problem(`base.broken`)."""
    missing = missing_files(folder)
    if missing:
        raise _broken(base, missing)
    try:
        reader = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
        network, told = LOADERS[base.kind].from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            dtype=torch.float32,
            output_loading_info=True,
        )
        # A pooler is made anew by every fine-tune; anything else that is missing would be random.
        lost = sorted(name for name in told["missing_keys"] if "pooler" not in name)
        if lost:
            raise _broken(base, lost[0])
        return _answer(base, reader, network.eval())
    except _FAULTS as error:
        raise _broken(base, str(error)[:200]) from error


def _answer(base: Base, reader: Any, network: Any) -> str:
    inputs = _asked(base, reader)
    if len(set(inputs["input_ids"][0].tolist())) < 3:
        raise _broken(base, "tokenizer.json")
    given = {name: inputs[name] for name in ("input_ids", "attention_mask")}
    with torch.inference_mode():
        if base.kind == ENCODER:
            vector = network(**given).last_hidden_state[0].mean(0)
            if not bool(torch.isfinite(vector).all()) or float(vector.std()) == 0:
                raise _broken(base, "finite numbers")
            return " ".join(f"{number:.3f}" for number in vector[:4].tolist())
        told = network.generate(**given, max_new_tokens=_NEW_TOKENS, do_sample=False)[0]
    begin = len(inputs["input_ids"][0]) if base.kind == CAUSAL else 0
    return str(reader.decode(told[begin:], skip_special_tokens=True)).strip()


def _asked(base: Base, reader: Any) -> Any:
    """A question as tokens, in a chat where the base knows chats."""
    text = ASKED.get(base.languages[0], "How is the weather today?")
    if base.kind != CAUSAL or not reader.chat_template:
        return reader(text, return_tensors="pt")
    turns = [{"role": "user", "content": text}]
    told = {"add_generation_prompt": True, "return_dict": True, "return_tensors": "pt"}
    return reader.apply_chat_template(turns, **told)


def note_sums(base: Base, folder: Path) -> None:
    """The last file to be written: what is installed is known by it."""
    found = {"id": base.id, "files": {name: digest(folder / name) for name in files(folder)}}
    (folder / SUMS).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def check_sums(base: Base, folder: Path) -> int:
    """How many files are as they were at the install; 0 where none were noted. Raises Problem(`base.changed`)."""
    try:
        noted = json.loads((folder / SUMS).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError):
        return 0
    for name, sha256 in noted.items():
        if not (folder / name).is_file() or digest(folder / name) != sha256:
            raise Problem("base.changed", base=base.title, base_id=base.id, file=name)
    return len(noted)


def files(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != SUMS:
            yield path.relative_to(folder).as_posix()


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _broken(base: Base, missing: str) -> Problem:
    return Problem("base.broken", base=base.title, base_id=base.id, missing=missing)
