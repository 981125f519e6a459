"""What a model that writes is asked, and how it reads the first rows: shown before a run is started."""

from __future__ import annotations

import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings as site

from projects.datasets.selectors import version_file
from projects.jobs.launcher import launch
from projects.models import Project
from projects.runs.forms import Choice
from projects.selectors import task_of
from training import catalogue
from training.coding import prompts
from training.problems import Problem

ROWS = 3
PATIENCE = 60.0  # seconds for a tokenizer to be loaded and a few rows to be read


def asks(project: Project, choice: Choice) -> dict[str, Any] | None:
    """What the wizard shows of the prompt; None for models that do not write."""
    version = choice.version
    learner = task_of(project).variant(version.variant).learner if version else None
    if learner is None or learner.head != "text":
        return None
    base = catalogue.every(site.BASES_DIR).get(choice.base)
    objective = prompts.SEQ2SEQ if base and base.kind == catalogue.SEQ2SEQ else prompts.CAUSAL
    talks = prompts.MESSAGES in learner.inputs
    usual = prompts.default_template(project.task, "en", objective, learner.inputs)
    return {
        "talks": talks,
        "fields": [f"{{{role}}}" for role in learner.inputs],
        "usual": "" if talks else usual,
    }


def preview(project: Project, choice: Choice) -> dict[str, Any]:
    """The first training rows token by token. Raises Problem(`base.*`, `prompt.field`, `spec.*`, `run.version`)."""
    if choice.version is None:
        raise Problem("run.version")
    spec = choice.spec(project)
    folder = catalogue.locate(spec.base, site.BASES_DIR)
    given = replace(spec, version=str(version_file(choice.version)), base_folder=str(folder))
    with tempfile.TemporaryDirectory(prefix="attune-preview-") as scratch:
        path = Path(scratch) / "spec.json"
        path.write_text(json.dumps(given.as_dict()), encoding="utf-8")
        return _said(["preview", "--spec", str(path), "--rows", str(ROWS)], Path(scratch))


def _said(args: list[str], folder: Path) -> dict[str, Any]:
    """What the child says. Raises Problem for what is the user's, TimeoutError for what takes too long."""
    child, begin = launch(args, folder=folder, warm=True, network=False), time.monotonic()
    try:
        for event in child.lines(timeout=0.5):
            if event and event["event"] == "preview":
                return dict(event)
            if event and event["event"] == "problem":
                raise Problem(event["code"], **event["values"])
            if time.monotonic() - begin > PATIENCE:
                raise TimeoutError(f"No preview after {PATIENCE:.0f} s: {child.stderr}")
    finally:
        child.stop(0.0)
    raise RuntimeError(f"The preview ended with {child.returncode}: {child.stderr}")
