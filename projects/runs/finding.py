"""The box in which one text is looked up in a list: pasted, or the second texts of the data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from projects.datasets.editors import titles
from projects.runs import predicting
from projects.runs.models import Run
from projects.runs.predicting import CANDIDATES, LIST, LIST_LETTERS
from projects.runs.results import Result
from projects.runs.results.ranking import texts_of
from projects.selectors import task_of


def box(run: Run, result: Result) -> dict[str, Any]:
    """What the form needs; {} for a model that searches no lists. `known`: how many texts of the data there are."""
    if not predicting.searches(run):
        return {}
    role = predicting.roles(run)[0]
    return {
        "role": role,
        "title": _(titles(task_of(run.project)).get(role, role)),
        "most": predicting.longest(role),
        "known": len(_known(run, result)),
        "limit": LIST,
        "letters": LIST_LETTERS,
    }


def answer(run: Run, result: Result, data: Mapping[str, str]) -> dict[str, Any]:
    """The nearest texts. Raises Problem (see predicting.predict)."""
    role = predicting.roles(run)[0]
    among = _known(run, result) if data.get("among") == "data" else pasted(data.get("list") or "")
    given = {role: str(data.get(role) or "").strip()}
    (output,) = predicting.predict(run, [{**given, CANDIDATES: among}])
    return {"given": given, "nearest": output["nearest"], "among": len(among)}


def pasted(text: str) -> list[str]:
    """The lines that are not blank, each once."""
    lines = (line.strip() for line in text.splitlines())
    return list(dict.fromkeys(line for line in lines if line))


def _known(run: Run, result: Result) -> list[str]:
    return texts_of(result, predicting.roles(run)[-1], LIST, LIST_LETTERS)
