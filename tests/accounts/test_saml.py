"""The sign-on of an organisation by SAML: whom its provider vouches for is let in, and nobody else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.migrated import Tables

ROOT = Path(__file__).resolve().parents[2]


def test_a_signed_answer_lets_in_and_no_other_does(tmp_path: Path, tables: Tables) -> None:
    tables.lend(tmp_path / "attune.sqlite3")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ATTUNE_")}
    paths = os.pathsep.join([str(ROOT), str(ROOT / "platform")])
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "accounts" / "saml_site.py"), str(tmp_path)],
        env={**kept, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert json.loads((tmp_path / "found.json").read_text()) == {
        "unsigned": False,
        "of another request": False,
        "for another site": False,
        "an hour old": False,
        "as it should be": True,
        "once more": True,
        "people": ["ada@acme.org"],
        "workspaces": [1],
    }
