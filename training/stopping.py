"""The word that this process is to stop, and where it may be interrupted by it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


class Stopped(BaseException):
    """SIGTERM or SIGINT came. Not an Exception, so that nothing on its way takes it for a fault."""


@dataclass
class _Word:
    asked: bool = False
    keeps: bool = True  # what was done is to be kept, so that it can go on
    deferred: bool = False


_word = _Word()


def ask(keeps: bool = True) -> bool:
    """From a handler of signals. Whether the word is new and may interrupt: else `check` is called soon."""
    if _word.asked:
        return False
    _word.asked, _word.keeps = True, keeps
    return not _word.deferred


def asked() -> bool:
    return _word.asked


def keeps() -> bool:
    return _word.keeps


def forget() -> None:
    _word.asked, _word.keeps = False, True


def check() -> None:
    if _word.asked:
        raise Stopped


@contextmanager
def deferred(wanted: bool = True) -> Iterator[None]:
    """Inside, the word interrupts nothing: what is half done would be lost, or kept half done.

    With `wanted` False it may again, inside of another one.
    """
    before = _word.deferred
    if not wanted:
        check()
    _word.deferred = wanted
    try:
        yield
    finally:
        _word.deferred = before
