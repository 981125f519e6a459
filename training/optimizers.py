"""What makes a step out of a gradient, in groups of weights that share a learning rate and a decay."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers.optimization import Adafactor

from training import layers
from training.plan import Plan

MOMENTUM = 0.9  # of SGD
# Steps whose losses a GPU is asked for at once: it need not wait for the question in between.
LAG = 8

Group = dict[str, Any]


class Lion(torch.optim.Optimizer):
    """Chen et al. 2023, arXiv 2302.06675: the sign of a mixed momentum. One number a weight is remembered."""

    def __init__(
        self, params: Iterable[Any], lr: float = 1e-4, betas: tuple[float, float] = (0.9, 0.99)
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": 0.0})

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for item in group["params"]:
                if item.grad is not None:
                    self._move(item, group)
        return loss

    def _move(self, item: Tensor, group: Group) -> None:
        state = self.state[item]
        if not state:
            state["mean"] = torch.zeros_like(item)
        mean, (now, later) = state["mean"], group["betas"]
        item.mul_(1 - group["lr"] * group["weight_decay"])
        item.add_(mean.lerp(item.grad, 1 - now).sign_(), alpha=-group["lr"])
        mean.lerp_(item.grad, 1 - later)


def _adafactor(groups: list[Group]) -> torch.optim.Optimizer:
    """With the learning rate as it is given: the schedule is ours."""
    made: torch.optim.Optimizer = Adafactor(
        groups, scale_parameter=False, relative_step=False, warmup_init=False
    )
    return made


KINDS: dict[str, Callable[[list[Group]], torch.optim.Optimizer]] = {
    "adamw": lambda groups: torch.optim.AdamW(groups, fused=True),
    "sgd": lambda groups: torch.optim.SGD(groups, lr=1e-2, momentum=MOMENTUM),
    "adafactor": _adafactor,
    "lion": Lion,
}


def build(network: nn.Module, plan: Plan) -> torch.optim.Optimizer:
    """Weights, biases and norms without decay, the head with a rate of its own; `top` is a group's full rate."""
    return KINDS[plan.optimizer](groups(network, plan))


def skips(optimizer: torch.optim.Optimizer) -> bool:
    """Whether it can be told on the device to leave the weights as they are, without a question to the device."""
    return isinstance(optimizer, torch.optim.AdamW)


def lag_of(optimizer: torch.optim.Optimizer, device: torch.device) -> int:
    """Steps after which their losses are looked at: an optimizer that passes over a bad step by itself can wait."""
    return LAG if device.type == "cuda" and skips(optimizer) else 1


def move(optimizer: torch.optim.Optimizer, fine: Tensor, *, wait: bool) -> None:
    """A step, where `fine` is true. Without `wait` that is found out on the device, for an optimizer that `skips`."""
    if not wait:
        # What torch.amp.GradScaler tells a fused optimizer in this way.
        optimizer.found_inf = (~fine).float()  # type: ignore[attr-defined]
        optimizer.step()
    elif fine:
        optimizer.step()


def groups(network: nn.Module, plan: Plan) -> list[Group]:
    named = [(name, item) for name, item in network.named_parameters() if item.requires_grad]
    new = {name for name, _ in named if layers.is_head(name)}
    if getattr(network, "about", {}).get("shapes"):
        # What the base does not know yet: with its own small rate wnut17 gained nothing by them.
        new |= {name for name, _ in named if layers.TYPES in name}
    body = [(name, item) for name, item in named if name not in new]
    head = [item for name, item in named if name in new]
    found = [
        _group(items, rate, decay)
        for rate, level in _by_rate(network, body, plan).items()
        for items, decay in (
            ([item for item in level if item.ndim > 1], plan.weight_decay),
            ([item for item in level if item.ndim <= 1], 0.0),
        )
    ]
    return [*found, _group(head, plan.head_learning_rate, 0.0)]


def _group(items: Sequence[Tensor], rate: float, decay: float) -> Group:
    return {"params": list(items), "lr": rate, "weight_decay": decay, "top": rate}


def _by_rate(
    network: nn.Module, body: list[tuple[str, nn.Parameter]], plan: Plan
) -> dict[float, list[Tensor]]:
    """The weights below the head by learning rate: each layer's is that of the one above times `layer_decay`."""
    number, found = layers.count(network), {plan.learning_rate: list[Tensor]()}
    for name, item in body:
        below = number - layers.height(name, number)
        rate = plan.learning_rate * plan.layer_decay**below
        found.setdefault(rate, []).append(item)
    return found
