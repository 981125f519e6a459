"""What a run is asked to do. A plain, frozen description: the same spec on the same data gives the same result."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from training import budget
from training.problems import Problem

# What each effort chooses where a person sets nothing; read by the fit and by the estimate of its time.
EFFORT_DEFAULTS: dict[str, dict[str, Any]] = {
    "quick": {"epochs": 1},
    "balanced": {"epochs": 3},
    "thorough": {"epochs": 6},
}
EFFORTS = tuple(EFFORT_DEFAULTS)


@dataclass(frozen=True)
class Option:
    """One setting of the 'Advanced' part: its bounds hold in the form, the API and the command line alike."""

    name: str
    kind: type  # int, float, bool or str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    explain: str = ""  # one line, translatable
    heads: tuple[str, ...] = ()  # that know it; empty: all

    def fits(self, head: str) -> bool:
        return not self.heads or head in self.heads


def _(text: str) -> str:
    """Marks a text for translation by the site."""
    return text


READING = ("sequence", "token", "relation", "span")  # heads over an encoder
# None as a value means: chosen by effort, base and data. Shown in this order.
OPTIONS: dict[str, Option] = {
    option.name: option
    for option in (
        Option("epochs", int, 1, 50, explain=_("How often the model sees every training row.")),
        Option(
            "learning_rate", float, 1e-7, 1e-2, explain=_("Size of a step for the pretrained part.")
        ),
        Option(
            "head_learning_rate",
            float,
            1e-6,
            1e-1,
            explain=_("Size of a step for the new head."),
            heads=READING,
        ),
        Option("batch_size", int, 1, 512, explain=_("Rows in one training step.")),
        Option(
            "max_length", int, 8, 8192, explain=_("Longest text in tokens; what is longer is cut.")
        ),
        Option(
            "warmup",
            float,
            0,
            0.5,
            explain=_("Share of the steps in which the learning rate rises."),
        ),
        Option("weight_decay", float, 0, 1, explain=_("Pull of the weights towards zero.")),
        Option(
            "dropout",
            float,
            0,
            0.9,
            explain=_("Share of the head's inputs that are left out at random."),
            heads=READING,
        ),
        Option(
            "clip",
            float,
            0.01,
            100,
            explain=_("Longest gradient; longer ones are shortened to it."),
        ),
        Option(
            "schedule",
            str,
            choices=("linear", "cosine", "constant"),
            explain=_("How the learning rate falls after warm-up."),
        ),
        Option(
            "patience",
            int,
            1,
            50,
            explain=_(
                "Epochs without a better validation score before training stops; never before half of all "
                "epochs while nothing is better than the start."
            ),
        ),
        Option(
            "probe_head",
            bool,
            explain=_("Start the head from a linear model over the base's own vectors."),
            heads=("sequence", "relation"),
        ),
        Option(
            "long_text",
            str,
            choices=("auto", "head", "head_tail", "windows"),
            explain=_(
                "What is read of a text that is too long: its beginning, both ends, or all in windows."
            ),
            heads=("sequence",),
        ),
        Option(
            "class_weights",
            bool,
            explain=_("Count rows of rare labels more."),
            heads=("sequence", "relation"),
        ),
        Option(
            "matching",
            str,
            choices=("auto", "cross", "bi"),
            explain=_(
                "Read two texts together (for many rows), or each by itself (for few rows, and long lists)."
            ),
            heads=("pair",),
        ),
        Option(
            "method",
            str,
            choices=("auto", "lora", "full"),
            explain=_("Train few weights beside the base (LoRA), or all of them."),
            heads=("text",),
        ),
        Option("rank", int, 1, 256, explain=_("Size of the LoRA adapter."), heads=("text",)),
        Option(
            "alpha", int, 1, 512, explain=_("How much the LoRA adapter counts."), heads=("text",)
        ),
        Option(
            "max_new_tokens",
            int,
            1,
            2048,
            explain=_("Longest text that the model writes, in tokens."),
            heads=("text",),
        ),
        Option(
            "packing",
            bool,
            explain=_(
                "Put several short rows into one row of tokens. For a GPU and many short rows."
            ),
            heads=("text",),
        ),
        Option(
            "tested",
            int,
            10,
            100_000,
            explain=_("Test rows that are answered in writing; the loss is measured on more."),
            heads=("text",),
        ),
        Option(
            "precision",
            str,
            choices=("auto", "fp32", "bf16"),
            explain=_("Number format while training."),
        ),
    )
}


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
    effort: str = "balanced"
    seed: int = 13
    settings: Mapping[str, Any] = field(default_factory=dict)  # names of OPTIONS
    search: Mapping[str, Any] = field(
        default_factory=dict
    )  # of better settings; see training.budget

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
    return replace(spec, settings=check_settings(spec.settings), search=budget.check(spec.search))


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
