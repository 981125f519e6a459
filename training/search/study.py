"""The trials of a search, kept in a file of the run's folder: whoever opens it again goes on where it stood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from training.events import Trial
from training.problems import Problem
from training.space import Dimension

FILE = "study.journal"
SHARES = 9  # parts of a training, at which trials are compared: after 1, 3 and 9 of them
FACTOR = 3  # one in so many goes on
STATES = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}
INTERRUPTED = (
    "interrupted"  # as a reason: the process ended meanwhile; tried again, and not counted
)
LEAST = 6  # finished trials, below which nothing is said about which setting matters


def pruner(name: str) -> optuna.pruners.BasePruner:
    if name == "none":
        return optuna.pruners.NopPruner()
    if name == "hyperband":
        return optuna.pruners.HyperbandPruner(1, SHARES, FACTOR)
    return optuna.pruners.SuccessiveHalvingPruner(1, FACTOR)


@dataclass
class Study:
    """Of two trials the one with the higher value is better."""

    found: optuna.Study
    dimensions: Sequence[Dimension]
    seed: int
    parallel: bool = (
        False  # a trial that still runs counts as a bad one, so that the next is not beside it
    )

    def ask(self) -> optuna.Trial:
        """The next trial. Its random numbers are its own: a search that was cut off goes on as it would have."""
        number = len(self.found.get_trials(deepcopy=False))
        self.found.sampler = optuna.samplers.TPESampler(
            seed=self.seed + number, constant_liar=self.parallel
        )
        return self.found.ask()

    def settings(self, trial: optuna.Trial) -> dict[str, Any]:
        return {one.name: _suggested(trial, one) for one in self.dimensions}

    def tell(self, trial: optuna.Trial, told: Trial, value: float | None) -> None:
        """The end of a trial. `told` is its event, which the file keeps."""
        state = {word: state for state, word in STATES.items()}[told.state]
        kept = {"settings": told.settings, "value": told.value, "values": told.values}
        trial.set_user_attr("told", kept | {"seconds": told.seconds, "reason": told.reason})
        self.found.tell(trial, value if state == TrialState.COMPLETE else None, state)

    def ended(self) -> list[Trial]:
        """The events of all trials that have ended, interrupted ones apart."""
        return [_event(one) for one in self.found.get_trials(deepcopy=False) if _counts(one)]

    def best(self) -> int | None:
        """The number of the best complete trial, of equal ones the first."""
        trials = self.found.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        best = max(trials, key=lambda one: (_value(one), -one.number), default=None)
        return None if best is None else best.number

    def importance(self) -> dict[str, float]:
        """How much of the difference between trials each setting explains, 0 to 1; {} for too few trials."""
        trials = self.found.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        if len(trials) < LEAST or len({one.value for one in trials}) < 2:
            return {}
        by = optuna.importance.FanovaImportanceEvaluator(seed=self.seed)
        return dict(optuna.importance.get_param_importances(self.found, evaluator=by))


def opened(
    folder: Path, dimensions: Sequence[Dimension], seed: int, pruned: str, mark: str
) -> Study:
    """The study in the folder, or a new one, which begins with the usual settings.

    `mark` says of what data and settings it is. Raises Problem(`search.other`) where the folder holds another one.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = JournalStorage(JournalFileBackend(str(folder / FILE)))
    study = optuna.create_study(
        study_name="search",
        storage=storage,
        direction="maximize",
        load_if_exists=True,
        pruner=pruner(pruned),
    )
    known = study.user_attrs.get("of")
    if known not in (None, mark):
        raise Problem("search.other", folder=folder.name)
    if known is None:
        study.set_user_attr("of", mark)
        study.enqueue_trial({one.name: one.usual for one in dimensions})
    _again(study)
    return Study(study, dimensions, seed)


def _again(study: optuna.Study) -> None:
    """What was cut off is tried again."""
    for one in study.get_trials(states=(TrialState.RUNNING,)):
        study.enqueue_trial(one.params or one.system_attrs.get("fixed_params", {}))
        study.tell(one.number, state=TrialState.FAIL)


def _suggested(trial: optuna.Trial, one: Dimension) -> Any:
    if one.choices:
        return trial.suggest_categorical(one.name, one.choices)
    if one.whole:
        return trial.suggest_int(one.name, int(one.low), int(one.high), log=one.log)
    return float(f"{trial.suggest_float(one.name, one.low, one.high, log=one.log):.3g}")


def _counts(one: FrozenTrial) -> bool:
    return one.state in STATES and "told" in one.user_attrs


def _value(one: FrozenTrial) -> float:
    return float("-inf") if one.value is None else one.value


def _event(one: FrozenTrial) -> Trial:
    told: Mapping[str, Any] = one.user_attrs["told"]
    return Trial(
        number=one.number, state=STATES[one.state], **{**told, "values": tuple(told["values"])}
    )
