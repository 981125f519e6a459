"""Threads that are let go together, for what must hold when many want the same at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from django.db import connections

from training.problems import Problem

LONG = 120  # seconds


def at_once(number: int, work: Callable[[int], Any]) -> tuple[list[Any], list[str]]:
    """What `number` threads made of `work(n)`: results, and codes of problems."""
    barrier = threading.Barrier(number)
    results: list[Any] = []
    problems: list[str] = []

    def run(index: int) -> None:
        barrier.wait()
        try:
            results.append(work(index))
        except Problem as problem:
            problems.append(problem.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
    return results, problems
