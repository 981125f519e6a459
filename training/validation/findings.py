"""What a check found: a code of the problem table, how often, and where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from training.problems import AMBER, BLOCKING, INFO, RED, TABLE

MAX_PLACES = 100
# What the fast part estimates and the deep part measures.
_TWICE = {"base.language", "base.language_partly", "data.truncated", "data.long"}
_ORDER = {BLOCKING: 0, RED: 1, AMBER: 2, INFO: 3}


@dataclass(frozen=True)
class Place:
    """`line` is the 1-based line of the user's file on which the row begins, 0 for the file as a whole."""

    file: str
    line: int
    column: str = ""
    value: str = ""


@dataclass(frozen=True)
class Finding:
    """`count` is the full number; `places` are the first MAX_PLACES. `values` fill the texts of TABLE[code]."""

    code: str
    severity: str
    count: int
    places: tuple[Place, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Findings:
    """Collects while the rows stream by; one finding for each code (and `key`, where one code has several)."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], int] = {}
        self._places: dict[tuple[str, str], list[Place]] = {}
        self._values: dict[tuple[str, str], dict[str, Any]] = {}

    def add(
        self, code: str, place: Place | None = None, *, count: int = 1, key: str = "", **values: Any
    ) -> None:
        """Counts a fault; the values of the first one with this code and key stand for all."""
        name = (code, key)
        if name not in self._counts:
            self._counts[name], self._places[name], self._values[name] = 0, [], values
        self._counts[name] += count
        if place and len(self._places[name]) < MAX_PLACES:
            self._places[name].append(place)

    def has(self, code: str) -> bool:
        return any(name == code for name, _ in self._counts)

    def all(self) -> list[Finding]:
        """The worst first."""
        found = [
            Finding(
                name[0],
                TABLE[name[0]].severity,
                count,
                tuple(self._places[name]),
                self._values[name],
            )
            for name, count in self._counts.items()
        ]
        return ordered(found)


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda item: _ORDER[item.severity])


def gate(findings: Iterable[Finding]) -> str:
    """`blocked`, `red`, `amber` or `green`: the worst of all."""
    worst = min((_ORDER[item.severity] for item in findings), default=3)
    return ("blocked", "red", "amber", "green")[worst]


def merged(
    fast: Iterable[Mapping[str, Any]], deep: Iterable[Mapping[str, Any]]
) -> tuple[Mapping[str, Any], ...]:
    """Findings of both parts of a report as dicts, the worst first; what both tell is told by the deep one."""
    late = list(deep)
    told = {finding["code"] for finding in late if finding["code"] in _TWICE}
    every = [finding for finding in fast if finding["code"] not in told] + late
    return tuple(sorted(every, key=lambda item: _ORDER[item["severity"]]))


def gate_of(findings: Iterable[Mapping[str, Any]]) -> str:
    """As `gate`, of dicts."""
    worst = min((_ORDER[item["severity"]] for item in findings), default=3)
    return ("blocked", "red", "amber", "green")[worst]
