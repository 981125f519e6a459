"""Whether what lies in a run's folder is of this very run, and what stands before the training in it.

What was measured or chosen at the start is kept with each state, so that the same is chosen again.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError

from training import checkpoints, distributed, snapshot
from training.checkpoints import STATE, Broken, Store
from training.fit import provenance
from training.fit.job import Job
from training.problems import Problem
from training.problems import resuming as reasons

BASELINES = "baselines"
OF_MACHINE = ("devices",)  # settings that are of the machine and not of the training
HITS = "hits."
EXTENDS = (
    "epochs",
    "max_steps",
)  # settings in which a run and the one that it continues may differ


def begin(job: Job) -> None:
    """Finds what is kept of this very run, and takes over what was chosen then; what is of another one goes.

    Raises Problem(`train.continues`) where the run that is to be continued is not of the same data, base and settings.
    """
    # Of several processes that train together the first one keeps files; the others have a folder inside its own.
    home = job.folder if distributed.leads() else job.folder.parent
    job.store = store = Store(home / checkpoints.RESUME)
    job.setup = {"mark": _mark(job), "epochs": _extends(job.spec.settings)}
    if job.spec.continues:
        job.origin = Store(Path(job.spec.continues) / checkpoints.TRAINED)
    found, own = _setup(store), True
    if found is not None and {name: found.get(name) for name in job.setup} != job.setup:
        if distributed.leads():
            shutil.rmtree(store.folder, ignore_errors=True)
        found = None
    if found is None and job.origin is not None:
        found, own = _setup(job.origin), False
        _check_origin(job, found)
    if found is None:
        return
    now = (*EXTENDS, *OF_MACHINE)
    chosen = found["settings"] | {k: v for k, v in job.spec.settings.items() if k in now}
    if not own:
        chosen["max_steps"] = 0
    job.spec = replace(job.spec, settings=chosen)


def _mark(job: Job) -> dict[str, Any]:
    """Of what a training is. Its plan may grow."""
    spec = job.spec
    apart = (*EXTENDS, *OF_MACHINE)
    asked = {name: value for name, value in spec.settings.items() if name not in apart}
    return {
        "task": spec.task,
        "variant": job.about["variant"],
        "data": provenance.data(job)["sha256"],
        "base": provenance.base(job),
        "prompt": [spec.prompt, spec.system],
        "seed": spec.seed,
        "effort": spec.effort,
        "asked": asked,
    }


def _extends(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: settings.get(name) for name in EXTENDS}


def _setup(store: Store) -> dict[str, Any] | None:
    """As the first state that is whole tells it."""
    try:
        return dict(store.read(BASELINES).state["setup"])
    except (Broken, KeyError):
        found, _faults = seeded(store, 0).newest()
        return dict(found.state["setup"]) if found else None


def _check_origin(job: Job, found: dict[str, Any] | None) -> None:
    if found is None:
        raise Problem("train.continues", reason=reasons.DAMAGED)
    if found["mark"] != job.setup["mark"]:
        raise Problem("train.continues", reason=reasons.OTHERS)


def seeded(store: Store, number: int) -> Store:
    """Of one of several trainings, which differ in their seed or else in what is tried."""
    return Store(store.folder / f"seed-{number}")


def of_seed(job: Job, number: int) -> Job:
    """The job with what is kept of one of its trainings."""
    if job.store is None:
        return job
    origin = seeded(job.origin, number) if job.origin else None
    return replace(job, states=seeded(job.store, number), origin=origin)


def finish(job: Job) -> None:
    """The last state stays, so that epochs can be added; of several trainings none does."""
    if job.store is None:
        return
    folder, last = job.folder / checkpoints.TRAINED, seeded(job.store, 0)
    shutil.rmtree(folder, ignore_errors=True)
    alone = job.settings.get("seeds", 1) == 1 and not job.several
    if alone and last.numbers():
        for number in last.numbers()[1:]:
            last.remove(number)
        job.store.folder.rename(folder)
    shutil.rmtree(job.store.folder, ignore_errors=True)


def write_baselines(job: Job, state: dict[str, Any], tensors: snapshot.Tensors) -> None:
    """What they found. They are made again where that cannot be written."""
    if job.store is None or not distributed.leads():
        return
    random, rest = snapshot.randoms()
    state = {"setup": kept_setup(job), "random": rest, **state}
    try:
        with job.store.writing(BASELINES) as part:
            snapshot.write(part / snapshot.RANDOM, random)
            snapshot.write(part / snapshot.WEIGHTS, tensors)
            checkpoints.write_json(part / STATE, state)
    except (OSError, SafetensorError):
        return


def hits_as_tensors(hits: Mapping[str, Any]) -> snapshot.Tensors:
    """How good each answer of each baseline is, for a file."""
    return {f"{HITS}{name}": torch.from_numpy(np.array(found)) for name, found in hits.items()}


def hits_of(tensors: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The other way round, in the order of the names."""
    return {name: tensors[HITS + name].numpy() for name in names}


def named(tensors: Mapping[str, Any], start: str) -> dict[str, Any]:
    """Those whose name begins so, by the rest of it."""
    found = tensors.items()
    return {name.removeprefix(start): item for name, item in found if name.startswith(start)}


def read_baselines(job: Job) -> tuple[dict[str, Any], snapshot.Tensors] | None:
    """What was found before, of this run or of the one that it continues; random numbers go on from there."""
    for store in (job.store, job.origin):
        try:
            if store is not None:
                found = store.read(BASELINES)
                snapshot.put_randoms(
                    snapshot.read(found.folder / snapshot.RANDOM), found.state["random"]
                )
                return found.state, snapshot.read(found.folder / snapshot.WEIGHTS)
        except (Broken, OSError, SafetensorError, KeyError):
            continue
    return None


def kept_setup(job: Job) -> dict[str, Any]:
    return {**job.setup, "settings": job.settings}
