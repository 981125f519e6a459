"""What an operator can switch off while the site runs. The code that has a switch asks here; who keeps them says so.

The names stand here, since every part may ask; the rows lie above (projects.portal), which registers how to read them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from training.problems import Problem

FRESH = 3.0  # seconds for which a process believes what it has read


@dataclass(frozen=True)
class Switch:
    title: Any
    help: Any


@dataclass(frozen=True)
class State:
    """`message` is the operator's, by language; what people see where they are refused."""

    on: bool = True
    message: Mapping[str, str] | None = None


SWITCHES: dict[str, Switch] = {
    "runs": Switch(
        gettext_lazy("New runs"),
        gettext_lazy("Off: no run can be started. Those that wait or train go on."),
    ),
    "uploads": Switch(
        gettext_lazy("New data"),
        gettext_lazy("Off: no file is taken. Labelling and what is there go on."),
    ),
    "sign_up": Switch(
        gettext_lazy("Sign-up"),
        gettext_lazy("Off: nobody can make an account, as with ATTUNE_SIGN_UP=0."),
    ),
    "public_tries": Switch(
        gettext_lazy("Models tried by the public"),
        gettext_lazy("Off: the demo and shared models are shown, and cannot be asked."),
    ),
    "tips": Switch(
        gettext_lazy("Mail to newcomers"),
        gettext_lazy("Off: no welcome, no congratulation, no reminder is sent."),
    ),
    "take-train-cpu": Switch(
        gettext_lazy("Workers on processors take runs"),
        gettext_lazy("Off: they finish what they have and take nothing new (drain)."),
    ),
    "take-train-gpu": Switch(
        gettext_lazy("Workers on GPUs take runs"),
        gettext_lazy("Off: they finish what they have and take nothing new (drain)."),
    ),
    "take-draft": Switch(
        gettext_lazy("Workers of drafts take runs"),
        gettext_lazy("Off: they finish what they have and take nothing new (drain)."),
    ),
}

Reader = Callable[[], Mapping[str, State]]


class _Kept:
    """What was read last in this process, and when."""

    reader: Reader | None = None
    states: Mapping[str, State] = {}
    at = float("-inf")


def register(reader: Reader) -> None:
    """`reader()` gives the state of every switch that is not as it was delivered, which is on."""
    _Kept.reader = reader
    forget()


def forget() -> None:
    """The next question reads anew: something was switched, here."""
    _Kept.at = float("-inf")


def state(name: str) -> State:
    if name not in SWITCHES:
        raise KeyError(name)
    now = time.monotonic()
    if now - _Kept.at > FRESH and _Kept.reader:
        _Kept.states, _Kept.at = _Kept.reader(), now
    return _Kept.states.get(name) or State()


def is_on(name: str) -> bool:
    return state(name).on


def message_of(name: str) -> str:
    """The operator's words in the reader's language, or in the other one; a plain sentence where there are none."""
    words = state(name).message or {}
    language = "zh" if (get_language() or "").startswith("zh") else "en"
    return words.get(language) or words.get("en") or words.get("zh") or _("No reason was given.")


def require(name: str) -> None:
    """Raises Problem(`site.paused`)."""
    if not is_on(name):
        title = str(SWITCHES[name].title)
        raise Problem("site.paused", what=title, message=message_of(name))
