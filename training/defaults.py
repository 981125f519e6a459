"""What is chosen where a person chose nothing: by effort and by the number of training rows. No torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from training import draft, generative_defaults
from training.options import OPTIONS
from training.spec import EFFORT_DEFAULTS

# Rows that are to pass in all, below the largest number of epochs: few rows are seen more often.
PASSES = {"quick": 3_000, "balanced": 20_000, "thorough": 60_000}
MOST_EPOCHS = {"quick": 3, "balanced": 8, "thorough": 16}
PATIENCE = {"quick": 2, "balanced": 3, "thorough": 4}
MAX_LENGTH = {"quick": 128, "balanced": 256, "thorough": 512}
# What a head needs differently: (head, objective) -> settings. One answer a token is learnt from nothing: no linear
# model over the base's vectors starts it off. Entities get better again once the rate falls (wnut17: 54.5, 53.3, 56.2,
# 58.1 % of the validation rows in the last epochs), so that patience would end them too early.
HEADS: dict[tuple[str, str], dict[str, Any]] = {
    ("token", ""): {"learning_rate": 2e-4, "head_learning_rate": 2e-3, "patience": 8},
    ("span", ""): {"learning_rate": 2e-4, "head_learning_rate": 2e-3},
}
WIDE = 512  # hidden size up to which a base bears the usual learning rate
# The learning rate against that of AdamW: Lion's steps all have full length, those of plain SGD that of the gradient.
OPTIMIZER_RATES = {"adamw": 1.0, "adafactor": 1.0, "lion": 0.2, "sgd": 100.0}
# The same for the few weights of an adapter beside an encoder, against all of its weights. Usual ratios, not yet tried.
ADAPTER_RATES = {
    "full": 1,
    "lora": 5,
    "dora": 5,
    "rslora": 2,
    "ia3": 30,
    "prompt": 50,
    "prefix": 30,
}
FEW = 50  # rows a label, below which learning from pairs of rows is tried
# What is tried beside the plain training of a small set, by effort: see training.fit.ways.
TRIED: dict[str, tuple[str, ...]] = {
    "quick": ("few_shot",),
    "balanced": ("few_shot",),
    "thorough": ("few_shot", "neighbours", "mixup"),
}
SMALL = 1_000  # training rows, below which steps are of 16 rows


def epochs(effort: str, rows: int) -> int:
    least = int(EFFORT_DEFAULTS[effort]["epochs"])
    return max(least, min(MOST_EPOCHS[effort], math.ceil(PASSES[effort] / max(1, rows))))


def tried(effort: str, rows: int, labels: int) -> tuple[str, ...]:
    """Ways of training that are tried beside the plain one."""
    few = 0 < rows < FEW * labels
    return tuple(name for name in TRIED[effort] if (few if name == "few_shot" else rows < SMALL))


def settings(
    effort: str,
    rows: int,
    given: Mapping[str, Any],
    head: str = "sequence",
    objective: str = "",
) -> dict[str, Any]:
    """A value for every option; `rows` is the number of training rows, what is in `given` wins.

    A draft reads as a balanced fine-tune does, so that both make use of the same vectors.
    """
    if effort == draft.EFFORT:
        return draft.settings(settings("balanced", rows, given, head, objective))
    chosen: dict[str, Any] = {
        "epochs": epochs(effort, rows),
        "learning_rate": 1e-4,
        "head_learning_rate": 1e-3,
        "batch_size": 16 if rows < SMALL else 32,
        "max_length": MAX_LENGTH[effort],
        "warmup": 0.1,
        "weight_decay": 0.01,
        "dropout": 0.1,
        "clip": 1.0,
        "schedule": "linear",
        "patience": PATIENCE[effort],
        "optimizer": "adamw",
        "layer_decay": 1.0,
        "accumulation": 1,
        "devices": 1,
        "sharding": "none",
        "checkpointing": False,
        "label_smoothing": 0.0,
        "max_steps": 0,
        "stop_metric": "auto",
        "min_gain": 0.0,
        "probe_head": True,
        "long_text": "auto",
        "class_weights": False,
        "trained": "all",
        "top_layers": 2,
        "focal": 0.0,
        "oversampling": False,
        "pooling": "auto",
        "few_shot": "auto",
        "augmentation": "auto",
        "augment_share": 0.1,
        "matching": "auto",
        "method": "full",
        "rank": 16,
        "alpha": 32,
        "virtual_tokens": 20,
        "quantize": "none",
        "seeds": 1,
        "precision": "auto",
        **HEADS.get((head, objective), {}),
    }
    if head == "text":
        method = _method(given)
        chosen |= generative_defaults.settings(objective, effort, rows, _kind(method))
        chosen["learning_rate"] = generative_defaults.SOFT_RATES.get(
            method, chosen["learning_rate"]
        )
    else:
        chosen["learning_rate"] *= ADAPTER_RATES[_method(given) or "full"]
    _rates(chosen, str(given.get("optimizer") or "adamw"))
    own = {name: value for name, value in given.items() if value is not None and value != "auto"}
    chosen = {**chosen, **own}
    return {name: value for name, value in chosen.items() if OPTIONS[name].fits(head)}


def _rates(chosen: dict[str, Any], optimizer: str) -> None:
    for name in ("learning_rate", "head_learning_rate"):
        if name in chosen:
            most = float(OPTIONS[name].high or 1)
            rate = min(most, chosen[name] * OPTIMIZER_RATES[optimizer])
            chosen[name] = float(f"{rate:.2g}")


def rate_for(rate: float, hidden: int) -> float:
    """The learning rate of a base of this width: large ones are undone by steps that small ones need."""
    return float(f"{rate * min(1.0, WIDE / max(1, hidden)) ** 2:.2g}")


def _kind(method: str) -> str:
    """All adapters of a base that writes begin with the settings of LoRA."""
    return method if method in ("", "full") else "lora"


def _method(given: Mapping[str, Any]) -> str:
    found = str(given.get("method") or "auto")
    return "" if found == "auto" else found
