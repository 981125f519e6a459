"""Starts one training as several processes of this machine, a device each: torchrun, that ends as its ranks ended.

`python -m training.ranks N fit …` is `python -m training fit …` on N devices, with the same events and exit codes.
torchrun itself ends with 1 whatever happened, and says nothing of why.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

LEADER = 0
DONE, OURS, PROBLEM, STOPPED = 0, 1, 2, 75
LOOK = 0.5  # seconds between two looks at the ranks
GRACE = 8  # seconds that ranks have after the word to stop


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m training.ranks", description=__doc__)
    parser.add_argument("devices", type=int)
    parser.add_argument("command", nargs=argparse.REMAINDER, help="as for python -m training")
    wanted = parser.parse_args(argv)
    return run(wanted.devices, wanted.command)


def run(devices: int, command: Sequence[str]) -> int:
    """Returns the exit code of the leader, or of the rank that failed first. A signal that ended it ends us too."""
    from torch.distributed import run as torchrun
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // devices)))
    how = ["--standalone", "--nproc-per-node", str(devices), "--monitor-interval", str(LOOK)]
    # Nothing but this machine's own loopback is needed, and a run may have nothing else.
    for name in ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME"):
        os.environ.setdefault(name, "lo" if sys.platform == "linux" else "lo0")
    how += ["--local-addr", "127.0.0.1", "--shutdown-timeout", str(GRACE), "--no-python"]
    program = [sys.executable, "-P", "-m", "training", *command]
    try:
        torchrun.run(torchrun.parse_args([*how, *program]))
    except SignalException:
        return STOPPED
    except ChildFailedError as failed:
        codes = {rank: failure.exitcode for rank, failure in failed.failures.items()}
        rank, first = failed.get_first_failure()
        if codes.get(LEADER) == PROBLEM:  # which it has told
            return PROBLEM
        print(f"Rank {rank} ended with {first.exitcode}.", file=sys.stderr)  # noqa: T201
        return _ended(first.exitcode, first.message)
    return DONE


def _ended(code: int, told: str) -> int:
    """As that rank ended: by its signal, with its problem, or with a fault of ours."""
    if code < 0:
        sys.stdout.flush()
        if -code not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    if code == PROBLEM and told.startswith("{"):
        print(told, flush=True)  # noqa: T201
        return PROBLEM
    return STOPPED if code == STOPPED else OURS


def leave_word(problem: Mapping[str, Any]) -> None:
    """A rank that does not lead has a problem: kept where torchrun looks for the words of a rank that failed."""
    place = os.environ.get("TORCHELASTIC_ERROR_FILE")
    if place:
        Path(place).write_text(json.dumps({"message": json.dumps(problem)}), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
