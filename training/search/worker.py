"""One of several processes that carry out the trials of a search: it is told settings, and tells what comes of them.

`python -m training.search.worker FD`: FD is a connection that it has inherited. Messages are JSON: first the spec and
where things lie, which is answered with {"ready"}; then {"settings", "folder"} for each trial. It tells what
`trial.carried_out` does, and after each epoch waits for {"reason"}: "" is to go on.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch

from training import distributed
from training.events import last_of
from training.search.trial import Ready, carried_out, prepared
from training.spec import from_dict


def say(line: Connection, message: Mapping[str, Any]) -> None:
    line.send_bytes(json.dumps(message).encode())


def heard(line: Connection) -> dict[str, Any]:
    """Raises EOFError where nobody is there any more."""
    found: dict[str, Any] = json.loads(line.recv_bytes())
    return found


def main(argv: list[str]) -> int:
    line = Connection(int(argv[0]))
    distributed.die_with_parent()
    try:
        begun = heard(line)
        torch.set_num_threads(int(begun["threads"]))
        folder = Path(begun["folder"])
        ready = last_of(prepared(from_dict(begun["spec"]), folder, begun["bases"]))
        say(line, {"ready": True})
        while True:
            asked = heard(line)
            trial(line, ready, asked["settings"], Path(asked["folder"]))
    except (EOFError, BrokenPipeError):
        return 0


def trial(line: Connection, ready: Ready, settings: Mapping[str, Any], folder: Path) -> None:
    """One trial, from its first step to its end."""
    answer: str | None = None
    with closing(carried_out(ready, settings, folder)) as steps:
        while True:
            try:
                message = steps.send(answer)
            except StopIteration as end:
                say(line, end.value)
                return
            say(line, message)
            answer = heard(line)["reason"] if "epoch" in message else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
