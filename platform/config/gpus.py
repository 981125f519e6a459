"""Which GPUs there are, without torch. Standard library only: the settings ask."""

import os
from collections.abc import Mapping
from pathlib import Path


def found(environment: Mapping[str, str] = os.environ, devices: Path = Path("/dev")) -> list[str]:
    """As CUDA_VISIBLE_DEVICES names them. What the operator has hidden by that variable isn't there."""
    shown = environment.get("CUDA_VISIBLE_DEVICES")
    if shown is not None:
        named = [name.strip() for name in shown.split(",")]
        return [name for name in named if name and not name.startswith("-")]
    there = [path.name.removeprefix("nvidia") for path in devices.glob("nvidia[0-9]*")]
    return [str(number) for number in range(len(there))]
