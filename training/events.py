"""What a fine-tune says while it runs: frozen dataclasses, one JSON object a line.

A fine-tune is a generator of these.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, TypeVar

Given = TypeVar("Given")
Told = TypeVar("Told")
Result = TypeVar("Result")

# In the order in which a run passes through them; the page translates the names.
STAGES = (
    "reading",
    "searching",
    "preparing",
    "baselines",
    "training",
    "testing",
    "saving",
    "verifying",
)


@dataclass(frozen=True)
class Event:
    event: ClassVar[str]

    def as_dict(self) -> dict[str, Any]:
        return {"event": self.event, **asdict(self)}


@dataclass(frozen=True)
class Stage(Event):
    """A stage begins. `progress` is of the whole run, 0 to 1; `seconds_left` is None while nothing was measured."""

    event: ClassVar[str] = "stage"
    name: str
    progress: float = 0.0
    seconds_left: float | None = None


@dataclass(frozen=True)
class Started(Event):
    """Everything that was measured or chosen at the start, frozen before the first step."""

    event: ClassVar[str] = "started"
    spec: Mapping[str, Any]
    rows: Mapping[str, int]  # split -> rows
    labels: tuple[str, ...]
    steps: int
    epochs: int
    device: str
    precision: str
    max_length: int
    truncated_share: float
    figures: tuple[str, ...] = ()  # names of the scores of each epoch


@dataclass(frozen=True)
class Step(Event):
    """One optimizer step (or the last of a few: at most about four a second are sent)."""

    event: ClassVar[str] = "step"
    step: int
    epoch: float
    loss: float | None  # None when not finite
    learning_rate: float
    rows_per_second: float
    tokens_per_second: float  # tokens that are not padding
    progress: float
    seconds_left: float | None


@dataclass(frozen=True)
class Scored(Event):
    """The model after an epoch on the validation rows; `epoch` 0 is before the first step."""

    event: ClassVar[str] = "scored"
    epoch: int
    step: int
    train_loss: float | None
    valid_loss: float | None
    metrics: Mapping[str, float]  # the figures that Started names
    best: bool


@dataclass(frozen=True)
class Kept(Event):
    """All that is needed to go on from here is on the disk. `size` in bytes, `seconds` is what it took."""

    event: ClassVar[str] = "checkpoint"
    step: int
    epoch: float
    size: int
    seconds: float


@dataclass(frozen=True)
class Resumed(Event):
    """Training goes on after this step, which was kept before; what was said of later ones is said again.

    `origin`: it is the end of another run, to which epochs are added.
    """

    event: ClassVar[str] = "resumed"
    step: int
    epoch: float
    origin: bool = False


@dataclass(frozen=True)
class Searching(Event):
    """A search begins: what it tries, and how long. `figure` is the name of the score that is compared."""

    event: ClassVar[str] = "search"
    trials: int | None  # budget
    minutes: float | None
    figure: str
    head: str
    space: tuple[Mapping[str, Any], ...]  # name, usual, low, high, log, choices


@dataclass(frozen=True)
class Trial(Event):
    """A trial of a search begins, has ended an epoch, or has ended. The one with the number 0 has the usual settings.

    `state`: running, complete, pruned (it promised less than others) or failed, for which `reason` is the problem's
    code. `value` is the score of its best epoch on the validation rows, `values` those of all epochs so far.
    """

    event: ClassVar[str] = "trial"
    number: int
    state: str
    settings: Mapping[str, Any]
    value: float | None = None
    values: tuple[float, ...] = ()
    seconds: float = 0.0
    reason: str = ""


@dataclass(frozen=True)
class Note(Event):
    """Something worth knowing that is no failure; `code` stands in the problem table."""

    event: ClassVar[str] = "note"
    code: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Saved(Event):
    """The artifact folder is complete: checksums written last."""

    event: ClassVar[str] = "saved"
    folder: str  # relative to the run's folder
    zip: str
    size: int  # bytes of the zip
    sha256: str


@dataclass(frozen=True)
class Verified(Event):
    """The artifact was loaded in a fresh process and answered as the run did."""

    event: ClassVar[str] = "verified"
    rows: int
    labels_equal: bool
    max_difference: float


@dataclass(frozen=True)
class Report(Event):
    """The end of a fine-tune; the same spec, data and machine give the same report, `seconds` and `memory` apart.

    `memory` are the bytes that were held at the most: of the GPU where there is one.
    """

    event: ClassVar[str] = "report"
    task: str
    test_rows: int
    metrics: Mapping[str, Any]
    baselines: Mapping[str, Mapping[str, Any]]
    seconds: Mapping[str, float]
    details: Mapping[str, Any] = field(default_factory=dict)
    memory: int = 0


@dataclass(frozen=True)
class Progress(Event):
    """Of a job that is not a fine-tune (a check): 0 to 1."""

    event: ClassVar[str] = "progress"
    progress: float


@dataclass(frozen=True)
class Installed(Event):
    """The end of an install: a base model is on this machine. `size` in bytes."""

    event: ClassVar[str] = "installed"
    base: str
    folder: str
    size: int
    seconds: float


@dataclass(frozen=True)
class Answered(Event):
    """The end of the check of a base model. `files`: how many are as they were at its install; 0: none were noted."""

    event: ClassVar[str] = "answered"
    base: str
    files: int
    answer: str


@dataclass(frozen=True)
class Found(Event):
    """What a check found, before the rows are divided and written; Checked tells it again, with what suits the base."""

    event: ClassVar[str] = "found"
    rows: int
    gate: str
    findings: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Checked(Event):
    """The end of a check: what is wrong with the data, and the version that was written when nothing blocks."""

    event: ClassVar[str] = "checked"
    rows: int
    gate: str  # green, amber, red or blocked
    findings: tuple[Mapping[str, Any], ...]
    splits: Mapping[str, int] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    stats: Mapping[str, Any] = field(default_factory=dict)
    version: Mapping[str, Any] | None = None  # {"path", "sha256", "size"}


@dataclass(frozen=True)
class Examined(Event):
    """The end of the deep part of a health report."""

    event: ClassVar[str] = "health"
    findings: tuple[Mapping[str, Any], ...]
    stats: Mapping[str, Any]


@dataclass(frozen=True)
class Failed(Event):
    """The last line of a child that ends with exit code 2: a problem of the user's."""

    event: ClassVar[str] = "problem"
    code: str
    values: Mapping[str, Any]
    expected: str
    found: str
    remedy: str


def finite(value: Any) -> Any:
    """`value` with every number that JSON cannot hold turned into None."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value


def line(event: Event) -> str:
    """One line of JSON, ASCII, without NaN."""
    return json.dumps(finite(event.as_dict()), allow_nan=False)


def each(
    steps: Generator[Given, None, Result], tell: Callable[[Given], Told]
) -> Generator[Told, None, Result]:
    """What `tell` makes of each step, as it comes; returns what the steps return."""
    with closing(steps):
        while True:
            try:
                step = next(steps)
            except StopIteration as stop:
                result: Result = stop.value
                return result
            yield tell(step)


def last_of(steps: Generator[Any, None, Result]) -> Result:
    """What the steps return, when nobody wants to hear of them."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            result: Result = stop.value
            return result
