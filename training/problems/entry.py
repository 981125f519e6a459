"""What the table of problems is made of."""

from __future__ import annotations

from dataclasses import dataclass


def gettext_noop(text: str) -> str:
    """Marks a text for translation by the site; this package knows no Django."""
    return text


BLOCKING, RED, AMBER, INFO = "blocking", "red", "amber", "info"


@dataclass(frozen=True)
class Entry:
    """Severity is of a finding in data; a raised Problem always stops what was asked for."""

    severity: str
    title: str
    expected: str
    found: str
    remedy: str
