"""Where the lines are between green, amber, red and blocked: the one table, which the documentation shows too."""

from __future__ import annotations

from dataclasses import dataclass


def _(text: str) -> str:
    """Marks a text for translation by the site."""
    return text


@dataclass(frozen=True)
class Gate:
    """`color` is what the data is at best once the line is crossed; `rule` says what crosses it, with {limit}."""

    limit: float
    color: str  # blocked, red, amber or green
    rule: str  # translatable
    codes: tuple[str, ...]  # the findings that tell of it


GATES: dict[str, Gate] = {
    "labels_least": Gate(
        2, "blocked", _("Fewer than {limit} labels with two rows each."), ("label.classes",)
    ),
    "labels_most": Gate(1000, "blocked", _("More than {limit} labels."), ("label.too_many",)),
    "label_rows_red": Gate(
        10, "red", _("A label with fewer than {limit} rows."), ("label.single", "label.few")
    ),
    "label_rows_amber": Gate(
        20, "amber", _("A label with fewer than {limit} rows."), ("label.thin",)
    ),
    "label_rows_green": Gate(
        50, "green", _("A label with fewer than {limit} rows is mentioned."), ("label.modest",)
    ),
    "ratio_red": Gate(
        100, "red", _("The largest label is over {limit} times the smallest."), ("label.skewed",)
    ),
    "ratio_amber": Gate(
        10, "amber", _("The largest label is over {limit} times the smallest."), ("label.uneven",)
    ),
    "leaks_red": Gate(
        0,
        "red",
        _("More than {limit} validation or test texts that stand in the training rows too."),
        ("leak.exact", "leak.near"),
    ),
    "contradictions_red": Gate(
        0, "red", _("More than {limit} texts under different labels."), ("label.contradictory",)
    ),
    "truncated_red": Gate(
        20,
        "red",
        _("Over {limit} per cent of the texts are longer than is read."),
        ("data.truncated",),
    ),
    "truncated_amber": Gate(
        0, "amber", _("Over {limit} per cent of the texts are longer than is read."), ("data.long",)
    ),
    "share_points": Gate(
        5,
        "amber",
        _("A label's share differs by over {limit} points between two splits."),
        ("split.shares",),
    ),
    "rows_red": Gate(20, "red", _("Fewer than {limit} rows."), ("data.small",)),
}
# Bounds that are no gates.
LABEL_CHARACTERS = 200
TEXT_TOKENS = 512


def limit(name: str) -> int:
    return int(GATES[name].limit)
