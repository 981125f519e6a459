"""Training few weights beside a frozen base (LoRA and others), and putting them into it. The files are peft's own.

A prompt or a prefix (training.files.soft) cannot be put into it: the model is then the base and the virtual tokens.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MethodType
from typing import Any, cast

import torch
from peft import (
    IA3Config,
    LoraConfig,
    PeftConfig,
    PrefixTuningConfig,
    PromptTuningConfig,
    get_peft_model_state_dict,
    inject_adapter_in_model,
)
from peft import set_peft_model_state_dict as put_weights
from peft.tuners.lora import Linear
from peft.tuners.tuners_utils import BaseTunerLayer
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional

from training import clashes, shards
from training.files.soft import PREFIX, PROMPT, SOFT_NAME, Soft, with_soft

RANK, ALPHA = 16, 32
ALL = "all-linear"  # every linear layer but the output
CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"  # as peft reads them


def attach(
    network: Any,
    r: int = RANK,
    alpha: int = ALPHA,
    targets: str | list[str] = ALL,
    dropout: float = 0.0,
    method: str = "lora",
) -> PeftConfig:
    """Freezes the network's base and puts adapters beside its linear layers. They begin at zero effect.

    `r` and `alpha` are of LoRA and its relatives; IA3 has one factor for each output and knows no rank.
    """
    config: PeftConfig
    if method == "ia3":
        config = IA3Config(target_modules=targets, feedforward_modules=[])
    else:
        config = LoraConfig(
            r=r,
            lora_alpha=alpha,
            target_modules=targets,
            lora_dropout=dropout,
            use_dora=method == "dora",
            use_rslora=method == "rslora",
        )
    network.base.requires_grad_(False)
    inject_adapter_in_model(config, network.base)
    network.adapter = config
    return config


def begin(
    network: Any,
    settings: Mapping[str, Any],
    pieces: Sequence[Mapping[str, Any]],
    special: Sequence[int] = (),
) -> None:
    """Puts what is to be trained beside the base, as the settings of a run say."""
    method = str(settings["method"])
    if method in clashes.SOFT:
        count = int(settings["virtual_tokens"])
        soften(network, method, commonest(pieces, count, special))
    else:
        attach(network, settings["rank"], settings["alpha"], method=method)


def commonest(
    pieces: Sequence[Mapping[str, Any]], count: int, special: Sequence[int] = ()
) -> list[int]:
    """Those tokens that stand in most of the texts: what virtual tokens begin as (Lester et al. found words of the task
    better than chance). Fewer different ones come more than once."""
    seen = Counter(token for piece in pieces for token in set(piece["ids"]) - set(special))
    seen = seen or Counter(special[:1])
    found = sorted(seen, key=lambda token: (-seen[token], token))[:count]
    return [found[place % len(found)] for place in range(count)]


def soften(network: Any, kind: str, tokens: Sequence[int]) -> None:
    """Freezes the base and has it read virtual tokens first, which begin as these tokens of its own."""
    base = network.base
    base.requires_grad_(False)
    ids = torch.tensor([list(tokens)], device=next(base.parameters()).device)
    config: dict[str, Any] = {
        "num_virtual_tokens": len(tokens),
        "num_transformer_submodules": 1,
    }
    if kind == PROMPT:
        values = base.get_input_embeddings()(ids)[0]
        soft = Soft(kind, values)
        network.adapter = PromptTuningConfig(token_dim=values.shape[1], **config)
    else:
        soft = _remembered(base, ids)
        size = soft.weight.shape[1] // (2 * soft.layers)
        network.adapter = PrefixTuningConfig(
            token_dim=size, num_layers=soft.layers, num_attention_heads=soft.heads, **config
        )
    if not portable(base, kind):
        network.adapter = None
    with_soft(network, soft.to(ids.device))


def apart(network: Any) -> dict[str, Any]:
    """What a model says of its virtual tokens; the base is as it came again, to be saved without them."""
    soft: Soft = network.soft
    with_soft(network, None)
    return soft.about


def portable(base: Any, kind: str) -> bool:
    """Whether peft 0.21 reads such virtual tokens as they are meant: of a decoder after an encoder, it has layers share
    one prefix; where the embeddings are scaled after they were looked up, it leaves a prompt unscaled."""
    if not base.config.is_encoder_decoder:
        return True
    return kind == PROMPT and not getattr(base.config, "scale_embedding", False)


@torch.no_grad()
def _remembered(base: Any, ids: torch.Tensor) -> Soft:
    """A prefix: what the layers of the base keep of the tokens, in the order in which peft has it."""
    training = base.training
    given = {"input_ids": ids}
    if base.config.is_encoder_decoder:
        given["decoder_input_ids"] = ids
    known = base.eval()(**given, use_cache=True).past_key_values
    base.train(training)
    layers = getattr(known, "self_attention_cache", known).layers
    parts = [part[0] for layer in layers for part in (layer.keys, layer.values)]
    values = torch.stack(parts).permute(2, 0, 1, 3)  # (tokens, layers * 2, heads, size)
    return Soft(PREFIX, values.flatten(1), len(layers), values.shape[2])


def lighter(network: Any) -> None:
    """Keeps the frozen matrices in bf16: under autocast they are computed with in bf16 anyway, and cast each time.

    For training alone: until `merged` gives the base back, the network computes in bf16.
    """
    for layer in network.base.modules():
        if isinstance(layer, Linear) and isinstance(layer.get_base_layer(), nn.Linear):
            layer.get_base_layer().to(torch.bfloat16)
            layer.forward = MethodType(_beside, layer)  # type: ignore[method-assign]


def _beside(layer: Any, x: torch.Tensor, *_given: Any, **_named: Any) -> torch.Tensor:
    """What peft's layer computes, without its casts to fp32 and back: a third of a step on a processor."""
    plain = layer.get_base_layer()
    x = x.to(torch.bfloat16)
    out = functional.linear(x, plain.weight, plain.bias)
    if layer.disable_adapters:
        return out
    down, up = layer.lora_A["default"].weight, layer.lora_B["default"].weight
    inner = functional.linear(layer.lora_dropout["default"](x), down.to(x.dtype))
    flat = out.view(-1, out.shape[-1])
    beside = inner.view(-1, inner.shape[-1])
    added = torch.addmm(flat, beside, up.to(x.dtype).t(), alpha=layer.scaling["default"])
    return added.view(out.shape)


