"""Ways of training a small set that were left to us: each is tried, and the best on the validation rows is kept."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any

from training import defaults, loop
from training.coding.sequence import SINGLE
from training.events import Event
from training.fit import seeds
from training.fit.job import Job, freeze
from training.problems import Problem

PLAIN, FEW_SHOT = "plain", "few_shot"
# The learning rate for pairs against that of the plain training. trec6 with 16 rows a label, MiniLM, one draw: 85.0 %
# of 500 validation rows with 5e-5 (plain with 1e-4: 83.0 %; the cosine loss of SetFit with 5e-5: 83.6 %).
PAIRS_RATE = 0.5
LEAST = 10  # validation rows, below which they do not say which is better


@dataclass(frozen=True)
class Way:
    """A name for the report, and what is set for it."""

    few_shot: str = "off"
    augmentation: str = "none"

    @property
    def name(self) -> str:
        if self.few_shot == "on":
            return FEW_SHOT
        return PLAIN if self.augmentation == "none" else self.augmentation

    @property
    def settings(self) -> dict[str, Any]:
        return {"few_shot": self.few_shot, "augmentation": self.augmentation}


def of(job: Job) -> list[Way]:
    """Those that are tried, the plain one first; one alone where nothing was left to us. Raises Problem(`spec.*`)."""
    check(job)
    few, change = (job.settings.get(name) for name in ("few_shot", "augmentation"))
    if few is None or change is None:  # a head that knows neither
        return [Way()]
    least = Way("on" if few == "on" else "off", "none" if change == "auto" else change)
    found = [least]
    if len(job.rows["valid"]) < LEAST or job.settings["trained"] == "head_only":
        return found
    tried = defaults.tried(job.spec.effort, len(job.rows["train"]), len(job.labels))
    if few == "auto" and FEW_SHOT in tried and contrasts(job):
        found.append(replace(least, few_shot="on"))
    if change == "auto" and few != "on":
        found += [replace(least, augmentation=one) for one in tried if one != FEW_SHOT]
    return found


def check(job: Job) -> None:
    """Raises Problem(`spec.choice`) for settings that cannot go together."""
    settings = job.settings
    frozen = settings.get("trained") == "head_only"
    if settings.get("few_shot") == "on" and not contrasts(job):
        raise Problem("spec.choice", field="few_shot", value="on", choices="auto, off")
    free = ("auto", "none", "mixup") if frozen else ()
    if free and settings.get("augmentation") not in (None, *free):
        value, choices = settings["augmentation"], ", ".join(free)
        raise Problem("spec.choice", field="augmentation", value=value, choices=choices)


def contrasts(job: Job) -> bool:
    """Whether rows are one text with one label, some share theirs, and the base learns from the first step on.

    Pairs are made of the rows of a step that stand together: on several devices they do not.
    """
    if job.learner.objective != SINGLE or len(job.learner.inputs) != 1:
        return False
    if int(job.settings.get("devices") or 1) > 1:
        return False
    targets = [piece["target"] for piece in job.pieces["train"]]
    learns = job.settings["trained"] not in ("head_only", "gradual")
    return learns and len(set(targets)) < len(targets)


def tried(job: Job, train: seeds.Train) -> Generator[Event, None, loop.Outcome]:
    """Leaves the checkpoint of the best, and its settings in the spec."""
    found = of(job)
    if len(found) == 1:
        _settle(job, found[0])
        return (yield from seeds.repeated(job, train))
    job.several = True
    owns = [replace(job, spec=job.spec.with_settings(**chosen(job, w)), notes=[]) for w in found]
    kept, outcomes = yield from seeds.best_of(job, owns, train)
    _tell(job, found, outcomes, kept)
    job.notes += owns[kept].notes
    _settle(job, found[kept])
    if job.settings.get("seeds", 1) == 1:
        return outcomes[kept]
    more = len(found)
    return (yield from seeds.repeated(job, lambda own, _anew: train(own, True), more))


def chosen(job: Job, way: Way) -> dict[str, Any]:
    """The settings of a way; what is learnt from pairs takes smaller steps, unless a person chose their size."""
    if way.few_shot != "on" or "learning_rate" in job.given:
        return way.settings
    return {**way.settings, "learning_rate": PAIRS_RATE * job.settings["learning_rate"]}


def _settle(job: Job, way: Way) -> None:
    if way.settings.keys() <= job.settings.keys():
        freeze(job, {**job.settings, **chosen(job, way)})


def _tell(job: Job, found: list[Way], outcomes: list[loop.Outcome], kept: int) -> None:
    figure = job.settings["stop_metric"]
    figure = job.learner.main if figure == "auto" else figure
    sign = -1 if figure == "loss" else 1
    values = {way.name: sign * one.value for way, one in zip(found, outcomes, strict=True)}
    job.tell_tried("training", values, found[kept].name, len(job.rows["valid"]), figure)
