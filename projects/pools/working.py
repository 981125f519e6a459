"""Work on a pool in the queue: claimed, fenced and revived as the work of children is, but done in the worker itself.

It needs no model of its own. The serving process has the models, and files are read piece by piece.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from projects.datasets import children
from projects.datasets.children import Kind
from training.problems import Problem
from web.errors import incident


def execute(kind: Kind, pk: str, work: Callable[[Any, int], bool]) -> None:
    """`work(row, attempt)` writes the end itself, and gives True for another turn in the queue."""
    attempt = children.claim(kind, pk)
    if attempt is None:
        return
    row = kind.model._default_manager.select_related(*kind.related).get(pk=pk)
    again = False
    try:
        again = work(row, attempt)
    except Problem as problem:
        said = {"code": problem.code, "values": problem.values}
        children.end(kind, row.pk, attempt, children.FAILED, problem=said)
    except Exception as error:
        children.fail(kind, row.pk, attempt, incident(error))
    if again:
        children.give_back(kind, row.pk, attempt)


def no_child(*_given: Any) -> Any:
    raise NotImplementedError("This work is not done by a child process")
