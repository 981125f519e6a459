"""One training on several devices, a process each (a "rank"), as torchrun starts them: what ranks tell one another.

Every rank runs the same program over the same rows and the same weights. Of each step a rank takes its share of the
rows; the gradients are summed, so that the step is the one that a single device would have made. They are summed when
the whole step is through, and not layer by layer as DistributedDataParallel does: a rank may then read its rows in as
many parts as its memory wants, and have none at all in a short batch. Rank 0 leads: it alone speaks and keeps files.
With one device nothing here does anything.

Where a model is divided among the ranks (`training.shards`), its gradients are summed layer by layer on the way back;
all ranks then read as many parts, save together and stop together.
"""

from __future__ import annotations

import ctypes
import math
import os
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from training import shards
from training.events import Event, Stage
from training.problems import Problem

PR_SET_PDEATHSIG = 1
PATIENCE = timedelta(
    days=1
)  # the leader may write texts for hours; a dead rank is noticed by torchrun
BUCKET = 1 << 24  # numbers that are summed together
APART = 7919  # between the random numbers of two ranks
CPU = torch.device("cpu")
Thing = TypeVar("Thing")


def among_ranks() -> bool:
    """Whether torchrun has started this process."""
    return int(os.environ.get("WORLD_SIZE") or 1) > 1 and "LOCAL_RANK" in os.environ


def available() -> int:
    """GPUs that this process may use; without one, cores."""
    return torch.cuda.device_count() or os.cpu_count() or 1


def chosen(wanted: int | None) -> int:
    """Of None all GPUs there are, and one processor. Raises Problem(`train.devices`) for more than there are."""
    if wanted is None:
        return torch.cuda.device_count() or 1
    if wanted > available():
        raise Problem("train.devices", wanted=wanted, found=available())
    return wanted


def die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def join() -> None:
    """Meets the other ranks, if there are any."""
    if not among_ranks():
        return
    die_with_parent()  # torchrun may be killed before it can end its ranks
    backend = "gloo"
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        backend = "cpu:gloo,cuda:nccl"
    dist.init_process_group(backend, timeout=PATIENCE)


def trained(steps: Iterable[Event]) -> Iterator[Event]:
    """The events of a fine-tune. What comes after the training is the leader's alone: the others end there."""
    for event in steps:
        if isinstance(event, Stage) and event.name == "testing" and dist.is_initialized():
            led = leads()
            dist.barrier()
            dist.destroy_process_group()
            if not led:
                return
        yield event


def ranks() -> int:
    return dist.get_world_size() if dist.is_initialized() else 1


def rank() -> int:
    return dist.get_rank() if dist.is_initialized() else 0


def leads() -> bool:
    return rank() == 0


def mine(rows: Sequence[int]) -> list[int]:
    """This rank's share of the rows of a step, which are sorted by length: each gets short and long ones."""
    return list(rows[rank() :: ranks()])


def total(number: float) -> float:
    """The sum over all ranks."""
    if ranks() == 1:
        return number
    found = torch.tensor([number], dtype=torch.float64)
    dist.all_reduce(found)
    return float(found)


def parts(rows: int, size: int) -> int:
    """In how many parts the rank with the most rows of a step reads them, `size` at a time."""
    return math.ceil(math.ceil(rows / ranks()) / size)


def agreed(found: Thing) -> Thing:
    """What the leader has found, for all: so that ranks never part ways over a last digit."""
    if ranks() == 1:
        return found
    told = [found]
    dist.broadcast_object_list(told, src=0, device=CPU)
    return told[0]


def divides(sharding: str | None) -> bool:
    """Whether a network that is trained with this setting is divided among ranks."""
    return sharding == shards.FSDP and ranks() > 1


def alike(network: nn.Module, seed: int, sharding: str = "none") -> bool:
    """The leader's weights for all, or a part of them for each; random numbers, such as those of dropout, of each
    rank's own. Returns whether the network is divided."""
    if ranks() == 1:
        return False
    for item in (*network.parameters(), *network.buffers()):
        dist.broadcast(item.data, src=0)
    if divides(sharding):
        shards.divide(network)
    apart(seed)
    return shards.divided(network)


def apart(seed: int) -> None:
    """The leader draws on; every other rank begins with random numbers of its own."""
    if not leads():
        torch.manual_seed(seed + APART * rank())


def summed(network: nn.Module, loss: Tensor) -> Tensor:
    """Sums the gradients over all ranks, and the loss, which is returned. A weight without one anywhere has none."""
    if ranks() == 1:
        return loss
    if shards.divided(network):  # its gradients are
        loss = loss.detach().float().clone()
        dist.all_reduce(loss)
        return loss
    items = [item for item in network.parameters() if item.requires_grad]
    has = torch.tensor([item.grad is not None for item in items], dtype=torch.uint8)
    dist.all_reduce(has, dist.ReduceOp.MAX)
    found = [item for item, some in zip(items, has.tolist(), strict=True) if some]
    for item in found:
        if item.grad is None:
            item.grad = torch.zeros_like(item)
    loss = loss.detach().float().clone().view(1)
    for bucket in _buckets([loss, *(item.grad for item in found if item.grad is not None)]):
        flat = torch.cat([one.view(-1) for one in bucket])
        dist.all_reduce(flat)
        for own, part in zip(bucket, flat.split([one.numel() for one in bucket]), strict=True):
            own.copy_(part.view(own.shape))
    return loss[0]


def _buckets(items: Iterable[Tensor]) -> Iterator[list[Tensor]]:
    """Of the same number format, and of about BUCKET numbers each."""
    open_: dict[Any, list[Tensor]] = {}
    for item in items:
        bucket = open_.setdefault(item.dtype, [])
        bucket.append(item)
        if sum(one.numel() for one in bucket) >= BUCKET:
            yield open_.pop(item.dtype)
    yield from open_.values()
