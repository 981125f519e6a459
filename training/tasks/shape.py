"""What a task is: data and functions, no torch. Every file here ends in `TASK = Task(…)`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

BETWEEN = "\n"  # between the names of several columns that play one role; no column name holds it


def _(text: str) -> str:
    """Marks a text for translation by the site."""
    return text


@dataclass(frozen=True)
class Column:
    """A role that a column of the user's file can play."""

    role: str
    title: str  # translatable
    help: str
    required: bool = True
    # Lower-case header names that are taken for this role without asking.
    guesses: tuple[str, ...] = ()
    several: bool = False  # several columns may play it
    # Each of them, or each item of a JSON list in one, is a text; a version holds a JSON list. A file may lack them.
    listed: bool = False


# Roles that every task has besides its own; none is required, and their columns stay among the user's own.
COMMON: tuple[Column, ...] = (
    Column(
        "id",
        _("Id"),
        _("A name of your own for each row; it comes back in every download."),
        required=False,
    ),
    Column(
        "group",
        _("Group"),
        _("Rows of one group (a customer, a document) stay on one side of the split."),
        required=False,
    ),
    Column(
        "date",
        _("Date"),
        _("Needed to split by time: the newest rows test the model."),
        required=False,
    ),
    Column(
        "split",
        _("Split"),
        _("Says for each row whether it is for training, validation or test."),
        required=False,
        guesses=("split", "ml_use", "partition", "subset"),
    ),
)


class Flaw(NamedTuple):
    """What is wrong with one row; `values` fill the texts of problems.TABLE[code]."""

    code: str
    role: str
    value: str = ""
    values: Mapping[str, Any] = {}


class Parsed(NamedTuple):
    """One row as its task understands it. A row with a flaw that leaves nothing to learn from has no `key`."""

    values: tuple[str, ...]  # canonical, in the order of the variant's `keeps`
    key: str  # what the model reads: two rows with one key are copies of each other
    labels: tuple[str, ...] = ()  # the classes that the row counts for
    answer: str | None = None  # what copies should agree on; None: they may differ
    flaws: tuple[Flaw, ...] = ()


@dataclass(frozen=True)
class Row:
    """One row of data: `values` by role, and the place in the user's file that it came from."""

    row: int  # id within the version: 0, 1, 2 …
    file: str
    line: int  # 1-based line of the file on which the row begins
    values: Mapping[str, str]


def nothing(*_: Any) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Learner:
    """How a model is made of a variant's rows and judged: functions of plain data.

    `results` are what `training.coding.<head>.results` gives, one item a row; `about` is what attune.json will say.
    """

    head: str  # a name of training.heads.HEADS: all that backbone needs to know
    objective: str = ""  # what the head's numbers mean, where it knows several meanings
    inputs: tuple[str, ...]  # the roles that a prediction is made from
    optional: tuple[str, ...] = ()  # those of them without which one can be made as well
    # training rows -> the list of labels, sorted; [] for data without labels
    labels: Callable[[Sequence[Row]], list[str]] = lambda rows: []
    # training rows -> what else the head has to know (the range of scores, a scheme of tags …)
    about: Callable[[Sequence[Row]], dict[str, Any]] = nothing
    # (rows, pieces, about): puts into the pieces what the network should answer
    teach: Callable[[Sequence[Row], Sequence[dict[str, Any]], Mapping[str, Any]], Any] = nothing
    # (validation rows, results, about) -> additions to `about` that are chosen on validation, such as thresholds
    tune: Callable[[Sequence[Row], Any, Mapping[str, Any]], dict[str, Any]] = nothing
    # (rows, results, about) -> metrics as in the report
    score: Callable[[Sequence[Row], Any, Mapping[str, Any]], dict[str, Any]]
    # (rows, results, about) -> how good each answer is, 0 to 1: an array of shape (rows,)
    hits: Callable[[Sequence[Row], Any, Mapping[str, Any]], Any]
    measure: str = "accuracy"  # what `hits` are called
    # (training rows, test rows, about, seed) -> results of the simple baselines by name, for the test rows
    simple: Callable[[Sequence[Row], Sequence[Row], Mapping[str, Any], int], dict[str, Any]]
    # (test rows, what reads records into `results`, about) -> metrics that need more answers than those to the rows
    search: Callable[[Sequence[Row], Callable[..., Any], Mapping[str, Any]], dict[str, Any]] = (
        nothing
    )
    # figures of an epoch, in the order in which they are shown: name -> path within the metrics
    summary: Mapping[str, str]
    main: str  # the one of them by which the best epoch is chosen
    # (row, answer) -> (what was read, what should be answered, what was), as texts for a table
    shown: Callable[[Row, Mapping[str, Any]], tuple[str, str, str]]
    # test row -> the row with what is to be written for it, where a row asks for more than one thing
    asks: Callable[[Row], Row] = lambda row: row

    def figures(self, metrics: Mapping[str, Any]) -> dict[str, float]:
        """Of an epoch; {} without rows."""
        return {name: picked(metrics, path) for name, path in self.summary.items()}


