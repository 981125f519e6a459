"""What stands between a process that trains and the rest of the machine.

A process that was forked by the launcher calls `confine`. One that is started afresh is reached by way of this file as
a program, `confine.py PARENT MEMORY NETWORK COMMAND …`, which confines itself and then becomes the command. It is run
by its path in an isolated interpreter (-I -S) and imports nothing but small parts of the standard library. What it does
is often put into Popen's `preexec_fn`; that runs Python between fork and exec, which may deadlock in a parent that has
threads, and a worker has one (it renews the lease). All of it survives exec.
"""

import contextlib
import ctypes
import os
import resource
import signal
import socket
import struct
import sys

PR_SET_PDEATHSIG = 1
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1
NICE = 5
# The kernel should rather take the training than the site or the worker when memory runs out.
OOM_SCORE_ADJ = "600"
STOPPED = 75  # as a fine-tune that was stopped ends


def confine(parent: int, memory: int = 0, network: bool = True) -> None:
    """Call it in a process without threads whose parent is `parent`; ends the process where that has died already.

    `memory` bytes at most (0: no limit); without `network` nothing is in reach but the process's own loopback.
    """
    with contextlib.suppress(OSError):
        os.nice(NICE)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123
        file.write(OOM_SCORE_ADJ)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory:
        limit_memory(memory)
    if not network:
        cut_off()
    # The last: the kernel forgets it when a process changes who it is, as in a new user namespace.
    die_with(parent)


def die_with(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it died before the line above
        os._exit(STOPPED)


def limit_memory(size: int) -> None:
    """Of what the process writes to and nobody shares. Beyond it, asking for more fails inside the process."""
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (size, size))


def cut_off() -> bool:
    """Leaves the network for one of its own; False where the system does not let it."""
    if sys.platform != "linux":
        return False
    libc, user, group = ctypes.CDLL(None, use_errno=True), os.getuid(), os.getgid()
    if libc.unshare(CLONE_NEWNET) != 0:
        # Without privileges it takes a user namespace as well, in which everybody stays who they are.
        if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
            return False
        with contextlib.suppress(OSError):
            for name, text in (
                ("setgroups", "deny"),
                ("uid_map", f"{user} {user} 1"),
                ("gid_map", f"{group} {group} 1"),
            ):
                with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123
                    file.write(text)
    with contextlib.suppress(OSError):
        raise_loopback()
    return True


def raise_loopback() -> None:
    """Processes of one training talk to each other by 127.0.0.1, which a new network begins without."""
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        name = struct.pack("16sh22x", b"lo", 0)
        flags = struct.unpack("16sh22x", fcntl.ioctl(asking, SIOCGIFFLAGS, name))[1]
        fcntl.ioctl(asking, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | IFF_UP))


def main(arguments: list[str]) -> None:
    parent, memory, network, *command = arguments
    confine(int(parent), int(memory), network == "1")
    os.execv(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
