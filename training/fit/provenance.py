"""What the figures of a run depend on, besides its spec: the data, the base, versions and hardware."""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import torch

from training import artifact
from training.fit.job import VERSION, Job

# Packages whose versions may change the last digits of a figure.
PACKAGES = (
    "torch",
    "transformers",
    "tokenizers",
    "accelerate",
    "peft",
    "safetensors",
    "numpy",
    "scikit-learn",
    "attune",
)
ENDS = 1 << 20  # bytes at either end of a weights file that are looked at


def environment() -> dict[str, Any]:
    """Versions and hardware; plain JSON."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    found: dict[str, Any] = {"device": device, "threads": torch.get_num_threads()}
    found |= {name: told for name in PACKAGES if (told := _installed(name))}
    found |= {"python": platform.python_version(), "system": f"{sys.platform} {platform.machine()}"}
    found["processor"] = _processor()
    if device == "cuda":
        found |= {"gpu": torch.cuda.get_device_name(), "cuda": str(torch.version.cuda)}
    return found


@cache
def _installed(name: str) -> str:
    try:
        return installed(name)
    except PackageNotFoundError:
        return ""


@cache
def _processor() -> str:
    """Its name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def differing(now: Mapping[str, Any], then: Mapping[str, Any]) -> list[str]:
    """Names of what is another, sorted; what one of the two does not tell is left out."""
    return sorted(name for name in now.keys() & then.keys() if now[name] != then[name])


def data(job: Job) -> dict[str, Any]:
    """{"sha256": of the version's file, "splits": split -> SHA-256 of the numbers of its rows}"""
    file = Path(job.spec.version or job.folder / VERSION)
    splits = {
        split: hashlib.sha256(" ".join(str(row.row) for row in rows).encode()).hexdigest()
        for split, rows in job.rows.items()
    }
    return {"sha256": artifact.sha256(file), "splits": splits}


def base(job: Job) -> str:
    """A digest that tells base models apart: their configuration, and sizes and ends of their weights."""
    digest = hashlib.sha256()
    for path in sorted(job.base.glob("*.safetensors")):
        with path.open("rb") as file:
            digest.update(f"{path.name} {path.stat().st_size}".encode())
            digest.update(file.read(ENDS))
            file.seek(max(0, path.stat().st_size - ENDS))
            digest.update(file.read())
    config = job.base / "config.json"
    if config.is_file():
        digest.update(config.read_bytes())
    return digest.hexdigest()
