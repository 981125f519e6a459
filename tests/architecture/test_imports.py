"""The import contracts hold, and each of them would say so if it did not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = [
    "platform/config",
    "platform/accounts",
    "platform/billing",
    "platform/notify",
    "platform/web",
    "projects",
    "training",
]
CONTRACTS = "[[tool.importlinter.contracts]]"
# For each contract, a file and a line in it that break it.
BREAKS = {
    "The site's layers": ("platform/web/css.py", "import projects.models"),
    "Inside projects": ("projects/jobs/health.py", "import projects.runs.models"),
    "Inside training": ("training/unlisted.py", "pass"),
    "Training knows no web framework": ("training/spec.py", "import django"),
    "What the site imports of training is free of torch": ("training/differ.py", "import torch"),
    "The site never reaches torch": ("projects/runs/selectors.py", "import training.backbone"),
    "Tasks are independent of one another": (
        "training/tasks/text_classification.py",
        "import training.tasks.ner",
    ),
    "Only the run services and the worker move a run": (
        "projects/datasets/services.py",
        "import projects.runs.lifecycle",
    ),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [str(command), "--no-cache", "--no-logo"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{folder / 'platform'}"},
        capture_output=True,
        text=True,
    )


def blocks() -> tuple[str, list[str]]:
    head, *contracts = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split(CONTRACTS)
    return head, contracts


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python files alone."""
    folder = tmp_path_factory.mktemp("copy")
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            target = folder / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    return folder


def write_contract(copy: Path, name: str) -> None:
    head, contracts = blocks()
    (block,) = [block for block in contracts if f'name = "{name}"' in block]
    (copy / "pyproject.toml").write_text(head + CONTRACTS + block, encoding="utf-8")


def test_all_contracts_are_kept() -> None:
    answer = lint(ROOT)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_each_contract_has_a_break() -> None:
    assert len(BREAKS) == len(blocks()[1])


@pytest.mark.parametrize("name", BREAKS)
def test_the_contract_barks(copy: Path, name: str) -> None:
    path, line = copy / BREAKS[name][0], BREAKS[name][1]
    before = path.read_text(encoding="utf-8") if path.exists() else None
    write_contract(copy, name)
    path.write_text(f"{before or ''}\n{line}\n", encoding="utf-8")
    try:
        answer = lint(copy)
    finally:
        path.unlink() if before is None else path.write_text(before, encoding="utf-8")
    assert answer.returncode == 1
    assert f"{name} BROKEN" in answer.stdout or "unlisted" in answer.stdout, answer.stdout


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("projects", "config", cache_dir=None)


def test_tasks_of_the_queue_are_imported_by_nobody(graph: grimp.ImportGraph) -> None:
    """They are named by strings, so that nothing is imported before the queue has forked."""
    tasks = [name for name in graph.modules if name.rpartition(".")[2] == "tasks"]
    assert tasks
    assert not set().union(*map(graph.find_modules_that_directly_import, tasks))


def test_a_run_is_moved_by_few() -> None:
    """Its statuses may be read elsewhere; what changes them is called from these modules."""
    moves = re.compile(r"lifecycle\.(move|claim)\(|lifecycle import .*\b(move|claim)\b")
    files = [path for folder in ("projects", "platform") for path in (ROOT / folder).rglob("*.py")]
    movers = {path.name for path in files if moves.search(path.read_text(encoding="utf-8"))}
    assert movers == {"services.py", "worker.py", "pausing.py", "recorder.py"}
