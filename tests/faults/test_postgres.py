"""The same cases on PostgreSQL, where two writers really meet; each process of pytest knows one database only."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SERVER = os.environ.get("ATTUNE_TEST_POSTGRES", "")
HINT = "start a PostgreSQL: export ATTUNE_TEST_POSTGRES=$(.ci/postgres start /tmp/attune-postgres)"
MONEY = ("ledger", "services", "invoices", "stripe", "money_agrees")
# What is asked of it, a database each: the files, and of the cluster's cases those in which the database has a say.
CASES = {
    "cluster": (
        [HERE / "test_cluster.py"],
        "two_clusters or busy or once or away or run.ending or many_times",
    ),
    "process": (
        [
            *(HERE / f"test_{name}.py" for name in ("moments", "starts", "last_of_a_plan")),
            *(HERE.parent / "billing" / f"test_{name}.py" for name in MONEY),
        ],
        "",
    ),
}


@pytest.mark.skipif(not SERVER, reason=HINT)
@pytest.mark.parametrize("case", CASES)
def test_the_same_holds_on_postgresql(case: str) -> None:
    files, chosen = CASES[case]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    # Not a part of the pytest around it, and with a database of its own name.
    kept = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    names = {"ATTUNE_DATABASE_URL": SERVER, "ATTUNE_TEST_DATABASE": f"attune_{case}"}
    done = subprocess.run(
        [*command, *map(str, files), "-k", chosen],
        cwd=HERE.parents[1],
        env={**kept, **names, "ATTUNE_TEST_POSTGRES": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
