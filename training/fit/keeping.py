"""What is kept of a fine-tune on its way, so that it can go on where it was cut off, and give the same.

Stopped anywhere and gone on with on the same machine, it ends with the same weights to the last bit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from safetensors import SafetensorError

from training import (
    adapters,
    checkpoints,
    distributed,
    export,
    loop,
    repair,
    shards,
    snapshot,
    stopping,
)
from training.checkpoints import STATE, Broken, Checkpoint, Store
from training.course import Course
from training.events import Event, Kept, Note, Resumed
from training.fit import provenance, resuming
from training.fit.job import Job
from training.problems import Problem
from training.problems import resuming as reasons

INTERVAL = 60.0  # seconds between two states within an epoch, at least
SHARE = 0.02  # of the time that saving may take
SPEED = 200e6  # bytes a second that a first state is guessed to take
BEST = "best"
OWN = ("step", "size", "back")  # numbers of a trainer


class Best(Protocol):
    """The best model so far, wherever it is."""

    def keep(self) -> None:
        """It is the network as it stands."""

    def write(self, folder: Path) -> None: ...

    def read(self, folder: Path) -> None:
        """The other way round."""


@dataclass
class Whole:
    """A model folder that can be loaded."""

    place: Path
    save: Callable[[], None]  # writes it

    def keep(self) -> None:
        self.save()

    def write(self, folder: Path) -> None:
        checkpoints.link_tree(self.place, folder)

    def read(self, folder: Path) -> None:
        with export.whole(self.place) as part:
            checkpoints.link_tree(folder, part)


@dataclass
class Beside:
    """An adapter, the head, and what was chosen on validation for them: few enough to stay in memory."""

    network: Any
    tuned: Callable[[], dict[str, Any]] = dict
    state: snapshot.Tensors = field(default_factory=dict)
    chosen: dict[str, Any] = field(default_factory=dict)

    def keep(self) -> None:
        found = {f"adapter.{k}": v for k, v in adapters.adapter_state(self.network).items()}
        found |= {f"head.{k}": v.clone() for k, v in self.network.head.state_dict().items()}
        self.state, self.chosen = found, dict(self.tuned())

    def put(self) -> None:
        """Into the network."""
        adapters.put_adapter(self.network, resuming.named(self.state, "adapter."))
        self.network.head.load_state_dict(resuming.named(self.state, "head."))

    def write(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        snapshot.write(folder / snapshot.WEIGHTS, self.state)
        checkpoints.write_json(folder / STATE, self.chosen)

    def read(self, folder: Path) -> None:
        self.state = snapshot.read(folder / snapshot.WEIGHTS)
        self.chosen = checkpoints.read_json(folder / STATE)


@dataclass
class Keeping(loop.Keeper):
    """Saves a state now and then, as seldom as its cost demands, and finds the last one."""

    job: Job
    best: Best
    store: Store
    cost: float = 0.0  # seconds of the last one
    said: float = field(default_factory=time.monotonic)  # when it was tried last
    saved: tuple[Any, ...] = ()  # where the training stood then
    good: tuple[int, Path] | None = (
        None  # the step that is gone back to, and the file with its weights
    )
    failed: bool = False

    def keep(self) -> None:
        self.best.keep()

    @property
    def together(self) -> bool:
        """Of a network that is divided among ranks no state is whole without all of them."""
        return distributed.divides(self.job.settings.get("sharding"))

    def _wanted(self, wanted: bool) -> bool:
        """As the leader finds it, who alone keeps files."""
        return distributed.agreed(wanted) if self.together else wanted and distributed.leads()

    def due(self, *, epoch: bool) -> bool:
        waited = time.monotonic() - self.said
        return self._wanted(waited >= max(self.cost / SHARE, 0.0 if epoch else INTERVAL))

    def save(self, trainer: loop.Trainer) -> Iterator[Event]:
        begin = time.monotonic()
        try:
            name = self._write(trainer)
        except (OSError, SafetensorError) as error:
            self.said = time.monotonic()
            if not self.failed:
                self.failed = True
                yield trainer.noted(Note("train.checkpoint_unsaved", {"reason": _reason(error)}))
            return
        if not name:
            return
        self.said = time.monotonic()
        self.cost = self.said - begin
        size, seconds = self.store.size(name), round(self.cost, 3)
        yield Kept(trainer.step, epochs_done(trainer), size, seconds)

    def end(self, trainer: loop.Trainer) -> Iterator[Event]:
        """The last state is what epochs can be added to, or the next seed goes on from."""
        if self._wanted(self.saved != _standing(trainer)):
            yield from self.save(trainer)

    def leave(self, trainer: loop.Trainer) -> None:
        # Losses that nobody looked at are not known to be fine.
        able = trainer.parted if self.together else distributed.leads()
        if not able or trainer.untold or not stopping.keeps():
            return
        if self._wanted(self.saved != _standing(trainer)):
            for _event in self.save(trainer):
                pass

    def _write(self, trainer: loop.Trainer) -> str:
        """The name of the state; "" where it is another rank that keeps it."""
        leads, good = distributed.leads(), snapshot.Tensors()
        tensors, optimizer = snapshot.remembered(trainer.network, trainer.optimizer)
        weights = snapshot.trained(trainer.network, trainer.optimizer)
        if self.together and trainer.good.step != trainer.step:
            good = shards.wholes(_copies(trainer), keep=leads)
        tensors = shards.wholes(tensors, keep=leads)
        kept = shards.wholes(weights, keep=leads)
        if not leads:
            return ""
        random, rest = snapshot.randoms()
        state = {
            "setup": resuming.kept_setup(self.job),
            "environment": provenance.environment(),
            "course": trainer.course.as_dict(),
            "trainer": {name: getattr(trainer, name) for name in OWN},
            "watch": {**asdict(trainer.watch), "last": list(trainer.watch.last)},
            "notes": [asdict(note) for note in trainer.notes],
            "good": trainer.good.step,
            "clock": {"done": trainer.clock.done, "earlier": trainer.clock.seconds()},
            "optimizer": optimizer,
            "random": rest,
        }
        with self.store.next() as part:
            snapshot.write(part / snapshot.WEIGHTS, kept)
            self._write_good(trainer, part, good)
            snapshot.write(part / snapshot.OPTIMIZER, tensors)
            snapshot.write(part / snapshot.RANDOM, random)
            self.best.write(part / BEST)
            checkpoints.write_json(part / STATE, state)
        name = f"{self.store.numbers()[0]:06}"
        self.good = trainer.good.step, self.store.folder / name / snapshot.GOOD
        self.saved = _standing(trainer)
        return name

    def _write_good(self, trainer: loop.Trainer, part: Path, whole: snapshot.Tensors) -> None:
        """Most of the time it is in a file already."""
        good = trainer.good
        if good.step == trainer.step:
            checkpoints.link(part / snapshot.WEIGHTS, part / snapshot.GOOD)
        elif self.good and self.good[0] == good.step and self.good[1].is_file():
            checkpoints.link(self.good[1], part / snapshot.GOOD)
        else:
            snapshot.write(part / snapshot.GOOD, whole or _copies(trainer))

    # --- and back

    def restore(self, trainer: loop.Trainer) -> Iterator[Event]:
        self.cost = self._guessed(trainer)
        faults: list[str] = []
        found = self._found(trainer, self.store, faults)
        origin = found is None and self.job.origin is not None
        if origin and self.job.origin:
            found = self._found(trainer, self.job.origin, faults)
            self._extend(trainer, found)
        if found is not None:
            earlier = list(trainer.course.notes)
            yield Resumed(trainer.step, epochs_done(trainer), origin)
            # Another run has told of its own epochs; here they are new.
            yield from trainer.course.history if origin else ()
            yield from earlier
            yield from self._elsewhere(trainer, found)
        if faults:
            code = "train.checkpoint_broken" if found else "train.checkpoints_lost"
            yield trainer.noted(Note(code, {"reason": faults[0], "step": trainer.step}))

    def _found(self, trainer: loop.Trainer, store: Store, faults: list[str]) -> Checkpoint | None:
        """The newest state that can be used; the trainer stands there then."""
        for number in store.numbers():
            try:
                found = store.read(f"{number:06}")
                self._put(trainer, found)
            except Broken as error:
                faults.append(str(error))
                continue
            self.good = trainer.good.step, found.folder / snapshot.GOOD
            self.saved = _standing(trainer) if store is self.store else ()
            return found
        return None

    def _put(self, trainer: loop.Trainer, found: Checkpoint) -> None:
        """Raises Broken, and has changed nothing of the trainer then."""
        try:
            put = self._ready(trainer, found)
        except (KeyError, TypeError, ValueError, OSError, SafetensorError) as error:
            raise Broken(f"{found.folder.name}: {type(error).__name__}") from error
        put()

    def _ready(self, trainer: loop.Trainer, found: Checkpoint) -> Callable[[], None]:
        """Everything is read; what is returned puts it into the trainer."""
        state, folder = found.state, found.folder
        if state["setup"]["mark"] != self.job.setup["mark"]:
            raise Broken("it is of another training")
        weights = snapshot.trained(trainer.network, trainer.optimizer)
        given, good, memory, random = (
            snapshot.read(folder / name)
            for name in (snapshot.WEIGHTS, snapshot.GOOD, snapshot.OPTIMIZER, snapshot.RANDOM)
        )
        snapshot.check(given, weights)
        snapshot.check(good, weights)
        course = Course.from_dict(state["course"])
        notes = [Note(**note) for note in state["notes"]]
        watch = repair.Watch(state["watch"]["bad"], state["watch"]["first"])
        watch.last.extend(state["watch"]["last"])
        own = {name: state["trainer"][name] for name in OWN}
        done, earlier = state["clock"]["done"], state["clock"]["earlier"]
        self.best.read(folder / BEST)

        def put() -> None:
            snapshot.remind(trainer.network, trainer.optimizer, memory, state["optimizer"])
            snapshot.put(good, weights)
            trainer.good = repair.Good.of(trainer.optimizer, state["good"])
            snapshot.put(given, weights)
            for name, value in own.items():
                setattr(trainer, name, value)
            trainer.course, trainer.notes, trainer.watch = course, notes, watch
            trainer.clock.done, trainer.clock.earlier = done, earlier
            snapshot.put_randoms(random, state["random"])
            distributed.apart(trainer.plan.seed + trainer.step)

        return put

    def _extend(self, trainer: loop.Trainer, found: Checkpoint | None) -> None:
        if found is None:
            raise Problem("train.continues", reason=reasons.DAMAGED)
        if trainer.course.number >= trainer.plan.epochs:
            raise Problem("train.continues", reason=reasons.ENOUGH)
        trainer.course.extend()

    def _elsewhere(self, trainer: loop.Trainer, found: Checkpoint) -> Iterator[Event]:
        names = provenance.differing(provenance.environment(), found.state["environment"])
        if names:
            values = {"step": trainer.step, "names": ", ".join(names)}
            yield trainer.noted(Note("train.resumed_elsewhere", values))

    def _guessed(self, trainer: loop.Trainer) -> float:
        """Seconds of the first state: weights, those of the last good epoch, two numbers a weight, the best model."""
        items = snapshot.trained(trainer.network, trainer.optimizer).values()
        return sum(5 * item.numel() * item.element_size() for item in items) / SPEED


def keeper(job: Job, best: Best) -> loop.Keeper:
    """Of a trial, which has no place for states, only the best model is kept."""
    if job.states is None:
        return Only(best)
    return Keeping(job, best, job.states)


@dataclass
class Only(loop.Keeper):
    best: Best

    def keep(self) -> None:
        self.best.keep()


def epochs_done(trainer: loop.Trainer) -> float:
    """With the part of the epoch that is under way."""
    course = trainer.course
    if course.trained:
        return float(course.number)
    return round(course.number - 1 + course.place / max(1, trainer.per_epoch), 4)


def _standing(trainer: loop.Trainer) -> tuple[Any, ...]:
    course = trainer.course
    return trainer.step, course.number, course.trained, course.place, course.over, trainer.back


def _copies(trainer: loop.Trainer) -> snapshot.Tensors:
    """The weights that are gone back to, by name."""
    names = snapshot.trained(trainer.network, trainer.optimizer)
    return dict(zip(names, (copy for _item, copy in trainer.good.weights), strict=True))


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
