"""Several trainings that differ in their seed alone: the best on validation is kept, all are told."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from training import export, loop
from training.events import Event, Kept, Resumed, Scored, Step, each
from training.files import core
from training.fit import resuming
from training.fit.job import BEGINS, Job, plan_of
from training.fit.report import told_by
from training.tasks.shape import picked

# The job of a seed, and whether the network is to be made anew -> its training
Train = Callable[[Job, bool], Generator[Event, None, loop.Outcome]]


@dataclass(frozen=True)
class Seeded:
    """One of the trainings. `value` is the validation score of its best epoch; `test` are the figures of that one."""

    seed: int
    value: float
    test: dict[str, float]
    best_epoch: int
    kept: bool = False


def repeated(job: Job, train: Train, first: int = 0) -> Generator[Event, None, loop.Outcome]:
    """As many trainings as are wanted; leaves the checkpoint of the best. Test rows have no say in which that is.

    `first` is how many trainings of this job came before.
    """
    count = job.settings.get("seeds", 1)
    if count == 1:
        return (yield from train(resuming.of_seed(job, first), False))
    found: list[Seeded] = []
    owns = [replace(job, spec=replace(job.spec, seed=job.spec.seed + n)) for n in range(count)]

    def seen(own: Job, outcome: loop.Outcome) -> None:
        found.append(Seeded(own.spec.seed, outcome.value, scores(own), outcome.best_epoch))

    kept, outcomes = yield from best_of(job, owns, train, seen, first)
    found[kept] = replace(found[kept], kept=True)
    job.seeds = summary(found)
    yield job.note("train.seeds", count=count, seed=found[kept].seed)
    return outcomes[kept]


def best_of(
    job: Job,
    owns: Sequence[Job],
    train: Train,
    seen: Callable[[Job, loop.Outcome], None] = lambda own, outcome: None,
    first: int = 0,
) -> Generator[Event, None, tuple[int, list[loop.Outcome]]]:
    """Trains them one after the other; leaves the checkpoint of the best on validation, and tells which one that is.

    `seen` may look at the model of each while its checkpoint is there.
    """
    kept, outcomes = 0, list[loop.Outcome]()
    for number, one in enumerate(owns):
        own = resuming.of_seed(one, first + number)
        own.folder = job.folder / f".one-{number}.part" if number else job.folder
        own.folder.mkdir(exist_ok=True)
        outcome = yield from placed(job, train(own, number > 0), number, len(owns))
        outcomes.append(outcome)
        seen(own, outcome)
        if outcome.value > outcomes[kept].value:
            kept = number
            shutil.rmtree(job.folder / export.CHECKPOINT)
            (own.folder / export.CHECKPOINT).rename(job.folder / export.CHECKPOINT)
        if number:
            shutil.rmtree(own.folder)
    return kept, outcomes


def placed(
    job: Job, events: Generator[Event, None, loop.Outcome], number: int, count: int
) -> Generator[Event, None, loop.Outcome]:
    """One after the other on the same axes: epochs count on, and so do steps and the progress."""
    begin, share, plan = BEGINS["training"], BEGINS["testing"] - BEGINS["training"], plan_of(job)
    epochs, steps = number * plan.epochs, number * plan.steps(len(job.pieces["train"]))

    def told(event: Event) -> Event:
        if isinstance(event, Step):
            within = (event.progress - begin) / share
            return replace(
                event,
                step=event.step + steps,
                epoch=event.epoch + epochs,
                progress=round(begin + share * (number + within) / count, 4),
                # Nobody knows how early the next ones will stop.
                seconds_left=event.seconds_left if number == count - 1 else None,
            )
        if isinstance(event, Scored | Kept | Resumed):
            return replace(event, step=event.step + steps, epoch=event.epoch + epochs)
        return event

    return (yield from each(events, told))


def scores(job: Job) -> dict[str, float]:
    """The figures of the saved model on the test rows."""
    model = job.head.load(job.folder / export.CHECKPOINT)
    own = replace(job, about=job.about | told_by(model))
    results = own.results("test", core.run(model.network, job.pieces["test"]))
    metrics = job.learner.score(job.rows["test"], results, own.about)
    return {name: picked(metrics, path) for name, path in job.learner.summary.items()}


def summary(found: Sequence[Seeded]) -> dict[str, Any]:
    """For the report. The deviation is that of a sample: divided by one less than the number of seeds."""
    names = list(found[0].test)
    values = {name: np.array([one.test[name] for one in found], float) for name in names}
    return {
        "runs": [asdict(one) for one in found],
        "mean": {name: float(of.mean()) for name, of in values.items()},
        "deviation": {name: float(of.std(ddof=1)) for name, of in values.items()},
    }
