"""Tests once more on PostgreSQL, in a pytest of their own: each process of pytest knows one database only."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SERVER = os.environ.get("ATTUNE_TEST_POSTGRES", "")
HINT = "start a PostgreSQL: export ATTUNE_TEST_POSTGRES=$(.ci/postgres start /tmp/attune-postgres)"


def passes(name: str, files: Sequence[Path], chosen: str = "") -> None:
    """In a database called by `name`. `chosen` as after -k. Raises AssertionError with what pytest said."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    # Not a part of the pytest around it, and with a database of its own name.
    kept = {key: value for key, value in os.environ.items() if "PYTEST" not in key}
    names = {"ATTUNE_DATABASE_URL": SERVER, "ATTUNE_TEST_DATABASE": f"attune_{name}"}
    done = subprocess.run(
        [*command, *map(str, files), "-k", chosen],
        cwd=ROOT,
        env={**kept, **names, "ATTUNE_TEST_POSTGRES": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
