"""The pages of a workspace's settings, as tabs: each is one entry here, and shows to those who may see its page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from accounts.access import Action, may, standing
from accounts.models import Workspace


@dataclass(frozen=True)
class Tab:
    name: str
    label: Any
    route: str  # takes the workspace's slug
    action: Action
    needs: tuple[str, ...] = ()  # names of settings: without one of them there is no such page


TABS = (
    Tab("general", _("General"), "workspace-settings", Action.ENTER),
    Tab("members", _("Members"), "workspace-members", Action.MEET),
    Tab("usage", _("Usage"), "workspace-usage", Action.USAGE),
    Tab("billing", _("Billing"), "workspace-billing", Action.BILLING),
    Tab("referrals", _("Referrals"), "referrals", Action.BILLING, ("PUBLIC", "REFERRAL_CREDIT")),
    Tab("signin", _("Sign-in"), "workspace-signin", Action.MANAGE),
    Tab("tokens", _("API tokens"), "workspace-tokens", Action.MANAGE),
    Tab("webhooks", _("Webhooks"), "webhooks", Action.CONNECT),
    Tab("audit", _("Audit trail"), "workspace-audit", Action.AUDIT),
)


def tabs_for(user: Any, workspace: Workspace) -> list[tuple[Tab, str]]:
    """Those that this person may open, each with its address. A part that is not there has no tab."""
    here, found = standing(user, workspace), []
    for tab in TABS:
        if may(here, tab.action) and all(getattr(settings, name, None) for name in tab.needs):
            try:
                found.append((tab, reverse(tab.route, kwargs={"slug": workspace.slug})))
            except NoReverseMatch:
                continue
    return found
