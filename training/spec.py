"""What a run is asked to do. A plain, frozen description: the same spec on the same data gives the same result."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from training import budget, draft
from training.options import OPTIONS, Option
from training.problems import Problem

# What each effort that trains chooses where a person sets nothing; read by the fit and by the estimate of its time.
EFFORT_DEFAULTS: dict[str, dict[str, Any]] = {
    "quick": {"epochs": 1},
    "balanced": {"epochs": 3},
    "thorough": {"epochs": 6},
}
HALVINGS = 16
EFFORTS = (draft.EFFORT, *EFFORT_DEFAULTS)


@dataclass(frozen=True)
class Spec:
    """Files are paths. Either `version` (a written dataset version) or `train` (and `valid`, `test`) is given."""

    task: str
    version: str = ""
    train: str = ""
    valid: str = ""
    test: str = ""
    encoding: str = ""  # empty: detected
    delimiter: str = ""  # empty: detected
    format: str = ""  # of table.FORMATS; empty: detected
    header: bool | None = None  # whether the first row is one; None: detected
    variant: str = ""  # of the task; empty: told from the columns and rows
    columns: Mapping[str, str] = field(default_factory=dict)  # role -> column name
    base: str = ""  # empty: the usual one for the task
    prompt: str = ""  # of models that write: a text with {fields}; empty: the task's own
    system: str = ""  # of models that write: what stands before every conversation
    base_folder: str = ""  # filled by the caller where the catalogue's own place is not used
    continues: str = (
        ""  # folder of a finished run to whose training epochs are added; filled by the caller
    )
    smaller: int = (
        0  # halvings of the rows read at once; filled by the caller after a lack of memory
    )
    effort: str = "balanced"
    seed: int = 13
    settings: Mapping[str, Any] = field(default_factory=dict)  # names of OPTIONS
    search: Mapping[str, Any] = field(default_factory=dict)  # see training.budget

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def with_settings(self, **values: Any) -> Spec:
        return replace(self, settings={**self.settings, **values})


def from_dict(data: Mapping[str, Any]) -> Spec:
    """A checked spec; raises Problem(`spec.*`) that names the field."""
    known = {item.name for item in fields(Spec)}
    for name in data:
        if name not in known:
            raise Problem("spec.unknown", field=name, known=", ".join(sorted(known)))
    spec = Spec(**dict(data))
    if spec.effort not in EFFORTS:
        raise Problem("spec.choice", field="effort", value=spec.effort, choices=", ".join(EFFORTS))
    if isinstance(spec.seed, bool) or not isinstance(spec.seed, int) or not 0 <= spec.seed < 2**31:
        raise Problem("spec.range", field="seed", value=spec.seed, low=0, high=2**31 - 1)
    if not isinstance(spec.smaller, int) or not 0 <= spec.smaller < HALVINGS:
        raise Problem("spec.range", field="smaller", value=spec.smaller, low=0, high=HALVINGS - 1)
    settings, search = check_settings(spec.settings), budget.check(spec.search)
    draft.check(spec.effort, settings, search)
    return replace(spec, settings=settings, search=search)


def check_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with their types; empty and None values are dropped (they mean: choose for me)."""
    return {
        name: check_setting(name, value)
        for name, value in settings.items()
        if value is not None and value != ""
    }


def check_setting(name: str, value: Any) -> Any:
    """One setting as its type; a string (from a form or `--set`) is read. Raises Problem(`spec.*`)."""
    option = OPTIONS.get(name)
    if option is None:
        raise Problem("spec.unknown", field=name, known=", ".join(OPTIONS))
    if option.choices:
        if value not in option.choices:
            raise Problem("spec.choice", field=name, value=value, choices=", ".join(option.choices))
        return value
    if option.kind is bool:
        return _as_bool(name, value)
    return _as_number(option, value)


def _as_bool(name: str, value: Any) -> bool:
    words = {
        "true": True,
        "1": True,
        "on": True,
        "yes": True,
        "false": False,
        "0": False,
        "off": False,
        "no": False,
    }
    if isinstance(value, bool):
        return value
    if str(value).lower() not in words:
        raise Problem("spec.choice", field=name, value=value, choices="true, false")
    return words[str(value).lower()]


def _as_number(option: Option, value: Any) -> int | float:
    problem = Problem(
        "spec.range", field=option.name, value=value, low=option.low, high=option.high
    )
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise problem from None
    if option.low is None or option.high is None or not option.low <= number <= option.high:
        raise problem  # also NaN, which compares false
    if option.kind is int:
        if number != int(number):
            raise problem
        return int(number)
    return number


def read(path: str) -> Spec:
    """The spec in a JSON file, as a run's parent writes it."""
    with open(path, encoding="utf-8") as file:  # noqa: PTH123
        return from_dict(json.load(file))
