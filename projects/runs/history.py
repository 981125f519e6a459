"""What has happened to a run, in words, and the last lines of its process: for those who may train.

The lines are shown without the places of this machine and without anything that looks like a secret.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from projects.jobs.launcher import STDERR, TAIL
from projects.runs import folders
from projects.runs.models import Run, RunEvent, Status
from projects.runs.selectors import STAGE_TITLES
from training.problems import TABLE
from web.errors import words

KINDS = ("status", "stage", "note", "saved", "verified")
SHOWN = 200  # of the newest
REASONS = {
    "lost": gettext_lazy("its worker was lost"),
    "killed": gettext_lazy("its process was killed; it goes on where it was"),
    "memory": gettext_lazy("the machine ran out of memory; it goes on with fewer rows at once"),
    "shutdown": gettext_lazy("the site was stopped; it goes on at the next start"),
    "operator": gettext_lazy("an operator of the site has put it back"),
    "place": gettext_lazy("there is a place in the plan"),
    "slots": gettext_lazy("no device was free for it"),
}
HIDDEN = "[…]"
_PATH = re.compile(r"(?<![\w.:/@-])~?/(?:[\w.@+-]+/)+([\w.@+-]*)")
_NAMED = re.compile(
    r"(?i)\b([\w-]*(?:secret|token|passw(?:or)?d|api[_-]?key|authorization|credential)[\w-]*)"
    r"([\"']?\s*[:=]\s*)(?:bearer\s+|basic\s+)?[\"']?[^\s\"',;)}]+"
)
_SHAPES = re.compile(
    r"\b(?:att_|hf_|whsec_|sk_live_|sk_test_|ghp_|glpat-|AKIA)[\w+/=-]{8,}|(?i:bearer)\s+[\w.+/=-]{8,}"
    r"|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]+"
)
_LOGIN = re.compile(r"(\w+://)[^\s/@:]+(?::[^\s/@]*)?@")


@dataclass(frozen=True)
class Line:
    at: datetime
    attempt: int
    text: str


def history(run: Run) -> list[Line]:
    """In order; of a long one the newest."""
    events = RunEvent.objects.filter(run=run, kind__in=KINDS).order_by("-seq")[:SHOWN]
    lines = (Line(event.at, event.attempt, _words(event.kind, event.data)) for event in events)
    return [line for line in lines if line.text][::-1]


def _words(kind: str, data: dict[str, Any]) -> str:
    if kind == "status":
        return _moved(str(data.get("status")), str(data.get("reason") or ""))
    if kind == "stage":
        return str(STAGE_TITLES.get(str(data.get("name")), ""))
    if kind == "note" and data.get("code") in TABLE:
        said = words(str(data["code"]), dict(data.get("values") or {}))
        return f"{said['title']}. {said['found']}"
    if kind == "saved":
        return _("The model is saved")
    return _("Loaded again, it answers as before") if data.get("labels_equal") else ""


def _moved(status: str, reason: str) -> str:
    name = str(Status(status).label) if status in Status.values else status
    why = REASONS.get(reason) or (_("a person wanted it") if reason.startswith("user:") else "")
    return f"{name}: {why}" if why else name


def tail(run: Run) -> str:
    """The last of what the newest attempt's process wrote to its standard error."""
    path = folders.of_attempt(run) / STDERR
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return scrubbed(_last_of_each_line(text))


def _last_of_each_line(text: str) -> str:
    """A bar of progress writes its line again and again, with a return in between."""
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n")).strip()


def scrubbed(text: str) -> str:
    """Without places of this machine (the last part of a path stays), names in addresses, and secrets."""
    for known in _known():
        text = text.replace(known, HIDDEN)
    text = _LOGIN.sub(rf"\1{HIDDEN}@", text)
    text = _SHAPES.sub(HIDDEN, _NAMED.sub(rf"\1\2{HIDDEN}", text))
    return _PATH.sub(r"…/\1", text)


def _known() -> list[str]:
    """Secrets of this site by their very letters. A process that trains has none; should it, they don't show."""
    password = str(settings.DATABASES["default"].get("PASSWORD") or "")
    mail = str(getattr(settings, "EMAIL_HOST_PASSWORD", "") or "")
    return [one for one in (settings.SECRET_KEY, password, mail) if len(one) >= 6]
