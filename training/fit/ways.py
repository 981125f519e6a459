"""Ways of training a small set that were left to us: each is tried, and the best on the validation rows is kept."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace

from training import defaults, loop
from training.coding.sequence import SINGLE
from training.events import Event
from training.fit import seeds
from training.fit.job import Job, freeze
from training.problems import Problem

PLAIN, FEW_SHOT = "plain", "few_shot"
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
    def settings(self) -> dict[str, str]:
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
    if settings.get("few_shot") == "on" and (frozen or not contrasts(job)):
        raise Problem("spec.choice", field="few_shot", value="on", choices="auto, off")
    free = ("auto", "none", "mixup") if frozen else ()
    if free and settings.get("augmentation") not in (None, *free):
        value, choices = settings["augmentation"], ", ".join(free)
        raise Problem("spec.choice", field="augmentation", value=value, choices=choices)


def contrasts(job: Job) -> bool:
    """Whether rows have one label each, and some share theirs."""
    targets = [piece.get("target") for piece in job.pieces["train"]]
    return job.learner.objective == SINGLE and len(set(targets)) < len(targets)


def tried(job: Job, train: seeds.Train) -> Generator[Event, None, loop.Outcome]:
    """Leaves the checkpoint of the best, and its settings in the spec."""
    found = of(job)
    if len(found) == 1:
        _settle(job, found[0])
        return (yield from seeds.repeated(job, train))
    owns = [replace(job, spec=job.spec.with_settings(**way.settings), notes=[]) for way in found]
    kept, outcomes = yield from seeds.best_of(job, owns, train)
    _tell(job, found, outcomes, kept)
    job.notes += owns[kept].notes
    _settle(job, found[kept])
    if job.settings.get("seeds", 1) == 1:
        return outcomes[kept]
    return (yield from seeds.repeated(job, lambda own, _anew: train(own, True)))


def _settle(job: Job, way: Way) -> None:
    known = {name: value for name, value in way.settings.items() if name in job.settings}
    if known:
        freeze(job, {**job.settings, **known})


def _tell(job: Job, found: list[Way], outcomes: list[loop.Outcome], kept: int) -> None:
    figure = job.settings["stop_metric"]
    figure = job.learner.main if figure == "auto" else figure
    sign = -1 if figure == "loss" else 1
    values = {way.name: sign * one.value for way, one in zip(found, outcomes, strict=True)}
    job.tell_tried("training", values, found[kept].name, len(job.rows["valid"]), figure)
