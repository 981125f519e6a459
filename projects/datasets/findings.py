"""Findings and problems of data in words, for pages and for the API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext, gettext_noop

from projects.templatetags.projects import split_title
from training.validation.personal import KINDS
from web.errors import words

OPEN_UP_TO = 5  # places that are shown without being asked for

ORDER = ("blocking", "red", "amber", "info")
# severity -> (title, tone of the badge, lucide icon)
LOOKS = {
    "blocking": (gettext_noop("Must be mended"), "bad", "octagon-x"),
    "red": (gettext_noop("Should be mended"), "bad", "triangle-alert"),
    "amber": (gettext_noop("Worth a look"), "warn", "triangle-alert"),
    "info": (gettext_noop("Good to know"), "info", "info"),
}


@dataclass(frozen=True)
class Said:
    """One finding: title, expected, found, remedy; `places` are the first of `count`."""

    code: str
    severity: str
    count: int
    words: Mapping[str, str]
    places: list[Mapping[str, Any]]
    # What the health page adds; see `diagnosis`.
    name: str = ""
    why: str = ""
    offers: tuple[Any, ...] = ()  # of remedies.Offer, the default first
    ignored: Mapping[str, Any] | None = None  # {"name", "by", "at"}

    @property
    def open(self) -> bool:
        return len(self.places) <= OPEN_UP_TO

    @property
    def more(self) -> int:
        return max(0, self.count - len(self.places))


@dataclass(frozen=True)
class Group:
    severity: str
    title: str
    tone: str
    icon: str
    items: list[Said]


def said(finding: Mapping[str, Any]) -> Said:
    count = finding.get("count", 0)
    return Said(
        code=finding["code"],
        severity=finding["severity"],
        count=count,
        words=words(finding["code"], {**(finding.get("values") or {}), "count": count}),
        places=list(finding.get("places") or ()),
    )


def groups_of(findings: Iterable[Mapping[str, Any]]) -> list[Group]:
    """By severity, the gravest first."""
    return grouped(said(finding) for finding in findings)


def grouped(items: Iterable[Said]) -> list[Group]:
    items = list(items)
    found = [(name, [item for item in items if item.severity == name]) for name in ORDER]
    return [Group(name, *LOOKS[name], items=of) for name, of in found if of]


def called(name: str) -> str:
    """A finding's name in words; of `leak.exact:test-train` the title, and what tells several of one code apart."""
    code, _colon, key = name.partition(":")
    title = words(code, {})["title"]
    return f"{title} · {_key(key)}" if key else title


def _key(key: str) -> str:
    """A kind of personal data, a split, or of which split in which other one."""
    if key in KINDS:
        return gettext(KINDS[key])
    mine, dash, theirs = (split_title(part) for part in key.partition("-"))
    if not dash:
        return mine
    return gettext("%(split)s (also in %(other)s)") % {"split": mine, "other": theirs}


def said_problem(problem: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Words of an import's problem; {"incident": id} when it was ours."""
    if not problem:
        return None
    if "incident" in problem:
        return {"incident": problem["incident"]}
    return {"code": problem["code"], **words(problem["code"], problem["values"])}
