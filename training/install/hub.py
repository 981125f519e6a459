"""Downloads a base from the model hub, where the operator allows it."""

from __future__ import annotations

import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from huggingface_hub import snapshot_download

from training.catalogue import Base, Hub, hub_allowed, missing_files
from training.install import models
from training.problems import Problem

WANTED = ("*.json", "*.safetensors", "*.txt", "*.model", "*.spm", "*.jinja", "LICENSE*", "README*")
OLD_WEIGHTS = "pytorch_model.bin"
POLL = 0.5  # seconds


def fetch(base: Base, source: Hub, out: Path) -> Generator[int, None, None]:
    """Yields the bytes that have come. Raises Problem(`base.missing`, `base.download`)."""
    if not hub_allowed():
        raise Problem("base.missing", base=base.title, base_id=base.id, folder=str(out))
    yield from _fetch(source, out, WANTED)
    if missing_files(out) == "model.safetensors":
        yield from _fetch(source, out, (OLD_WEIGHTS,))
        if (out / OLD_WEIGHTS).is_file():
            models.to_safetensors(out, base.kind)


def _fetch(source: Hub, out: Path, patterns: tuple[str, ...]) -> Generator[int, None, None]:
    with ThreadPoolExecutor(1) as pool:
        task = pool.submit(
            snapshot_download,
            source.repository,
            revision=source.revision,
            local_dir=out,
            allow_patterns=list(patterns),
        )
        while not task.done():
            yield sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
            time.sleep(POLL)
        try:
            task.result()
        except (OSError, ValueError) as error:
            told = str(error).splitlines()[0][:300]
            raise Problem(
                "base.download", package=source.repository, client="hub", told=told
            ) from error
