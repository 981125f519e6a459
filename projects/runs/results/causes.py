"""Why a model may be worse than a simple method: what is known of its data and of its training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from projects.runs.results.shape import Result
from web.errors import words

MOST = 3
# Findings of the check and of the health report, those first that most often explain it.
TELLING = (
    "label.contradictory",
    "label.suspect",
    "base.language",
    "label.single",
    "label.few",
    "label.thin",
    "data.small",
    "label.skewed",
    "data.truncated",
    "leak.exact",
    "base.language_partly",
    "label.alike",
    "label.uneven",
)


def causes(result: Result, findings: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """At most MOST likely ones: {"title", "remedy"}. [] where the model is not worse than the simple baseline."""
    verdict = result.details.get("verdict") or {}
    if verdict.get("code") != "worse":
        return []
    known = {str(item.get("code")): item for item in findings}
    found = [_told(known[code]) for code in TELLING if code in known]
    if _rising(result.details):  # at once: what comes first is a matter of the data
        found.insert(min(len(found), MOST - 1), _short())
    return found[:MOST]


def _told(finding: Mapping[str, Any]) -> dict[str, str]:
    values = dict(finding.get("values") or {}) | {"count": finding.get("count", 0)}
    texts = words(str(finding["code"]), values)
    return {"title": texts["title"], "remedy": texts["remedy"]}


def _rising(details: Mapping[str, Any]) -> bool:
    """Whether training ended while each epoch was still the best."""
    run = details.get("epochs_run") or 0
    return bool(run) and run == details.get("best_epoch")


def _short() -> dict[str, str]:
    return {
        "title": _("Too few epochs"),
        "remedy": _(
            "The last epoch was the best one: choose a longer effort, or more epochs under “Advanced”."
        ),
    }
