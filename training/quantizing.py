"""A frozen base in 8 or 4 bits a weight, beside which few weights are trained: a large model in the memory of one GPU.

By bitsandbytes (Dettmers et al. 2023, arXiv 2305.14314). What was learnt is put into the weights as they came, so that
the model that is saved is a plain one.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import torch
from transformers import BitsAndBytesConfig

from training.problems import Problem
from training.problems.machine import NO_GPU, NO_LIBRARY

NONE, EIGHT, FOUR = "none", "8bit", "4bit"
LIBRARY = "bitsandbytes"


def check(wanted: str) -> None:
    """Raises Problem(`train.quantize`) where this machine cannot do it."""
    if wanted == NONE:
        return
    if not torch.cuda.is_available():
        raise Problem("train.quantize", wanted=wanted, reason=NO_GPU)
    if find_spec(LIBRARY) is None:
        raise Problem("train.quantize", wanted=wanted, reason=NO_LIBRARY)


def how(wanted: str, device: torch.device) -> dict[str, Any]:
    """What `from_pretrained` is given besides; {} for a base with all of its bits."""
    if wanted == NONE:
        return {}
    inner = torch.bfloat16 if device.type == "cuda" else torch.float32
    four: dict[str, Any] = {
        "load_in_4bit": True,
        "bnb_4bit_quant_type": "nf4",
        "bnb_4bit_use_double_quant": True,
        "bnb_4bit_compute_dtype": inner,
    }
    eight: dict[str, Any] = {"load_in_8bit": True}
    config = BitsAndBytesConfig(**(four if wanted == FOUR else eight))
    return {"quantization_config": config, "device_map": {"": device}}
