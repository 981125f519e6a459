"""Something is broken on purpose, and `assert_consistent` looks at what came of it. `make test-faults` runs these."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connections

from projects.jobs import launcher
from projects.runs import guarding, worker
from projects.runs.models import Run
from tests.faults.cluster import TRAINER, Cluster, quick
from tests.projects.runs.conftest import (  # noqa: F401
    _not_leaving,
    bare,
    project,
    queued,
    start,
    version,
)

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.faults)
            if "db" in item.fixturenames:
                # Another process has to see what the test has written.
                item.add_marker(pytest.mark.django_db(transaction=True))


@pytest.fixture
def trainer(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """`trainer("killed")`: what this process starts as a trainer behaves so (see trainer.py)."""
    monkeypatch.setattr(guarding, "LOOK", 0.0)

    def behave(how: str) -> None:
        monkeypatch.setattr(launcher, "MODULE", (str(TRAINER), how))

    return behave


@pytest.fixture
def start_cluster(
    home: Path, monkeypatch: pytest.MonkeyPatch, transactional_db: None
) -> Iterator[Callable[..., Cluster]]:
    """Starts queue clusters of their own processes on this test's database; all of them are gone when it ends."""
    quick(monkeypatch.setattr)
    made: list[Cluster] = []

    def begin(how: str = "slow", log: Path | None = None, **environment: str) -> Cluster:
        made.append(Cluster.start(home, how, environment, log))
        return made[-1]

    yield begin
    for cluster in made:
        cluster.kill()
    connections.close_all()


def carried_out(run: Run) -> Run:
    worker.execute(run.pk)
    run.refresh_from_db()
    return run
