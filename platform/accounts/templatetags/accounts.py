"""What templates ask of people and workspaces."""

from __future__ import annotations

from typing import Any

from django import template

from accounts.access import Action, allowed, permits
from accounts.models import Workspace
from accounts.tabs import tabs_for

register = template.Library()


@register.inclusion_tag("accounts/_settings_tabs.html", takes_context=True)
def settings_tabs(context: Any, workspace: Workspace, here: str) -> dict[str, Any]:
    """The tabs of a workspace's settings; `here` is the name of the one that is shown."""
    return {"tabs": tabs_for(context["request"].user, workspace), "here": here}


@register.simple_tag(takes_context=True)
def may(context: Any, action: str, workspace: Workspace) -> bool:
    """Whether whoever looks at the page may do `action` (a name of accounts.access.Action) in the workspace."""
    return allowed(context["request"].user, workspace, Action(action))


@register.filter
def may_do(role: str | None, action: str) -> bool:
    """Whether somebody in this role may do `action`; where the role is known already."""
    return permits(role, Action(action))


BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    *(("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad")),
    *(("Windows", "Windows"), ("Mac OS", "macOS"), ("Linux", "Linux")),
)


@register.filter
def browser(agent: str) -> str:
    """`Chrome · Linux`: what people call what they browse with; as it names itself where it is neither."""
    found = [
        next((name for sign, name in signs if sign in agent), "") for signs in (BROWSERS, SYSTEMS)
    ]
    return " · ".join(filter(None, found)) or agent[:60] or "–"
