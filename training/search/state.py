"""How a search stands: what it has tried, how long it may go on, and the best model so far."""

from __future__ import annotations

import shutil
import statistics
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import optuna

from training import export
from training.events import Stage, Trial
from training.fit.job import BEGINS
from training.problems import Problem
from training.search.study import SHARES, Study
from training.search.trial import EVERY, Message, Ready
from training.spec import Spec

SHARE = 0.85  # of the whole run that is the search, for its progress; the rest is the fine-tune with the best
HOPELESS = 5  # trials that all failed, after which there are no more


@dataclass
class Running:
    """A trial that is carried out; its model will lie in `part`."""

    trial: optuna.Trial
    told: Trial
    part: Path
    begun: float
    share: float = 0.0  # that is done


@dataclass
class Search:
    """The state of a search. `spent` is the time of trials before this process."""

    spec: Spec
    folder: Path
    ready: Ready
    study: Study
    begun: float = field(default_factory=time.monotonic)
    spent: float = 0.0
    said: float = 0.0

    def seconds(self) -> float:
        return self.spent + time.monotonic() - self.begun

    def over(self) -> bool:
        """Of time, once there is something to choose."""
        minutes = self.spec.search.get("minutes")
        late = minutes is not None and self.seconds() >= 60 * minutes
        return late and self.study.best() is not None

    def done(self) -> bool:
        trials = self.study.ended()
        most = self.spec.search.get("trials")
        if self.study.best() is None and len(trials) >= min(HOPELESS, most or HOPELESS):
            reasons = ", ".join(sorted({one.reason for one in trials if one.reason}))
            raise Problem("search.failed", trials=len(trials), reasons=reasons)
        return self.over() or (most is not None and len(trials) >= most)

    def stage(self, share: float = 0.0) -> Stage:
        """`share` is how far the trial is that runs."""
        seconds, ended = self.seconds(), self.study.ended()
        most, minutes = self.spec.search.get("trials"), self.spec.search.get("minutes")
        ways = [(len(ended) + share) / most] if most else []
        ways += [seconds / (60 * minutes)] if minutes else []
        part = min(1.0, max(ways))
        left = seconds / part - seconds + self.usual() if ended and part > 0 else None
        self.said = time.monotonic()
        done = BEGINS["preparing"] + (SHARE - BEGINS["preparing"]) * part
        return Stage("searching", round(done, 4), None if left is None else round(left, 1))

    def usual(self) -> float:
        """Seconds of a trial; the last fine-tune takes about as long."""
        return statistics.median([one.seconds for one in self.study.ended()] or [0.0])

    @property
    def parallel(self) -> int:
        """Trials at the same time."""
        wanted, most = (self.spec.search.get(name) for name in ("parallel", "trials"))
        return min(int(wanted or 1), int(most or wanted or 1))

    def begins(self, running: int) -> bool:
        """Whether one more trial is to begin beside those that run. Raises Problem(`search.failed`)."""
        most = self.spec.search.get("trials")
        return not self.done() and (most is None or len(self.study.ended()) + running < most)

    def due(self) -> bool:
        """Whether it is time for a sign of life."""
        return time.monotonic() - self.said >= EVERY

    def next(self) -> Running:
        """The trial that is to be carried out next."""
        trial = self.study.ask()
        told = Trial(trial.number, "running", self.study.settings(trial))
        part = self.folder / f".trial-{trial.number}.part"
        return Running(trial, told, part, time.monotonic())

    def judged(self, now: Running, message: Message) -> str:
        """An epoch is done. Why the trial ends before its time, if it does: it promises less than others at the same
        part of theirs, or time is over."""
        values = (*now.told.values, message["value"])
        now.told = replace(now.told, value=message["kept"], values=values)
        epoch, told = message["epoch"], now.told
        epochs = int(told.settings.get("epochs") or self.ready.job.settings["epochs"])
        if epoch >= epochs:
            return ""
        now.trial.report(self.ready.sign * message["value"], max(1, SHARES * epoch // epochs))
        if now.trial.should_prune():
            return "promise"
        return "time" if self.over() else ""

    def ended(self, now: Running, message: Message) -> Trial:
        """The end is written down; the model is kept if it is the best so far."""
        seconds = round(time.monotonic() - now.begun, 2)
        state, reason = message["state"], message["reason"]
        told = replace(now.told, state=state, reason=reason, seconds=seconds)
        best = self.study.best()
        self.study.tell(now.trial, told, message["value"])
        made = now.part / export.CHECKPOINT
        if self.study.best() != best and made.is_dir():
            with export.whole(self.folder / export.CHECKPOINT) as place:
                shutil.copytree(made, place, dirs_exist_ok=True)
        shutil.rmtree(now.part, ignore_errors=True)
        return told
