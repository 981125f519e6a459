"""How `make test` shares the tests between processes: `pytest -n 2` gives each process whole files.

A file stays together because fixtures of a module are made once for it. The walks of the browser stay together as one,
because they share a running site; they and other long files come first, so that no process ends long after the others.
"""

from __future__ import annotations

import gc
from collections.abc import Generator
from typing import Any

import pytest

WALKS = "tests/browser/"
# Seconds of processor time decide, not the number of tests; `make test ARGS=--durations=40` tells them.
LONG = (
    WALKS,
    "tests/real_data/",
    "tests/training/test_distributed.py",
    "tests/training/test_install.py",
    "tests/projects/runs/test_interleavings.py",
    "tests/test_access_sweep.py",
    "tests/projects/runs/test_views_of_tasks.py",
    "tests/training/test_going_on.py",
    "tests/web/test_browser.py",
    "tests/faults/test_postgres.py",
)


def _rank(nodeid: str) -> int:
    return next((place for place, name in enumerate(LONG) if nodeid.startswith(name)), len(LONG))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In a process that shares the tests with others the long ones come first."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: _rank(item.nodeid))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, Any, Any]:
    """What is collected lives to the end: nobody looks through it for garbage, now or later. And Python looks for
    garbage after so many new objects that it took a fifth of the time of short tests."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    if config.option.dist not in ("load", "loadfile"):
        return None  # another way was asked for
    from xdist.scheduler import LoadFileScheduling

    class ByFile(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return WALKS if nodeid.startswith(WALKS) else super()._split_scope(nodeid)

    config.option.loadscopereorder = False  # the order is ours
    return ByFile(config, log)
