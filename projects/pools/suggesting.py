"""Asks the model of a run about the open rows of a pool, in turns: long work never keeps others from the queue."""

from __future__ import annotations

import time
from typing import Any

from billing import metering
from projects.datasets import children
from projects.datasets.children import Kind
from projects.jobs import leaving
from projects.pools import kinds, working
from projects.pools.models import PoolRow, Round
from projects.pools.selectors import newest_round, unasked, vectors_folder
from projects.pools.services import SUGGEST
from projects.runs import folders
from projects.runs.predicting import LETTERS
from projects.runs.selectors import artifact_of
from projects.serving import client
from training.problems import Problem

BATCH = 32  # rows asked about at once: even a large model on a busy machine answers within client.TIMEOUT
TURN = 20.0  # seconds in the queue; then others have theirs
KEPT = 9  # of the likeliest labels, as many as there are keys for


def work(asked: Round, attempt: int) -> bool:
    """True when rows are left. Raises Problem(`artifact.gone`, `serving.unavailable`, `quota.predictions` …)."""
    folder = folders.artifact_folder(artifact_of(asked.run))
    if not folder.is_dir():
        raise Problem("artifact.gone", name=folder.name)
    _version, kind = kinds.target(asked.pool.project)
    workspace = asked.pool.project.workspace
    where = {"run_id": asked.run_id, "project_id": asked.pool.project_id}
    begun = time.monotonic()
    # A later round takes the place of this one: what it has not come to is left alone.
    while newest_round(asked.pool) == asked and (rows := list(unasked(asked)[:BATCH])):
        inputs = [_input(row) for row in rows]
        with metering.used(workspace, predictions=len(inputs), **where) as use:
            outputs = client.predict(folder, inputs, vectors_folder(asked.pool))
            use.tokens = client.tokens_of(outputs)
        _write(asked, kind, rows, outputs)
        if not children.beat(KIND, asked.pk, attempt, 0.0):
            return False
        if leaving.wanted() or time.monotonic() - begun > TURN:
            return True
    children.end(KIND, asked.pk, attempt, Round.Status.READY, progress=1.0)
    return False


def _input(row: PoolRow) -> dict[str, str]:
    """A model reads the beginning of a text; more than a page of it need not be sent."""
    return {role: text[:LETTERS] for role, text in row.values.items()}


def _write(asked: Round, kind: kinds.Kind, rows: list[PoolRow], outputs: list[Any]) -> None:
    for row, output in zip(rows, outputs, strict=True):
        shares = kind.shares(output)
        row.round, row.order = asked, kinds.margin(shares)
        row.shares = [[label, round(share, 4)] for label, share in shares[:KEPT]]
    PoolRow.objects.bulk_update(rows, ["round", "order", "shares"])


def execute(round_id: str) -> None:
    working.execute(KIND, round_id, work)


KIND = Kind(
    model=Round,
    task=SUGGEST,
    cluster="",
    running=Round.Status.RUNNING,
    related=("run__artifact", "pool__project__workspace"),
    arguments=working.no_child,
    settle=working.no_child,
)
