"""Tensors of a training in files and back: weights, what the optimizer remembers, random states. No pickle."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from training import shards
from training.checkpoints import Broken

WEIGHTS, GOOD, OPTIMIZER, RANDOM = (
    f"{name}.safetensors" for name in ("weights", "good", "optimizer", "random")
)
Tensors = dict[str, Tensor]
BETWEEN = "|"  # a weight's name and what is remembered of it


def write(path: Path, tensors: Mapping[str, Tensor]) -> None:
    save_file({name: item.detach().cpu().contiguous() for name, item in tensors.items()}, path)


def read(path: Path) -> Tensors:
    found: Tensors = load_file(path)
    return found


def trained(network: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, nn.Parameter]:
    """The weights that the optimizer knows, by name, in its order."""
    names = {id(item): name for name, item in network.named_parameters()}
    groups = (group["params"] for group in optimizer.param_groups)
    return {names[id(item)]: item for items in groups for item in items}


def check(given: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> None:
    """Raises Broken where names or shapes are others: nothing was changed then."""
    if {name: item.shape for name, item in given.items()} != {
        name: item.shape for name, item in wanted.items()
    }:
        raise Broken("its weights are those of another network")


@torch.no_grad()
def put(given: Mapping[str, Tensor], weights: Mapping[str, Tensor]) -> None:
    for name, item in weights.items():
        shards.put(item, given[name])


# --- the optimizer ---------------------------------------------------------------------------------------------------


def remembered(
    network: nn.Module, optimizer: torch.optim.Optimizer
) -> tuple[Tensors, dict[str, Any]]:
    """(tensors, numbers) by weight and name, and the rates of the groups."""
    names = list(trained(network, optimizer))
    tensors: Tensors = {}
    numbers: dict[str, Any] = {}
    for place, kept in optimizer.state_dict()["state"].items():
        for key, value in kept.items():
            name = f"{names[place]}{BETWEEN}{key}"
            (tensors if isinstance(value, Tensor) else numbers)[name] = value
    rates = [[group["lr"], group["top"]] for group in optimizer.param_groups]
    return tensors, {"numbers": numbers, "rates": rates}


def remind(
    network: nn.Module, optimizer: torch.optim.Optimizer, tensors: Tensors, more: Mapping[str, Any]
) -> None:
    """The other way round, for an optimizer of the same kind over the same weights."""
    weights = trained(network, optimizer)
    places = {name: place for place, name in enumerate(weights)}
    found = optimizer.state_dict()
    state: dict[int, dict[str, Any]] = {}
    for name, value in {**tensors, **more["numbers"]}.items():
        weight, _, key = name.rpartition(BETWEEN)
        if isinstance(value, Tensor):
            value = shards.like(value, weights[weight])
        state.setdefault(places[weight], {})[key] = value
    for group, (now, top) in zip(found["param_groups"], more["rates"], strict=True):
        group["lr"], group["top"] = now, top
    optimizer.load_state_dict({"state": state, "param_groups": found["param_groups"]})


# --- random states ---------------------------------------------------------------------------------------------------


def randoms() -> tuple[Tensors, dict[str, Any]]:
    """(tensors, the rest) of all that draws at random: Python, numpy, torch, and its devices."""
    kind, keys, *rest = np.random.get_state(legacy=True)
    tensors = {"torch": torch.get_rng_state(), "numpy": torch.from_numpy(np.array(keys, np.int64))}
    if torch.cuda.is_available():
        states = torch.cuda.get_rng_state_all()
        tensors |= {f"cuda.{place}": state for place, state in enumerate(states)}
    number, inner, gauss = random.getstate()
    return tensors, {"numpy": [kind, *rest], "python": [number, list(inner), gauss]}


def put_randoms(tensors: Tensors, rest: Mapping[str, Any]) -> None:
    """Devices that are not here any more are left out, new ones stay as they are."""
    kind, *more = rest["numpy"]
    np.random.set_state((kind, tensors["numpy"].numpy().astype(np.uint32), *more))
    number, inner, gauss = rest["python"]
    random.setstate((number, tuple(inner), gauss))
    torch.set_rng_state(tensors["torch"])
    for place in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        if f"cuda.{place}" in tensors:
            torch.cuda.set_rng_state(tensors[f"cuda.{place}"], place)
