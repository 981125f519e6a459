"""Plotly's script is served out of its wheel."""

from __future__ import annotations

from pathlib import Path

from django.contrib.staticfiles.finders import find

from web.finders import PlotlyFinder


def test_it_works() -> None:
    found = find("plotly.min.js")
    assert isinstance(found, str)
    assert Path(found).stat().st_size > 1_000_000


def test_it_gives_nothing_else_of_the_folder() -> None:
    assert [name for name, _storage in PlotlyFinder().list([])] == ["plotly.min.js"]
    assert PlotlyFinder().find("widgetbundle.js") == []
    assert PlotlyFinder().find("../package_data/plotly.min.js") == []
