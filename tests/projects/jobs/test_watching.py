"""What is looked after beside a cluster goes on, whatever a look comes upon."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings as site
from django.db import OperationalError
from django.utils.module_loading import import_string

from projects.jobs import watching

LOOKS: list[str] = []


class Good:
    def look(self) -> int:
        LOOKS.append("good")
        return 0


class Away:
    def look(self) -> int:
        LOOKS.append("away")
        raise OperationalError("the database is away")


class Broken:
    def look(self) -> int:
        LOOKS.append("broken")
        raise RuntimeError("a fault of ours")


def test_every_watch_looks_again_and_again(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    LOOKS.clear()
    made = {"a": Away, "b": Broken, "c": Good}
    settings.WATCHES = list(made)
    monkeypatch.setattr(watching, "import_string", made.__getitem__)
    monkeypatch.setattr(watching.connections, "close_all", lambda: None)
    pauses: list[float] = []
    watching.watch(lambda: len(pauses) < 3, pauses.append)
    assert LOOKS == ["away", "broken", "good"] * 3


def test_every_watch_of_the_settings_is_there() -> None:
    assert all(callable(import_string(name)().look) for name in site.WATCHES)
