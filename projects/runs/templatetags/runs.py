"""Filters for the pages of runs."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from projects.datasets.editors import titles
from projects.datasets.findings import called
from projects.runs import planning
from projects.runs.names import figure, figure_value, setting_title, setting_value
from projects.runs.results.shape import value_at
from training.tasks import TASKS
from web.templatetags.attune import DASH

register = template.Library()
register.filter(setting_title)
register.filter(setting_value)
register.filter("finding_called", called)
register.filter(figure)
register.filter(figure_value)
register.filter(value_at)
register.filter("base_title", planning.title)
ROLES = {role: title for task in TASKS.values() for role, title in titles(task).items()}


@register.filter
def role_title(role: str) -> str:
    return _(ROLES.get(role, role))


@register.filter
def signed(value: float | None) -> str:
    """A difference with its sign: 6.1 -> +6.1."""
    if value is None:
        return DASH
    shown = round(value, 1)
    sign = "" if shown == 0 else ("+" if shown > 0 else "−")
    return f"{sign}{number_format(abs(shown), 1)}"


@register.filter
def about(seconds: float | None) -> str:
    """An estimate, no finer than it is true: 47 -> under a minute, 200 -> about 3 min, 9000 -> about 2.5 h."""
    if seconds is None:
        return ""
    if seconds < 60:
        return _("under a minute")
    if seconds < 5400:
        return _("about %(minutes)s min") % {"minutes": number_format(round(seconds / 60))}
    return _("about %(hours)s h") % {"hours": number_format(round(seconds / 3600, 1), 1)}


@register.filter
def between(estimate: Any) -> str:
    """The interval of an estimate in whole minutes: 2–5 min."""
    low, high = int(estimate.low // 60), max(1, round(estimate.high / 60 + 0.49))
    if low < 1:
        return _("at most %(high)s min") % {"high": number_format(high)}
    return _("%(low)s–%(high)s min") % {"low": number_format(low), "high": number_format(high)}


@register.filter
def tiny(difference: float) -> str:
    """A difference between two probabilities: 3e-9 -> less than 0.000001."""
    if difference < 1e-6:
        return _("less than %(number)s") % {"number": number_format(0.000001, 6)}
    return _("at most %(number)s") % {"number": number_format(difference, 6)}
