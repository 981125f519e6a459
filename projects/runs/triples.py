"""Relations in a text in which nothing is marked: a model of entities finds the things, each pair is then asked."""

from __future__ import annotations

from itertools import permutations
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from projects.runs import predicting
from projects.runs.models import Run, Status
from training.problems import Problem
from training.scoring.relation import is_none

FINDER = "ner"  # the task whose models find things
FINDERS = 20  # that can be chosen, the newest
THINGS = 8  # of a text whose pairs are asked, the surest


def finders(run: Run) -> QuerySet[Run]:
    """Models of entities in the same workspace, the newest first."""
    mine = {"project__workspace": run.project.workspace, "project__task": FINDER}
    found = Run.objects.filter(**mine, status=Status.SUCCEEDED).select_related("project")
    return found.order_by("-ended_at")[:FINDERS]


def chosen(run: Run, finder: str) -> Run:
    """One of them by its id. Raises Problem(`run.finder`)."""
    try:
        wanted = UUID(finder)
    except ValueError:
        raise Problem("run.finder") from None
    found = next((one for one in finders(run) if one.pk == wanted), None)
    if found is None:
        raise Problem("run.finder")
    return found


def of_text(run: Run, finder: Run, text: str) -> dict[str, Any]:
    """{"things": all that were found, "left": how many of them were not asked for, "triples": [{"head", "label",
    "tail", "probability"}]}, the surest first; pairs without a relation are left out. Raises Problem as `predict`."""
    (answer,) = predicting.predict(finder, [{"text": text}])
    things = answer["entities"]
    asked = sorted(things, key=lambda one: -one["probability"])[:THINGS]
    pairs = list(permutations(sorted(asked, key=lambda one: one["start"]), 2))
    outputs = predicting.predict(run, [_record(text, *pair) for pair in pairs]) if pairs else []
    found = [
        {
            "head": head,
            "tail": tail,
            "label": output["label"],
            "probability": output["probability"],
        }
        for (head, tail), output in zip(pairs, outputs, strict=True)
        if not is_none(output["label"])
    ]
    found.sort(key=lambda one: -one["probability"])
    return {"things": things, "left": len(things) - len(asked), "triples": found}


def _record(text: str, head: dict[str, Any], tail: dict[str, Any]) -> dict[str, str]:
    places = {f"head_{side}": str(head[side]) for side in ("start", "end")}
    return {
        "text": text,
        **places,
        **{f"tail_{side}": str(tail[side]) for side in ("start", "end")},
    }
