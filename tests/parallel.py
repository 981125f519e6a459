"""How `make test` shares the tests between processes: `pytest -n 2` gives each process whole files.

A file stays together because fixtures of a module are made once for it. The walks of the browser stay together as one,
because they share a running site; they and other long files come first, so that no process ends long after the others.
"""

from __future__ import annotations

from typing import Any

import pytest

WALKS = "tests/browser/"
# Seconds of processor time decide, not the number of tests; `make test ARGS=--durations=40` tells them.
LONG = (WALKS,)


def _rank(nodeid: str) -> int:
    return next((place for place, name in enumerate(LONG) if nodeid.startswith(name)), len(LONG))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In a process that shares the tests with others the long ones come first."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: _rank(item.nodeid))


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
