"""News in words, in the language of whoever reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from notify.kinds import KINDS
from training.problems import fill
from web.errors import words
from web.templatetags.attune import duration


@dataclass(frozen=True)
class Told:
    title: str
    text: str


def told(kind: str, values: Mapping[str, Any]) -> Told:
    """The words of some news, in the language of the moment."""
    known = KINDS[kind]
    spoken = dict(values)
    if "seconds" in spoken:
        spoken["duration"] = duration(spoken["seconds"])
    if "meter" in spoken:
        spoken["meter"] = _(METERS.get(spoken["meter"], spoken["meter"]))
    for speak in _SPEAKERS:
        spoken |= speak(known.topic, values)
    text = fill(_(known.text), spoken) if known.text else _cause(values)
    return Told(fill(_(known.title), spoken), text)


# Turns values of a topic into words of the reader's language, such as amounts of money: the parts above know how.
Speak = Callable[[str, Mapping[str, Any]], dict[str, str]]
_SPEAKERS: list[Speak] = []


def also_speak(speak: Speak) -> None:
    """`speak(topic, values)` gives what else fills the words of news. Called in an app's ready()."""
    if speak not in _SPEAKERS:
        _SPEAKERS.append(speak)


# As the page of the plan calls them; its words stand in billing, which is above.
METERS = {
    "storage": gettext_noop("Storage"),
    "minutes": gettext_noop("Training minutes this month"),
    "gpu_minutes": gettext_noop("GPU minutes this month"),
    "predictions": gettext_noop("Predictions this month"),
    "tokens": gettext_noop("Tokens this month"),
    "projects": gettext_noop("Projects"),
}


def _cause(values: Mapping[str, Any]) -> str:
    """Why it failed and what to do, from the table of problems; what is ours has a number to quote."""
    problem = values.get("problem") or {}
    if problem.get("code"):
        found = words(str(problem["code"]), dict(problem.get("values") or {}))
        return f"{found['title']}. {found['found']} {found['remedy']}"
    if problem.get("incident"):
        said = _("Something failed on our side. Quote incident {incident} to the operator.")
        return fill(said, problem)
    return ""
