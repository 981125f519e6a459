"""One training in a process of its own: `python -m bench.experts.one JSON` writes its scores as a line of JSON.

{"by": "expert" or "ours", "task", "version", "base" (a folder), "point", "least"}, for ours with "settings" and "seed".
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from tempfile import TemporaryDirectory
from typing import Any

from bench.experts import encoders, recipe, writers
from training.events import Report
from training.fit import fit
from training.spec import Spec, check_settings


def expert(task: str, version: str, base: str, given: Mapping[str, Any]) -> dict[str, Any]:
    data = recipe.read(task, version)
    point = recipe.Point(**given["point"]) if given.get("point") else None
    if data.learner.head == "text":
        return writers.trained(task, base, data, point)
    if point is None:
        raise ValueError("An encoder is trained at a point of a grid.")
    made = encoders.recipe_for(data.learner.head, data.learner.objective)(base, data)
    return recipe.trained(made, point, given.get("least"))


def ours(task: str, version: str, base: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """With the defaults of the effort that is chosen where nobody chooses; `settings` are exceptions from them."""
    settings = check_settings(given.get("settings") or {})
    columns = dict(given.get("columns") or {})
    seed = given.get("seed") or recipe.SEED
    spec = Spec(
        task, version=version, columns=columns, base_folder=base, settings=settings, seed=seed
    )
    learner = recipe.read(task, version).learner
    with TemporaryDirectory(prefix="ours-") as folder:
        report = next(event for event in fit(spec, folder) if isinstance(event, Report))
    figures = learner.figures(report.metrics)
    if "perplexity" in report.metrics:
        figures["perplexity"] = float(report.metrics["perplexity"])
    best = report.details["history"][report.details["best_epoch"]]
    return {
        "main": learner.main,
        "setting": settings,
        "epochs": report.details["epochs_run"],
        "best_epoch": report.details["best_epoch"],
        "valid": {name: best[name] for name in learner.summary if name in best},
        "test": figures,
        "seconds": round(report.seconds["train"], 1),
    }


def main(asked: Mapping[str, Any]) -> dict[str, Any]:
    by = {"expert": expert, "ours": ours}[asked["by"]]
    return by(asked["task"], asked["version"], asked["base"], asked)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(json.loads(sys.argv[1]))) + "\n")
