"""How high in its base a weight stands, told from its name."""

from __future__ import annotations

import re

from torch import nn

# encoder.layer.3. · transformer.layer.3. · layers.3. · h.3. · block.3.
NUMBER = re.compile(r"(?:^|\.)(?:layers?|h|blocks?)\.(\d+)\.")
TYPES = "token_type_embeddings"
WORDS = re.compile(r"embed|(?:^|\.)(?:wte|wpe|shared)\.")


def count(network: nn.Module) -> int:
    """Layers of the base."""
    found = [NUMBER.search(name) for name, _ in network.named_parameters()]
    return max((int(match[1]) + 1 for match in found if match), default=0)


def is_head(name: str) -> bool:
    return name.startswith("head.")


def height(name: str, layers: int) -> int:
    """0 for the embeddings, 1 for the lowest layer … `layers` for the highest and what stands above it."""
    if match := NUMBER.search(name):
        return int(match[1]) + 1
    return 0 if WORDS.search(name) else layers
