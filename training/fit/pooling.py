"""Which vector stands for a text: the mean of its tokens or the first of them, as its base was made, or as it works."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

from accelerate import Accelerator

from training.events import Event, each
from training.files.core import FIRST, MEAN
from training.fit import probes
from training.fit.job import Job, freeze, stage
from training.tasks.shape import picked

# Rows that the linear models are fitted on, and validation rows that they are compared on.
KNOWN, ASKED = 1_000, 500
LEAST = 10  # validation rows, below which they say nothing
# sentence-transformers: a switch each, or one name.
SAID = {"pooling_mode_cls_token": FIRST, "pooling_mode_mean_tokens": MEAN}
NAMED = {"cls": FIRST, "mean": MEAN}


def settle(job: Job, network: Any, accelerator: Accelerator) -> Generator[Event, None, None]:
    """Freezes the pooling in the spec and in `job.about`, which the network reads. No test row is looked at."""
    wanted = job.settings.get("pooling")
    if wanted is None:
        return
    found = wanted if wanted != "auto" else declared(job.base)
    if not found and _askable(job):
        found = yield from probed(job, network, accelerator)
    job.about["pooling"] = found or MEAN
    freeze(job, {**job.settings, "pooling": job.about["pooling"]})


def declared(base: Path) -> str:
    """What the base says of itself, in the files of sentence-transformers; empty where it says nothing we know."""
    try:
        said = json.loads((base / "1_Pooling" / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    switched = [how for name, how in SAID.items() if said.get(name) is True]
    return NAMED.get(str(said.get("pooling_mode")), switched[0] if len(switched) == 1 else "")


def _askable(job: Job) -> bool:
    """Two texts that are read together are left at the mean: what one frozen vector says of them is little."""
    return (job.learner.head == "pair" or len(job.learner.inputs) == 1) and (
        len(job.rows["valid"]) >= LEAST
    )


def probed(job: Job, network: Any, accelerator: Accelerator) -> Generator[Event, None, str]:
    """A linear model over the frozen base with either; the better on validation is taken, the mean if they are even."""
    part, values = sample(job), {}
    for how in (MEAN, FIRST):
        job.about["pooling"] = how
        steps = probes.PROBES[job.learner.head](part, network, accelerator)
        results, tuned = yield from each(steps, lambda _event: stage("preparing", 1.0))
        metrics = job.learner.score(part.rows["test"], results, job.about | tuned)
        values[how] = picked(metrics, job.learner.summary[job.learner.main])
    found = FIRST if values[FIRST] > values[MEAN] else MEAN
    job.tell_tried("pooling", values, found, len(part.rows["valid"]))
    return found


def sample(job: Job) -> Job:
    """A job of some of the training rows; validation rows stand in for the test rows."""
    train, valid = _some(job, "train", KNOWN), _some(job, "valid", ASKED)
    rows, pieces = zip(train, valid, valid, strict=True)
    names = ("train", "valid", "test")
    # Without a version: vectors of a sample are not worth a file.
    spec = replace(job.spec.with_settings(probe_head=False, trained="all"), version="")
    return replace(
        job,
        spec=spec,
        rows=dict(zip(names, rows, strict=True)),
        pieces=dict(zip(names, pieces, strict=True)),
    )


def _some(job: Job, split: str, most: int) -> tuple[list[Any], list[dict[str, Any]]]:
    """Rows from all over the split, with their pieces."""
    count = len(job.rows[split])
    chosen = range(0, count, max(1, -(-count // most)))
    places = {row: place for place, row in enumerate(chosen)}
    pieces = [
        {**piece, "row": places[piece["row"]]}
        for piece in job.pieces[split]
        if piece["row"] in places
    ]
    return [job.rows[split][row] for row in chosen], pieces
