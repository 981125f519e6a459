"""The one table of what can be wrong on the user's side: what was expected, what was found, what to do.

`Problem(code, **values)` is theirs (data, a choice, no memory for this size). Anything else that is raised is ours.
Texts are templates over the values; the site translates the template, then fills it.
"""

from __future__ import annotations

from typing import Any

from training.problems import (
    bills,
    drafts,
    files,
    machine,
    marks,
    model,
    people,
    plans,
    pools,
    resuming,
    rows,
    runs,
    site,
)
from training.problems.entry import AMBER, BLOCKING, INFO, RED, Entry

__all__ = ["AMBER", "BLOCKING", "INFO", "RED", "TABLE", "Entry", "Problem", "fill"]

TABLE: dict[str, Entry] = {
    **site.ENTRIES,
    **files.ENTRIES,
    **rows.ENTRIES,
    **marks.ENTRIES,
    **model.ENTRIES,
    **runs.ENTRIES,
    **machine.ENTRIES,
    **pools.ENTRIES,
    **resuming.ENTRIES,
    **drafts.ENTRIES,
    **bills.ENTRIES,
    **plans.ENTRIES,
    **people.ENTRIES,
}


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
