"""The one table of what can be wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from training.problems import AMBER, BLOCKING, INFO, RED, TABLE, Problem, fill

ROOT = Path(__file__).parents[2]
USES = re.compile(
    r"""(?:Problem|Fault|add|_labels|_places)\(\s*(?:scan,\s*)?"([a-z]+\.[a-z_]+)\""""
    r"""|"((?:file|column|row|label|data|leak|base)\.[a-z_]+)\""""
)


def used() -> set[str]:
    sources = (ROOT / "training").rglob("*.py")
    texts = [path.read_text(encoding="utf-8") for path in sources if path.name != "problems.py"]
    return {one or other for text in texts for one, other in USES.findall(text)} - {"spiece.model"}


def test_every_code_in_use_has_words() -> None:
    assert {
        code for code in used() if code.split(".")[0] in {c.split(".")[0] for c in TABLE}
    } <= set(TABLE)


@pytest.mark.parametrize("code", TABLE)
def test_every_entry_is_whole(code: str) -> None:
    entry = TABLE[code]
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", code)
    assert entry.severity in {BLOCKING, RED, AMBER, INFO}
    for text in (entry.title, entry.expected, entry.found, entry.remedy):
        assert text
        assert len(text) <= 200
        assert "…" not in text
    assert not entry.title.endswith(".")


def test_a_problem_reads_as_a_sentence() -> None:
    problem = Problem("column.missing", column="x", columns="“a”")
    assert (
        str(problem)
        == "The file has these columns: “a”. Choose one of them, or correct the name in the file."
    )


def test_a_value_that_is_missing_hides_nothing() -> None:
    assert fill("It is {this} and {that}.", {"this": 1}) == "It is 1 and …."
