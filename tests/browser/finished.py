"""Puts fine-tunes that are done into the state folder of a running site, as its worker would have.

Its own process: `python tests/browser/finished.py EMAIL PASSWORD <fits.json` writes the address of each run.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def main(email: str, password: str) -> None:
    sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    sys.stdout.write(json.dumps(_keep(email, password, json.load(sys.stdin))))


def _keep(email: str, password: str, fits: list[dict[str, Any]]) -> dict[str, str]:
    from accounts.models import User
    from projects.models import Project

    user = User.objects.create_user(email, password)
    workspace = user.workspaces.get()
    kept = {}
    for given in fits:
        project = Project.objects.create(
            workspace=workspace, name=given["kind"], task=given["task"], created_by=user
        )
        run = _run(given, project)
        kept[given["kind"]] = f"/w/{workspace.slug}/p/{project.pk}/runs/{run.pk}/"
    return kept


def _run(given: dict[str, Any], project: Any) -> Any:
    from projects.runs.events import append
    from projects.runs.recorder import KEPT

    shared = _shared()
    fit = shared.Fit(given["kind"], given["task"], Path(given["folder"]), given["events"])
    run = shared._run(fit, project, shared._version(fit, project))
    append(run.pk, [(one["event"], one) for one in fit.events if one["event"] in KEPT])
    return run


def _shared() -> Any:
    """What the tests of runs keep a fine-tune with."""
    place = ROOT / "tests/projects/runs/conftest.py"
    spec = importlib.util.spec_from_file_location("shared", place)
    assert spec
    assert spec.loader
    found = importlib.util.module_from_spec(spec)
    sys.modules["shared"] = found
    spec.loader.exec_module(found)
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
