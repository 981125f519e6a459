"""Serves plotly.min.js out of the plotly wheel, so that it is neither committed nor fetched."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage

NAME = "plotly.min.js"


def _folder() -> Path:
    spec = find_spec("plotly")
    if spec is None or spec.origin is None:
        raise ImproperlyConfigured("The package plotly is not installed; run `make setup`.")
    return Path(spec.origin).parent / "package_data"


class PlotlyFinder(BaseFinder):
    """Only this one file: the folder beside it holds five more megabytes that no page needs."""

    def check(self, **kwargs: Any) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        found = [str(_folder() / NAME)] if path == NAME else []
        return found if find_all else (found[0] if found else [])

    def list(self, ignore_patterns: Any) -> Any:
        yield NAME, FileSystemStorage(location=str(_folder()))
