"""Two processes that train together, forked off this one: torch need not be loaded again for each of them."""

from __future__ import annotations

import json
import os
import signal
import tempfile
import traceback
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import torch
import torch.distributed as dist

from training import checkpoints, distributed, stopping
from training.fit import fit
from training.spec import Spec

WAIT = 300  # seconds, after which a process that hangs is ended
STOPPED = {"event": "stopped"}


def fitted(folder: Path, spec: Spec, stop: tuple[int, int] = (0, 0)) -> list[dict[str, Any]]:
    """The leader's events. `stop`: (rank, step): the word to stop comes to that rank alone, after so many steps."""
    folder.mkdir(exist_ok=True)
    store = folder.parent / f"{uuid4()}.store"  # where they meet
    events = folder.parent / f"{folder.name}.events"
    events.unlink(missing_ok=True)
    children = [_forked(rank, folder, spec, stop, store, events) for rank in (0, 1)]
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert codes == [0, 0], codes
    return [json.loads(line) for line in events.read_text().splitlines()]


def _forked(
    rank: int, folder: Path, spec: Spec, stop: tuple[int, int], store: Path, events: Path
) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        signal.alarm(WAIT)
        torch.set_num_threads(1)  # threads do not come along
        dist.init_process_group(
            "gloo",
            init_method=f"file://{store}",
            rank=rank,
            world_size=2,
            timeout=timedelta(seconds=WAIT),
        )
        found = list(_told(rank, folder, spec, stop))
        if rank == 0:
            events.write_text("".join(json.dumps(one) + "\n" for one in found))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _told(rank: int, folder: Path, spec: Spec, stop: tuple[int, int]) -> Iterator[dict[str, Any]]:
    own = folder
    if rank:
        place = tempfile.mkdtemp(prefix=".rank-", suffix=".part", dir=folder)
        own = checkpoints.lent(folder, Path(place))
    try:
        for event in distributed.trained(fit(spec, own)):
            told = event.as_dict()
            yield told
            if told["event"] == "step" and stop[1] and rank == stop[0] and told["step"] >= stop[1]:
                stopping.ask()
    except stopping.Stopped:
        yield STOPPED
