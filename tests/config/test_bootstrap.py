"""Set-up: what it refuses, what it skips and what it hands on. Nothing is installed here."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from config import bootstrap

PROJECT = """
[project]
name = "attune"
dependencies = ["django"]
[build-system]
requires = ["hatchling"]
[tool.hatch.build]
dev-mode-dirs = ["."]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "constraints.txt").write_text("django==5.2.19\n")
    return tmp_path


@pytest.fixture
def filled(root: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The extras of each installation, none of which is carried out."""
    calls: list[list[str]] = []
    monkeypatch.setattr(bootstrap, "make_venv", lambda venv: touch(bootstrap.python_of(venv)))
    monkeypatch.setattr(bootstrap, "fill_venv", lambda root, venv, extras: calls.append(extras))
    return calls


def touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def test_a_repeat_does_nothing(root: Path, filled: list[list[str]]) -> None:
    bootstrap.install(root, {"test"})
    bootstrap.install(root, {"test"})
    bootstrap.install(root, set())
    assert filled == [["test"]]


def test_extras_are_added_to_those_that_are_there(root: Path, filled: list[list[str]]) -> None:
    bootstrap.install(root, {"test"})
    bootstrap.install(root, {"lint"})
    assert filled == [["test"], ["lint", "test"]]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("constraints.txt", "django==5.2.20\n"),
        ("pyproject.toml", PROJECT.replace('"django"', '"django", "uvicorn"')),
    ],
)
def test_a_change_installs_again(root: Path, filled: list[list[str]], name: str, text: str) -> None:
    bootstrap.install(root, set())
    (root / name).write_text(text)
    bootstrap.install(root, set())
    assert len(filled) == 2


def test_settings_of_tools_are_no_change(root: Path, filled: list[list[str]]) -> None:
    bootstrap.install(root, set())
    (root / "pyproject.toml").write_text(PROJECT + "[tool.ruff]\nline-length = 90\n")
    bootstrap.install(root, set())
    assert len(filled) == 1


def test_a_venv_whose_python_is_gone_is_made_again(root: Path, filled: list[list[str]]) -> None:
    bootstrap.install(root, set())
    bootstrap.python_of(root / ".venv").unlink()
    bootstrap.install(root, set())
    assert len(filled) == 2


def test_a_failed_installation_is_no_installation(
    root: Path, filled: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    bootstrap.install(root, set())
    (root / "constraints.txt").write_text("")
    with monkeypatch.context() as patch:
        patch.setattr(bootstrap, "run_uv", lambda venv, what: False)
        patch.setattr(bootstrap, "fill_venv", fail)
        with pytest.raises(bootstrap.Failed):
            bootstrap.install(root, set())
    (root / "constraints.txt").write_text("django==5.2.19\n")
    bootstrap.install(root, set())
    assert len(filled) == 2


def fail(*args: Any) -> None:
    raise bootstrap.Failed("no network")


def test_it_wants_room_on_the_disk(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap.shutil, "disk_usage", lambda path: SimpleNamespace(free=10**9))
    with pytest.raises(bootstrap.Failed, match=r"4\.3 GB free in .*, 1\.0 GB are there"):
        bootstrap.install(root, set())


def test_it_says_what_debian_lacks(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = SimpleNamespace(returncode=1, stdout="ensurepip is not available")
    monkeypatch.setattr(bootstrap, "captured", lambda *command: answer)
    with pytest.raises(bootstrap.Failed, match="apt install python3-venv"):
        bootstrap.make_venv(root / ".venv")


def test_an_old_python_can_read_it() -> None:
    ast.parse(Path(bootstrap.__file__).read_text(encoding="utf-8"), feature_version=(3, 6))


def test_an_old_python_is_named(tmp_path: Path) -> None:
    pretend = "import runpy, sys; sys.version_info = (3, 8, 1); sys.version = '3.8.1 (old)'; "
    run = f"runpy.run_path({bootstrap.__file__!r}, run_name='__main__')"
    answer = subprocess.run(
        [sys.executable, "-c", pretend + run],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 1
    assert "Attune needs Python 3.11 to 3.13; this is 3.8.1" in answer.stderr
    assert "make PYTHON=python3.11 run" in answer.stderr


def test_uv_gets_what_pip_was_told() -> None:
    listing = """\
:env:.find-links='/wheels /more'
global.extra-index-url='\\nfile:///one\\nfile:///two'
global.find-links='/elsewhere'
global.index-url='https://packages.example.org/simple'
global.constraint='/etc/constraints.txt'
:env:.cert='/etc/own.crt'
"""
    assert bootstrap.uv_settings(listing) == {
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_FIND_LINKS": "/wheels,/more",
        "UV_DEFAULT_INDEX": "https://packages.example.org/simple",
        "UV_INDEX": "file:///one file:///two",
        "UV_CONSTRAINT": "/etc/constraints.txt",
        "SSL_CERT_FILE": "/etc/own.crt",
    }


def test_pip_takes_over_where_uv_fails(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []

    def call(command: list[str], **kwargs: Any) -> int:
        commands.append(command)
        return int(command[0] == "uv")

    monkeypatch.setattr(bootstrap.subprocess, "call", call)
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: name)
    bootstrap.fill_venv(root, root / ".venv", ["test"])
    assert [command[0] for command in commands] == ["uv", str(root / ".venv/bin/python")]
    for command in commands:
        assert command[-4:] == ["-c", str(root / "constraints.txt"), "-e", f"{root}[test]"]


@pytest.mark.parametrize("there", [True, False])
def test_uv_comes_by_pip(root: Path, monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    """Where the machine has none; where pip cannot bring it either, pip does all."""
    commands: list[str] = []
    asked: list[tuple[str, ...]] = []

    def captured(*command: str, **environment: str) -> SimpleNamespace:
        asked.append(command)
        return SimpleNamespace(returncode=int(command[-1] == "uv" and not there), stdout="")

    def call(command: list[str], **kwargs: Any) -> int:
        commands.append(command[0])
        return 0

    monkeypatch.setattr(bootstrap, "captured", captured)
    monkeypatch.setattr(bootstrap.subprocess, "call", call)
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: None)
    bootstrap.fill_venv(root, root / ".venv", [])
    assert asked[0][-3:] == ("-c", str(root / "constraints.txt"), "uv")
    assert commands == [str(root / ".venv" / "bin" / ("uv" if there else "python"))]


def test_the_stamp_is_plain_json(root: Path, filled: list[list[str]]) -> None:
    bootstrap.install(root, {"test", "lint"})
    stamp = json.loads((root / ".venv" / "stamp.json").read_text())
    assert stamp["extras"] == ["lint", "test"]
