"""The stylesheets are compiled from our sources, once for each state of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from web import css


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.CSS_DIR = tmp_path / "css"
    return tmp_path / "css"


def test_it_works(folder: Path) -> None:
    assert css.compile() == ["attune.css", "attune-admin.css"]
    pages = (folder / "attune.css").read_text("utf-8")
    assert ".btn-primary" in pages  # a component
    assert ".bg-surface" in pages  # a class that only templates name
    assert "--canvas:" in pages
    assert "prefers-color-scheme:dark" in pages.replace(" ", "")
    admin = (folder / "attune-admin.css").read_text("utf-8")
    assert "--canvas:" in admin
    assert ".btn-primary" not in admin
    assert sorted(path.name for path in folder.iterdir()) == ["attune-admin.css", "attune.css"]


def test_it_compiles_only_what_changed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[str] = []
    monkeypatch.setattr(css, "_run", lambda text: runs.append(text) or "body{}")
    css.compile()
    assert css.compile() == []
    assert len(runs) == 2
    (folder / "attune.css").write_text("cut off")
    assert css.compile() == ["attune.css"]


def test_the_digest_follows_the_scanned_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(css, "sources", lambda: [tmp_path])
    before = css.digest("x")
    (tmp_path / "page.html").write_text("<p class='mt-4'>")
    assert css.digest("x") != before
    (tmp_path / "notes.txt").write_text("not scanned")
    assert css.digest("x") != before


def test_a_failure_keeps_the_old_sheet(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    css.compile()
    old = (folder / "attune.css").read_bytes()
    monkeypatch.setattr(css, "entry", lambda name: "@apply nothing-of-the-kind;")
    with pytest.raises(css.CssError):
        css.compile()
    assert (folder / "attune.css").read_bytes() == old


def test_every_source_folder_exists() -> None:
    assert all(folder.is_dir() for folder in css.sources())
