"""Prepares a process and then becomes the command that follows: `trampoline.py PARENT COMMAND …`.

It is run by its path in an isolated interpreter (-I -S) and imports nothing but small parts of the standard library.
What it does is often put into Popen's `preexec_fn`; that runs Python between fork and exec, which may deadlock in a
parent that has threads, and a worker has one (it renews the lease). Signal dispositions, niceness and the death
signal survive exec.
"""

import contextlib
import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
NICE = 5
# The kernel should rather take the training than the site or the worker when memory runs out.
OOM_SCORE_ADJ = "600"
STOPPED = 75  # as a fine-tune that was stopped ends


def main(parent: int, command: list[str]) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it died before the line above
        sys.exit(STOPPED)
    os.nice(NICE)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123
        file.write(OOM_SCORE_ADJ)
    os.execv(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
