"""`platform/` is a folder on the import path and must never hide the standard library's module of that name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# What transformers would take ours for, and import it instead of the real one.
TAKEN = {"datasets", "evaluate", "tokenizers", "accelerate", "peft"}


def test_it_is_no_package() -> None:
    assert not (ROOT / "platform" / "__init__.py").exists()


@pytest.mark.parametrize("arguments", [["-c"], ["-m", "asyncio"]])
def test_the_standard_module_stays_reachable(arguments: list[str]) -> None:
    """In a process of its own: pytest has imported the real one long ago, and would pass whatever lies here."""
    code = (
        "import sys; sys.path.append('platform'); sys.path.insert(0, '.');"
        "import platform, config; print(platform.python_version())"
    )
    command = [sys.executable, "-c", code]
    if arguments[0] == "-m":
        command = [
            sys.executable,
            "manage.py",
            "shell",
            "-c",
            "import platform; print(platform.python_version())",
        ]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.split()[-1] == sys.version.split()[0]


@pytest.mark.parametrize("folder", ["platform", "platform/config", "."])
def test_no_name_is_one_of_the_standard_library(folder: str) -> None:
    names = {
        path.stem
        for path in (ROOT / folder).iterdir()
        if (path.suffix == ".py" or (path / "__init__.py").exists())
    }
    assert names
    assert not names & set(sys.stdlib_module_names)


def test_no_import_root_has_a_name_that_transformers_looks_for() -> None:
    roots = {path.name for folder in (ROOT, ROOT / "platform") for path in folder.iterdir()}
    assert not roots & TAKEN
