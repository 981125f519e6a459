"""The site starts without torch. `include("…")` is a string that import-linter cannot follow, so a process looks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ["torch", "transformers", "accelerate", "safetensors", "sklearn", "scipy"]
# Seconds of processor time; the aim of two is for a quiet machine, this also holds on a busy one.
LIMIT = 4.0
LOOK = """
import json, sys, time
sys.path.append("platform")
from config.asgi import application
from django.urls import get_resolver

def walk(patterns):
    for pattern in patterns:
        yield pattern
        yield from walk(getattr(pattern, "url_patterns", []))

views = sum(1 for pattern in walk(get_resolver().url_patterns))
heavy = [name for name in HEAVY if name in sys.modules]
print(json.dumps({"views": views, "heavy": heavy, "seconds": time.process_time()}))
"""


def look(tmp_path: Path) -> dict[str, Any]:
    answer = subprocess.run(
        [sys.executable, "-c", f"HEAVY = {HEAVY}\n{LOOK}"],
        cwd=ROOT,
        env={"ATTUNE_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return dict(json.loads(answer.stdout.splitlines()[-1]))


@pytest.fixture(scope="module")
def looks(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    home = tmp_path_factory.mktemp("home")
    return [look(home) for _time in range(3)]


def test_it_imports_every_url_without_torch(looks: list[dict[str, Any]]) -> None:
    assert looks[0]["views"] > 50
    assert looks[0]["heavy"] == []


def test_it_starts_quickly(looks: list[dict[str, Any]]) -> None:
    assert min(look["seconds"] for look in looks) < LIMIT
