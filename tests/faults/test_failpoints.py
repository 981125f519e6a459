"""Failpoints do what an environment variable says, and nothing without it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from training import failpoints
from training.failpoints import NAMES, failpoint

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _none_passed() -> None:
    failpoints._passed.clear()


def code_of(folder: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.py"))


def test_every_name_is_passed_somewhere() -> None:
    code = "\n".join(code_of(ROOT / name) for name in ("training", "projects", "platform"))
    passed = set(re.findall(r'failpoint\(f?"([\w.]+)', code))
    assert {name for name in NAMES if not name.startswith("said.")} <= passed
    assert passed - {"said."} <= NAMES


def test_every_name_is_broken_by_a_test() -> None:
    code = code_of(Path(__file__).parent)
    assert [name for name in sorted(NAMES) if name not in code] == []


def test_nothing_happens_unless_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    failpoint("run.claimed")
    monkeypatch.setenv(failpoints.VARIABLE, "run.ended=memory")
    failpoint("run.claimed")


def test_an_error_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(failpoints.VARIABLE, "run.claimed=error:ENOSPC")
    with pytest.raises(OSError, match="No space left"):
        failpoint("run.claimed")


def test_one_pass_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(failpoints.VARIABLE, "run.claimed=memory@2 run.ended=memory")
    failpoint("run.claimed")
    with pytest.raises(MemoryError):
        failpoint("run.claimed")
    failpoint("run.claimed")


def test_once_over_all_processes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(failpoints.VARIABLE, "run.claimed=memory!")
    monkeypatch.setenv(failpoints.SEEN, str(tmp_path))
    with pytest.raises(MemoryError):
        failpoint("run.claimed")
    failpoints._passed.clear()  # as in another process
    failpoint("run.claimed")


@pytest.mark.parametrize("entry", ["run.claimed", "run.claimed=dance", "run.claimed=kill@@"])
def test_a_wrong_entry_is_no_silent_one(monkeypatch: pytest.MonkeyPatch, entry: str) -> None:
    monkeypatch.setenv(failpoints.VARIABLE, entry)
    with pytest.raises(ValueError, match="ATTUNE_FAILPOINTS"):
        failpoint("run.claimed")


@pytest.mark.parametrize(("action", "status"), [("kill", -signal.SIGKILL), ("exit:7", 7)])
def test_the_process_ends_at_once(action: str, status: int) -> None:
    code = "from training.failpoints import failpoint as f\ntry: f('a')\nfinally: print('tidy')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"ATTUNE_FAILPOINTS": f"a={action}", "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        check=False,
    )
    assert (done.returncode, done.stdout) == (status, b"")
