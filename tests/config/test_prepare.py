"""Static files are compressed once, and again when one has changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles.finders import get_finder

from config import prepare


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, settings: Any, home: Path) -> Iterator[list[str]]:
    calls: list[str] = []
    settings.STATIC_ROOT = home / "static"
    settings.STATICFILES_DIRS = [home / "own"]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    (home / "static").mkdir()
    (home / "own").mkdir()
    monkeypatch.setattr(prepare, "call_command", lambda name, **options: calls.append(name))
    get_finder.cache_clear()
    yield calls
    get_finder.cache_clear()


def test_it_collects_once(calls: list[str]) -> None:
    prepare.collect_static()
    prepare.collect_static()
    assert calls == ["collectstatic"]


def test_it_collects_again_after_a_change(calls: list[str], home: Path) -> None:
    prepare.collect_static()
    (home / "own" / "new.css").write_text("")
    prepare.collect_static()
    assert calls == ["collectstatic", "collectstatic"]


def test_a_missing_base_is_told(monkeypatch: pytest.MonkeyPatch, calls: list[str]) -> None:
    monkeypatch.setattr(prepare.css, "compile", lambda: False)
    monkeypatch.setattr(prepare.catalogue, "DEFAULT", "roberta-base")
    (notice,) = prepare.prepare()
    assert notice.startswith("There is no base model to train from")
    assert calls[:2] == ["migrate", "createcachetable"]
