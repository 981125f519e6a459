"""Nothing here names a package registry or a place on somebody's machine: pip and npm know where to look."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FORBIDDEN = [
    r"https?://[\w.-]*(pypi|pythonhosted|npmjs|npmmirror)\.\w+",
    r"--(extra-)?index-url[ =]\S*/",
    r"--find-links[ =]\S*/",
    r"(?<![\w.~>}])/(root|opt|Users|srv)/\w",
    re.escape(f"{ROOT}/"),
]


def tracked() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listing.stdout.split("\0") if name]


def test_no_registry_and_no_place_is_named() -> None:
    found = []
    for path in tracked():
        if path == Path(__file__) or not path.is_file():
            continue
        text = path.read_bytes().decode("utf-8", errors="ignore")
        found += [f"{path}: {match[0]}" for rule in FORBIDDEN for match in re.finditer(rule, text)]
    assert not found


@pytest.mark.parametrize("text", ["https://pypi.org/simple", "--index-url https://x/", " /root/x"])
def test_the_rules_bark(text: str) -> None:
    assert any(re.search(rule, text) for rule in FORBIDDEN)


def test_no_asset_of_others_is_committed() -> None:
    names = [path.name for path in tracked()]
    assert not [name for name in names if re.search(r"\.min\.(js|css)$|\.woff2?$|\.ttf$", name)]
