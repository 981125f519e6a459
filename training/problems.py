"""The one table of what can be wrong on the user's side: what was expected, what was found, what to do.

`Problem(code, **values)` is theirs (data, a choice, no memory for this size). Anything else that is raised is ours.
Texts are templates over the values; the site translates the template, then fills it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


def gettext_noop(text: str) -> str:
    """Marks a text for translation by the site; this package knows no Django."""
    return text


_ = gettext_noop

BLOCKING, RED, AMBER, INFO = "blocking", "red", "amber", "info"


@dataclass(frozen=True)
class Entry:
    """Severity is of a finding in data; a raised Problem always stops what was asked for."""

    severity: str
    title: str
    expected: str
    found: str
    remedy: str


class Problem(Exception):
    """A fault on the user's side. `values` fill the texts of TABLE[code] and are plain JSON."""

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code)
        self.code = code
        self.values = values

    def __str__(self) -> str:
        entry = TABLE[self.code]
        return f"{fill(entry.found, self.values)} {fill(entry.remedy, self.values)}"


class _Lenient(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"


def fill(template: str, values: dict[str, Any]) -> str:
    """The text with its values; a value that is missing shows as '…' rather than hiding the message."""
    return template.format_map(_Lenient(values))


TABLE: dict[str, Entry] = {
    # --- choices -------------------------------------------------------------------------------------------------
    "spec.unknown": Entry(
        BLOCKING,
        _("Unknown setting"),
        _("One of: {known}."),
        _("“{field}” is not a setting."),
        _("Remove it or correct its name."),
    ),
    "spec.choice": Entry(
        BLOCKING,
        _("Not one of the choices"),
        _("{field} is one of: {choices}."),
        _("{field} is “{value}”."),
        _("Choose one of: {choices}."),
    ),
    "spec.range": Entry(
        BLOCKING,
        _("Out of range"),
        _("{field} lies between {low} and {high}."),
        _("{field} is “{value}”."),
        _("Enter a number between {low} and {high}."),
    ),
}
