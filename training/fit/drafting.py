"""A draft: no step through the base, only a linear model over what it makes of the rows. A model of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from typing import Any

from training import backbone, draft, export, loop
from training.events import Event, Report, Scored, each
from training.fit import job as jobs
from training.fit import pooling, probes, simple
from training.fit import report as reports
from training.fit.job import Job, stage
from training.vectors import Store, digest_of

# How freely the model may follow the training rows, the least freely first; picked on validation. Two worse ones in a
# row end the search: the fits get slower, and none after them was ever the best.
STRENGTHS = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
WORSE = 2
MOST_WORDS = 200_000  # that a model of words is fitted on
READ = 0.6  # share of the stage that reading takes


@dataclass
class Drafted:
    """The best of what was tried: its scores on validation, and what was chosen with it."""

    figures: dict[str, float] = field(default_factory=dict)
    tuned: dict[str, Any] = field(default_factory=dict)
    tried: list[dict[str, Any]] = field(default_factory=list)  # strength and main score of each


def made(job: Job) -> Generator[Event, None, Report]:
    draft.check(job.spec.effort, job.spec.settings, job.spec.search)
    yield stage("preparing")
    tokenizer = yield from jobs.prepare(job)
    accelerator = backbone.accelerator("fp32")
    backbone.seed(job.spec.seed)
    network = backbone.network(job.base, job.about).to(accelerator.device)
    yield from pooling.settle(job, network, accelerator)
    yield jobs.started(job, accelerator)
    yield stage("baselines")
    baselines = simple.plain(job)
    yield stage("training")
    begin, store = time.monotonic(), jobs.store_of(job)
    drafted = yield from DRAFTS[job.learner.head](job, network, store)
    scored = Scored(0, 0, None, None, drafted.figures, best=True)
    yield scored
    # Models that say the same here make the same vectors of a text: labelling in rounds reads each text once.
    job.about |= {"frozen": f"{digest_of(job.base)}-fp16"} | drafted.tuned
    export.checkpoint(job.folder, network, tokenizer, job.about, half=True)
    job.seconds["train"] = round(time.monotonic() - begin, 3)
    yield stage("testing")
    outcome = loop.Outcome(0, 0, (scored,), stopped_early=False)
    report = reports.tested(job, network, baselines, outcome)
    told = {"tried": drafted.tried, "read": store.computed}
    return replace(report, details={**report.details, "draft": told})


Drafter = Callable[[Job, Any, Store], Generator[Event, None, Drafted]]


def whole(job: Job, network: Any, store: Store) -> Generator[Event, None, Drafted]:
    """Over one vector a row."""
    found = yield from probes.vectors(job, network, store, _read)
    balanced = bool(job.settings.get("class_weights"))
    models = probes.linear(job, found["train"], STRENGTHS, balanced)
    return (yield from _best(job, network, models, lambda w, b: found["valid"] @ w.T + b))


def by_word(job: Job, network: Any, store: Store) -> Generator[Event, None, Drafted]:
    """Over the vector of each word."""
    known, valid = job.pieces["train"][:: probes.every(job, MOST_WORDS)], job.pieces["valid"]
    found = yield from each(store.of(network, [*known, *valid]), _read)
    own, others = found[: len(known)], found[len(known) :]
    models = probes.words(known, own, network.head.out_features, STRENGTHS)
    outputs = lambda w, b: [rows @ w.T + b for rows in others]  # noqa: E731
    return (yield from _best(job, network, models, outputs))


def alone(job: Job, network: Any, store: Store) -> Generator[Event, None, Drafted]:
    """Of two texts, each read by itself: what a cosine means. There is nothing to try."""
    found = yield from probes.vectors(job, network, store, _read)
    _results, tuned = probes.compared(job, found)
    if not job.rows["valid"]:
        return Drafted(tuned=tuned)
    results = job.results("valid", found["valid"])
    return Drafted(_figures(job, results, tuned), tuned)


DRAFTS: dict[str, Drafter] = {
    "sequence": whole,
    "relation": whole,
    "token": by_word,
    "pair": alone,
}


def _read(done: float) -> Event:
    return stage("training", READ * done)


def _best(
    job: Job, network: Any, models: probes.Models, outputs: Callable[[Any, Any], Any]
) -> Generator[Event, None, Drafted]:
    """Puts the model into the head that is best on the validation rows; without any, the one of the usual strength."""
    best, top, since = Drafted(), float("-inf"), 0
    tried: list[dict[str, Any]] = []
    for number, (strength, (weights, bias)) in enumerate(zip(STRENGTHS, models, strict=False)):
        yield stage("training", READ + (1 - READ) * (number + 1) / len(STRENGTHS))
        figures, tuned = _judged(job, outputs(weights, bias))
        value = figures[job.learner.main] if figures else -abs(strength - probes.baselines.STRENGTH)
        tried.append({"strength": strength, **figures})
        since += 1
        if value > top:
            best, top, since = Drafted(figures, tuned, tried), value, 0
            probes.put(network, weights, bias)
        if since >= WORSE:
            break
    return best


def _judged(job: Job, outputs: Any) -> tuple[dict[str, float], dict[str, Any]]:
    if not job.rows["valid"]:
        return {}, {}
    results = job.results("valid", outputs)
    tuned = job.learner.tune(job.rows["valid"], results, job.about)
    return _figures(job, results, tuned), tuned


def _figures(job: Job, results: Any, tuned: dict[str, Any]) -> dict[str, float]:
    scores = job.learner.score(job.rows["valid"], results, job.about | tuned)
    return job.learner.figures(scores)