def trained(network: nn.Module) -> dict[str, Any]:
    """How many weights are trained, of how many."""
    of = sum(item.numel() for item in network.parameters())
    some = sum(item.numel() for item in network.parameters() if item.requires_grad)
    return {"trained": some, "weights": of, "share": some / of}


def adapter_state(network: Any) -> dict[str, torch.Tensor]:
    """The adapter's weights alone, copied: what an epoch that is best needs to keep."""
    if network.soft is not None:
        return {SOFT_NAME: network.soft.weight.detach().float().cpu().clone()}
    found = get_peft_model_state_dict(network.base, adapter_name="default")
    return {name: shards.whole(value).float().cpu().clone() for name, value in found.items()}


def put_adapter(network: Any, state: dict[str, torch.Tensor]) -> None:
    """The other way round."""
    if network.soft is not None:
        network.soft.weight.data.copy_(state[SOFT_NAME])
        return
    put_weights(network.base, state, adapter_name="default")


def save_adapter(network: Any, folder: str | Path, base: str = "") -> Path:
    """Writes the adapter as peft reads it: weights, and a configuration that names the base. Returns the folder."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    start = "" if network.soft is not None else "base_model.model."
    state = {f"{start}{name}": item for name, item in adapter_state(network).items()}
    save_file({name: item.contiguous() for name, item in state.items()}, folder / WEIGHTS)
    if network.adapter is None:  # for nobody but predict.py
        return folder
    config = network.adapter.to_dict()
    config |= {"base_model_name_or_path": base, "inference_mode": True, "task_type": _kind(network)}
    # Sets have no order of their own: the same adapter is to give the same file.
    plain = {key: sorted(item) if isinstance(item, set) else item for key, item in config.items()}
    text = json.dumps(plain, indent=2, sort_keys=True, default=str)
    (folder / CONFIG).write_text(text + "\n", encoding="utf-8")
    return folder


def _kind(network: Any) -> str:
    if not hasattr(network.base, "generate"):
        return "FEATURE_EXTRACTION"
    return "SEQ_2_SEQ_LM" if network.base.config.is_encoder_decoder else "CAUSAL_LM"


def load_adapter(network: Any, folder: str | Path) -> None:
    """Puts a saved adapter beside the layers of a network without one."""
    folder = Path(folder)
    config = PeftConfig.from_pretrained(str(folder))
    network.base.requires_grad_(False)
    inject_adapter_in_model(config, network.base)
    network.adapter = config
    state = load_file(folder / WEIGHTS)
    put_adapter(network, {name.removeprefix("base_model.model."): state[name] for name in state})


def merged(network: Any, original: Any = None) -> Any:
    """The base with the adapter's effect in its own weights, in fp32 and without peft. Changes the network.

    `original` is the base as it was before `lighter` rounded it; its matrices are taken then.
    """
    weights = dict(original.named_parameters()) if original is not None else {}
    for name, layer in list(network.base.named_modules()):
        if isinstance(layer, BaseTunerLayer):
            plain: Any = layer.get_base_layer().float()
            if f"{name}.weight" in weights:
                plain.weight.data.copy_(weights[f"{name}.weight"].data)
            cast("Any", layer).merge(safe_merge=True)
            _put(network.base, name, plain)
    for item in network.base.parameters():
        item.requires_grad_(True)
    if hasattr(network.base, "peft_config"):
        del network.base.peft_config
    network.adapter = None
    return network.base


def _put(base: nn.Module, name: str, layer: nn.Module) -> None:
    parent, _, own = name.rpartition(".")
    setattr(base.get_submodule(parent), own, layer)


@contextmanager
def without(network: Any) -> Iterator[None]:
    """The untouched base for a while, as what came before the training."""
    soft = network.soft
    with_soft(network, None)
    layers = [layer for layer in network.base.modules() if isinstance(layer, BaseTunerLayer)]
    for layer in layers:
        layer.enable_adapters(False)
    try:
        yield
    finally:
        with_soft(network, soft)
        for layer in layers:
            layer.enable_adapters(True)