def picked(metrics: Mapping[str, Any], path: str) -> float:
    """metrics["a"]["b"] of "a.b"."""
    found: Any = metrics
    for name in path.split("."):
        found = found[name]
    return float(found)


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One way in which a task's data is given. Exactly one of `key` and `parse` says what a row is."""

    name: str
    title: str  # translatable
    needs: tuple[str, ...]  # roles without which there is no such data
    keeps: tuple[str, ...]  # roles that a version holds
    example: tuple[str, ...]  # a row of such a file: what stands in the columns of `needs`
    # Rows that are kept as they stand: the roles that make their key, and the one that is their only label.
    key: tuple[str, ...] = ()
    label: str = ""
    target: str = ""  # instead of a label: what is written for the key; copies may differ in it
    # Rows that have to be understood: values of all the task's roles, by role ("" for one that is not mapped).
    parse: Callable[[Mapping[str, str]], Parsed] | None = None
    least: int = 0  # labels with two rows each that there must be to learn anything
    stored: str = ""  # the variant that a version of it is; empty: itself
    may: tuple[
        str, ...
    ] = ()  # listed roles that a version holds as well, where columns are named for them
    learner: Learner | None = None  # how models are made of it; None: they cannot be
    also: Mapping[str, Learner] = field(default_factory=dict)  # others, by the value of `matching`
    # (training rows, labels, whether the base was made to compare texts) -> the value of `matching` that is taken
    # where it is left to us
    usual: Callable[[int, int, bool], str] = lambda rows, labels, compares: ""

    def chosen(self, settings: Mapping[str, Any]) -> Learner | None:
        """The learner that a run with these settings has."""
        return self.also.get(str(settings.get("matching") or ""), self.learner)

    def settled(
        self, settings: Mapping[str, Any], rows: Sequence[Row], compares: bool
    ) -> dict[str, Any]:
        """The settings with a choice where one was left to us."""
        if not self.also or settings.get("matching") not in (None, "", "auto"):
            return dict(settings)
        labels = len({row.values[self.label] for row in rows}) if self.label else 0
        return {**settings, "matching": self.usual(len(rows), labels, compares)}

    def drafted(self, settings: Mapping[str, Any], rows: Sequence[Row]) -> dict[str, Any]:
        """As `settled`, for a draft: two vectors say more of two texts than one, where a cosine can be an answer."""
        if not self.also or settings.get("matching") not in (None, "", "auto"):
            return dict(settings)
        labels = {row.values[self.label] for row in rows} if self.label else {0, 1}
        return {**settings, "matching": "bi" if len(labels) == 2 else "cross"}

    def of_head(self, head: str) -> Learner | None:
        """The learner that made a model with this head."""
        made = (learner for learner in self.also.values() if learner.head == head)
        return next(made, self.learner)

    @property
    def doubtful(self) -> bool:
        """Whether rows are one text with one label: only of those are likely label errors looked for."""
        return bool(self.label) and len(self.key) == 1


@dataclass(frozen=True, kw_only=True)
class Task:
    """The data side: which columns there are, what a row means, and how it is counted."""

    name: str
    title: str
    description: str
    icon: str  # a lucide name
    columns: tuple[Column, ...]
    variants: tuple[Variant, ...]  # the first whose needs are met is taken
    # (the first rows' values by role, the variant that the roles suggest) -> the variant
    infer: Callable[[Sequence[Mapping[str, str]], str], str] = lambda rows, suggested: suggested
    text_role: str = "text"  # what a finding about a text names
    beside: tuple[str, ...] = ()  # roles of texts that are read together with that one
    label_role: str = "label"

    @property
    def available(self) -> bool:
        """Whether models can be trained for it; the data side is there for every task."""
        return any(variant.learner for variant in self.variants)

    @property
    def roles(self) -> tuple[str, ...]:
        return tuple(column.role for column in self.columns)

    def variant(self, name: str) -> Variant:
        """By its name; the first one for a name that there is not."""
        return next((item for item in self.variants if item.name == name), self.variants[0])

    def suggested(self, roles: Mapping[str, str]) -> Variant | None:
        """The first variant for which these roles are enough."""
        return next(
            (item for item in self.variants if all(roles.get(role) for role in item.needs)), None
        )


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def read_plain(variant: Variant, values: Mapping[str, str]) -> Parsed:
    """A row of a variant with a `key`, as the scan reads whole columns of them."""
    flaws = [
        Flaw("data.empty_text", role, values[variant.keeps[-1]])
        for role in variant.key
        if not values[role].strip()
    ]
    answer = variant.label or variant.target
    kept = tuple(values[role] for role in variant.keeps)
    if answer and not values[answer].strip():
        flaws.append(Flaw("label.empty", answer, values[variant.key[0]]))
    if flaws:
        return Parsed(kept, "", flaws=tuple(flaws))
    key = "\x1f".join(values[role] for role in variant.key)
    labels = (values[variant.label],) if variant.label else ()
    return Parsed(kept, key, labels, values[answer] if answer else None)
