"""The same cases on PostgreSQL, where two writers really meet."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.on_postgres import HINT, SERVER, passes

HERE = Path(__file__).parent
# What is asked of it, a database each: the files, and of the cluster's cases those in which the database has a say.
CASES = {
    "cluster": (
        [HERE / "test_cluster.py"],
        "two_clusters or busy or once or away or run.ending or many_times",
    ),
    "process": ([HERE / f"test_{name}.py" for name in ("moments", "starts", "last_of_a_plan")], ""),
}


@pytest.mark.skipif(not SERVER, reason=HINT)
@pytest.mark.parametrize("case", CASES)
def test_the_same_holds_on_postgresql(case: str) -> None:
    files, chosen = CASES[case]
    passes(case, files, chosen)
