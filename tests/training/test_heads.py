"""predict.py as it is put together for each head."""

from __future__ import annotations

import ast

import pytest

from training import heads
from training.tasks import TASKS

EVERY = pytest.mark.parametrize("name", heads.HEADS)


@EVERY
def test_the_program_is_one_file_that_needs_nothing_of_ours(name: str) -> None:
    tree = ast.parse(heads.find(name).program())
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {
        a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names
    }
    assert not [module for module in modules if str(module).startswith("training")]
    assert str(ast.get_docstring(tree)).startswith("Answer every row of a CSV file")


@EVERY
def test_no_name_is_made_twice(name: str) -> None:
    """Two modules put together must not undo each other's functions."""
    tree = ast.parse(heads.find(name).program())
    made = [n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)]
    assert len(made) == len(set(made))


def test_every_learner_has_its_head() -> None:
    learners = [variant.learner for task in TASKS.values() for variant in task.variants]
    assert {learner.head for learner in learners if learner} <= set(heads.HEADS)
