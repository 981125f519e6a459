"""What every page needs to know."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from web.switches import is_on

THEMES = ("light", "dark")
THEME_COOKIE = "theme"


def theme(request: HttpRequest) -> str:
    """'light' or 'dark' when the person chose one, else '' (the system decides). The cookie is set by theme.js."""
    chosen = request.COOKIES.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else ""


def _workspaces(request: HttpRequest) -> list[Any]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return []
    memberships = user.memberships.select_related("workspace").order_by("workspace__name")
    found = []
    for membership in memberships:
        membership.workspace.role = membership.role  # what the sidebar may offer there
        found.append(membership.workspace)
    return found


def _here(request: HttpRequest, workspaces: list[Any]) -> Any:
    """The workspace of the URL, else the user's first; None for somebody who has none."""
    match = request.resolver_match
    slug = match.kwargs.get("slug") if match is not None else None
    named = [workspace for workspace in workspaces if workspace.slug == slug]
    return (named or workspaces or [None])[0]


SECTIONS = {
    "workspace-settings": "settings",
    "workspace-members": "settings",
    "workspace-usage": "settings",
    "workspace-billing": "settings",
    "billing-change": "settings",
    "billing-details": "settings",
    "billing-coupon": "settings",
    "invoice": "settings",
    "workspace-signin": "settings",
    "workspace-tokens": "settings",
    "workspace-audit": "settings",
    "workspace-member": "settings",
    "member-invite": "settings",
    "token-create": "settings",
    "webhooks": "settings",
    "webhook": "settings",
    "api-docs": "api",
    "bases": "bases",
    "starters": "starters",
    "panel": "panel",
    "panel-queue": "panel",
    "panel-run": "panel",
    "panel-storage": "panel",
    "impersonate": "panel",
    "referrals": "settings",
}


def _section(request: HttpRequest) -> str:
    """The entry of the sidebar under which the page lies; '' for what is the person's own."""
    match = request.resolver_match
    if match is None:
        return ""
    return SECTIONS.get(match.view_name, "projects" if "slug" in match.kwargs else "")


def page(request: HttpRequest) -> dict[str, Any]:
    """Lazy where it costs a query: only the shell asks for workspaces."""
    workspaces = SimpleLazyObject(lambda: _workspaces(request))
    return {
        "theme": theme(request),
        "public": settings.PUBLIC,
        "sign_up_open": SimpleLazyObject(lambda: settings.SIGN_UP and is_on("sign_up")),
        "shell": {
            "section": _section(request),
            "workspaces": workspaces,
            "workspace": SimpleLazyObject(lambda: _here(request, list(workspaces))),
        },
    }
