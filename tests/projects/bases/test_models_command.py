"""`manage.py models list | add | verify`."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from training import catalogue

pytestmark = pytest.mark.django_db


def run(*words: str) -> str:
    out = io.StringIO()
    call_command("models", *words, stdout=out)
    return out.getvalue()


def folder_at(path: Path) -> Path:
    path.mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (path / name).write_text("{}")
    return path


def test_the_list_has_all_of_them_with_their_state() -> None:
    lines = run("list").splitlines()
    assert len(lines) == len(catalogue.BASES)
    assert lines[0].split()[:2] == ["here", "minilm-l6"]


def test_an_own_folder_is_added(tmp_path: Path, settings: Any) -> None:
    own = folder_at(tmp_path / "own")
    told = run("add", "--folder", str(own), "--id", "ours", "--languages", "de,en")
    assert str(own) in told
    base = catalogue.find("ours", settings.BASES_DIR)
    assert (base.languages, base.kind) == (("de", "en"), "encoder")
    assert any(line.split()[:2] == ["here", "ours"] for line in run("list").splitlines())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("add", "gpt-99"), "not in the catalogue"),
        (("add", "--folder", "/nowhere", "--id", "ours"), "config.json"),
        (("add", "--pip", "a==1", "--folder", "a", "--id", "ours"), "sha256"),
        (("add", "--hub", "us/own", "--id", "No Good"), "id"),
    ],
)
def test_what_is_wrong_is_told(words: tuple[str, ...], told: str) -> None:
    with pytest.raises(CommandError, match=told):
        run(*words)


def test_the_default_base_answers() -> None:
    assert "It answers:" in run("verify", catalogue.DEFAULT)
