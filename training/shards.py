"""Weights of which every device holds a part (FSDP2): brought together, and given out again. Plain tensors stay.

Bringing together is done by all ranks at once: each of them has to ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

FSDP = "fsdp"


def divide(network: Any) -> None:
    """From now on each device keeps its part of every weight, and with it of its gradient and of what the optimizer
    remembers; a layer is whole only while it is computed. Gradients are summed, not averaged.
    """
    if not dist.is_initialized():
        return
    kind = next(network.parameters()).device.type
    mesh = init_device_mesh(kind, (dist.get_world_size(),))
    layers = set(getattr(network.base, "_no_split_modules", None) or ())
    for layer in network.base.modules():
        if type(layer).__name__ in layers:
            fully_shard(layer, mesh=mesh)
    fully_shard(network, mesh=mesh)
    network.divided = True
    for part in network.modules():
        if isinstance(part, FSDPModule):
            part.set_gradient_divide_factor(1.0)
            part.set_force_sum_reduction_for_comms(True)


def divided(network: nn.Module) -> bool:
    return isinstance(network, FSDPModule)


def settle(network: nn.Module) -> None:
    """Each rank lets go of what is not its part: after a pass without a way back, what stands last is still whole."""
    if isinstance(network, FSDPModule):
        network.reshard()


def whole(item: Tensor) -> Tensor:
    """Without its gradient's history."""
    item = item.detach()
    return item.full_tensor() if isinstance(item, DTensor) else item


def state_of(module: nn.Module) -> dict[str, Tensor]:
    """All weights and buffers of a module in the memory of the processor; what is shared stays shared."""
    items, known = module.state_dict(keep_vars=True), dict[int, Tensor]()
    for item in items.values():
        if id(item) not in known:
            known[id(item)] = whole(item).cpu()
    return {name: known[id(item)] for name, item in items.items()}


def like(value: Tensor, item: Tensor) -> Tensor:
    """`value` divided as `item` is, where that has its shape."""
    if not isinstance(item, DTensor) or value.shape != item.shape:
        return value
    value = value.to(item.device, item.dtype)
    # Every rank has all of it: nothing is sent.
    return distribute_tensor(value, item.device_mesh, item.placements, src_data_rank=None)


@torch.no_grad()
def put(item: Tensor, value: Tensor) -> None:
    item.copy_(like(value, item))


def wholes(items: Mapping[str, Tensor], *, keep: bool) -> dict[str, Tensor]:
    """In the memory of the processor, where they are to be kept; every rank brings them together."""
    found: dict[str, Tensor] = {}
    for name, item in items.items():
        together = whole(item)
        if keep:
            found[name] = together.cpu()
    return found
