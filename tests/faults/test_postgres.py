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
# What is asked of it, a database each: files, and of the cluster's cases those in which the database has a say.
CASES = {
    "a cluster": [
        "test_cluster.py",
        *("-k", "two_clusters or busy or once or away or run.ending or many_times"),
    ],
    "one process": ["test_moments.py", "test_starts.py", "test_last_of_a_plan.py"],
}


@pytest.mark.skipif(not SERVER, reason=HINT)
@pytest.mark.parametrize("cases", CASES)
def test_the_same_holds_on_postgresql(cases: str) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-m", "faults", "-p", "no:cacheprovider"]
    command += [str(HERE / word) if word.endswith(".py") else word for word in CASES[cases]]
    # Not a part of the pytest around it, and with a database of its own name.
    kept = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    names = {
        "ATTUNE_DATABASE_URL": SERVER,
        "ATTUNE_TEST_DATABASE": f"attune_{cases.replace(' ', '_')}",
    }
    environment = {**kept, **names, "ATTUNE_TEST_POSTGRES": ""}
    done = subprocess.run(
        command,
        cwd=HERE.parents[1],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
