"""Stands between the supervisor and one service, so that nothing of a service outlives the supervisor.

`kill -9` of the supervisor leaves no moment to clean up in, and the parent-death signal of the kernel reaches direct
children only, not the workers that a service forks. So every service gets a warden: the leader of a process group,
which hands signals on, and ends the whole group once its parent has gone. Standard library only, run with `-I -S`.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time

GRACE = 4.0  # seconds that a service may take to end when the supervisor has gone
TICK = 0.1  # seconds between looks at the service and at the parent
PR_SET_PDEATHSIG = 1


def main() -> int:
    parent, command = int(sys.argv[1]), sys.argv[2:]
    process = subprocess.Popen(command, preexec_fn=die_with_parent)

    def hand_on(number: int, frame: object) -> None:
        process.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, hand_on)
    while process.poll() is None:
        if os.getppid() != parent:
            end_group(process)
        time.sleep(TICK)
    # As a shell tells it: 128 and the number of the signal.
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


def end_group(process: "subprocess.Popen[bytes]") -> None:
    """Ends the service, whatever it has forked, and this process."""
    process.terminate()
    end = time.monotonic() + GRACE
    while process.poll() is None and time.monotonic() < end:
        time.sleep(TICK)
    os.killpg(0, signal.SIGKILL)


def die_with_parent() -> None:
    """For the case that the warden itself is killed; there is no such thing outside Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
