"""What can be set, met or called is documented, and links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config import docs
from projects.datasets.samples import SAMPLES
from training import commands
from training.options import OPTIONS
from training.problems import TABLE
from training.table import FORMATS
from training.tasks import TASKS

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SETTING = re.compile(r'(?i:env)(?:\(\))?\.\w+\(\s*"(ATTUNE_\w+)"')


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def code() -> str:
    files = [
        path
        for folder in ("platform", "training", "projects")
        for path in (ROOT / folder).rglob("*.py")
    ]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def test_generated_parts_are_up_to_date() -> None:
    stale = [
        path.name for path, text in docs.pages(ROOT / "docs").items() if path.read_text() != text
    ]
    assert not stale, "Run `make docs`"


def test_every_setting_is_documented() -> None:
    files = (ROOT / "platform/config").glob("*.py")
    names = {name for file in files for name in SETTING.findall(file.read_text(encoding="utf-8"))}
    assert len(names) > 10
    assert not {name for name in names if f"| `{name}` |" not in page("operators.md")}


def test_every_documented_setting_exists() -> None:
    names = {name for path in PAGES for name in re.findall(r"ATTUNE_[A-Z_]+", path.read_text())}
    assert not {name for name in names if name not in code()}


def test_every_problem_is_documented() -> None:
    assert not {name for name in TABLE if f"`{name}`" not in page("problems.md")}


def test_every_option_is_documented() -> None:
    assert not {name for name in OPTIONS if f"| `{name}` |" not in page("command-line.md")}


@pytest.mark.parametrize("name", [name for name, task in TASKS.items() if task.available])
def test_every_task_has_a_page(name: str) -> None:
    text = page(f"{name}.md")
    assert f"docs/{name}.md" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert not {column.role for column in TASKS[name].columns if column.role not in text}  # type: ignore[union-attr]


def test_every_command_is_documented() -> None:
    (choices,) = [a.choices for a in commands._parser()._actions if a.choices]
    assert "fit" in choices
    assert not {name for name in choices if f"| `{name} " not in page("command-line.md")}


def test_every_sample_is_of_a_task_that_is_there() -> None:
    assert {sample.task for sample in SAMPLES.values()} <= set(TASKS)


def test_every_process_and_option_of_up_is_documented() -> None:
    from config.management.commands.up import Command
    from config.services import services

    text = page("operators.md")
    assert not {s.name for s in services("localhost", 1, worker=True) if f"`{s.name}`" not in text}
    parser = Command().create_parser("manage.py", "up")
    own = {"--host", "--port", "--no-worker"}
    known = {option for action in parser._actions for option in action.option_strings}
    assert own <= known
    assert not {option for option in own if f"`{option}`" not in text}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    prose = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.S | re.M)
    text = re.sub(r"`[^`\n]*`", "", prose)
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    assert not [link for link in links if not exists(path, link)]


def exists(path: Path, link: str) -> bool:
    place, _hash, anchor = link.partition("#")
    target = path.parent / place if place else path
    if not target.exists():
        return False
    return not anchor or anchor in anchors(target.read_text(encoding="utf-8"))


def anchors(text: str) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_readme_leads_to_every_page() -> None:
    readme = PAGES[0].read_text(encoding="utf-8")
    assert not [path.name for path in PAGES[1:] if f"](docs/{path.name})" not in readme]


def test_every_format_is_documented() -> None:
    text = page("formats.md")
    assert not {name for name in FORMATS if f"| `{name}` |" not in text}
