"""Tells workers that their cluster is to stop, so that a long task can lay down its work.

django-q has no such word: on SIGTERM it waits until every task is done, which may be hours. The flag is one byte of
memory shared by fork, without a lock that a killed process could take with it.
"""

from __future__ import annotations

import mmap

_flag = mmap.mmap(-1, 1)


def announce() -> None:
    _flag[0] = 1


def wanted() -> bool:
    return _flag[0] == 1


def forget() -> None:
    """For tests."""
    _flag[0] = 0
