"""Base models as torch modules: loading them, the device and the number format they run in."""

from __future__ import annotations

import ctypes
import os
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from safetensors import SafetensorError
from torch import nn
from transformers import AutoConfig, AutoModel, AutoTokenizer

from training import heads
from training.problems import Problem

# More tokens than this no base model of the catalogue reads; stands in where a base names no limit.
LONGEST = 8192


def tokenizer(folder: str | os.PathLike[str]) -> Any:
    """The base's tokenizer; one that gives nothing for an ordinary sentence is refused."""
    try:
        found = AutoTokenizer.from_pretrained(Path(folder), local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise _broken(folder, "tokenizer that can be loaded") from error
    # A folder without tokenizer_config.json can yield an empty vocabulary with no error.
    if len(set(found("The cat sat on the mat.")["input_ids"])) < 3:
        raise _broken(folder, "tokenizer with a vocabulary")
    return found


def encoder(folder: str | os.PathLike[str]) -> Any:
    """The base in fp32, without a head."""
    try:
        return AutoModel.from_pretrained(
            Path(folder), local_files_only=True, dtype=torch.float32, trust_remote_code=False
        )
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise _broken(folder, "weights that can be loaded") from error


def network(folder: str | os.PathLike[str], about: Mapping[str, Any], dropout: float = 0.0) -> Any:
    """The base with a new head; `about` names it, and says what it has to know."""
    base, head = encoder(folder), heads.find(about["head"])
    if about.get("shapes"):
        widen(base, head.shapes)
    return head.network(base, about, dropout)


def shapes(folder: str | os.PathLike[str], reader: Any, head: str) -> int:
    """The types of token that a base has, where those come after them that say how a word is written.

    0: the head has no use for it, the tokenizer tells it, or the base has no types that could be told.
    """
    told = "token_type_ids" in reader.model_input_names and reader.is_fast
    if not heads.find(head).shapes or not told:
        return 0
    if reader("Ann Smith")["input_ids"] != reader("ann smith")["input_ids"]:
        return 0
    config = AutoConfig.from_pretrained(Path(folder), local_files_only=True)
    return int(getattr(config, "type_vocab_size", 0) or 0)


def widen(base: Any, more: int) -> None:
    """So many types of token more, each like the first one: the base gives the same as before."""
    known = base.embeddings.token_type_embeddings
    weight = torch.cat([known.weight.detach(), known.weight.detach()[:1].expand(more, -1)])
    base.embeddings.token_type_embeddings = nn.Embedding.from_pretrained(weight, freeze=False)
    base.config.type_vocab_size = len(weight)


def plain(
    folder: str | os.PathLike[str], pad: int, limit: int, labels: int = 1, dropout: float = 0.0
) -> Any:
    """The base with a head for single labels, to be measured or to make vectors."""
    about = {"head": "sequence", "objective": "single", "labels": [""] * labels}
    return network(folder, {**about, "pad": pad, "max_length": limit}, dropout)


def hidden(folder: str | os.PathLike[str]) -> int:
    """Numbers in the base's vector of a token."""
    config = AutoConfig.from_pretrained(Path(folder), local_files_only=True)
    return int(getattr(config, "hidden_size", 0) or 0)


def longest(folder: str | os.PathLike[str], reader: Any) -> int:
    """The most tokens that base and tokenizer take, special tokens included."""
    config = AutoConfig.from_pretrained(Path(folder), local_files_only=True)
    positions = getattr(config, "max_position_embeddings", None) or LONGEST
    return int(min(positions, reader.model_max_length, LONGEST))


def _broken(folder: str | os.PathLike[str], missing: str) -> Problem:
    return Problem("base.broken", base=Path(folder).name, missing=missing)


def native_bf16() -> bool:
    """Whether this machine computes in bf16 itself; an emulated bf16 is slower than fp32."""
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16") or able.get("bf16"))


def precision(wanted: str) -> str:
    """ "fp32" or "bf16"; what is "auto" is decided by the hardware."""
    if wanted == "auto":
        return "bf16" if native_bf16() else "fp32"
    return wanted


def accelerator(number_format: str) -> Accelerator:
    """Device and autocast; the weights themselves stay fp32."""
    # accelerate keeps the first precision for the whole process and refuses another.
    AcceleratorState._reset_state()
    return Accelerator(mixed_precision="bf16" if number_format == "bf16" else "no")


def seed(number: int) -> None:
    """The same numbers from here on, for everything that draws at random."""
    # cuBLAS is repeatable only with a workspace of fixed size, read when the first handle is made.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    random.seed(number)
    np.random.seed(number % 2**32)
    torch.manual_seed(number)
    torch.use_deterministic_algorithms(True, warn_only=True)
    # A debugging aid that costs time.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def save_memory(network: Any) -> None:
    """From now on what a layer computes on the way forth is computed again on the way back, and not kept."""
    if getattr(network.base, "supports_gradient_checkpointing", False):
        network.base.gradient_checkpointing_enable({"use_reentrant": False})


def keep_buffers() -> None:
    """glibc: large buffers stay with the process instead of going back to the kernel after each step.

    Worth 10 to 15 % of the training time on a CPU; elsewhere nothing happens.
    """
    trim_threshold, mmap_threshold = -1, -3  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD of malloc.h
    try:
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(mmap_threshold, 1 << 30)
        libc.mallopt(trim_threshold, 1 << 30)
    except (OSError, AttributeError):
        return
