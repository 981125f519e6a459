"""The order of the admin's index: what operators look at most comes first."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite

ORDER = (
    "accounts",
    "billing",
    "projects",
    "runs",
    "portal",
    "datasets",
    "pools",
    "bases",
    "notify",
)
# Of what is read far more often than it is changed.
LAST = ("django_q", "account", "sites", "auth")


def place(label: str) -> int:
    if label in ORDER:
        return ORDER.index(label)
    return len(ORDER) + (label in LAST)


def ordered(site: AdminSite) -> None:
    """The stock site with its apps in our order; models stay in that of their names."""
    stock = site.get_app_list

    def get_app_list(request: Any, app_label: str | None = None) -> list[Any]:
        found = stock(request, app_label)
        return sorted(found, key=lambda app: (place(app["app_label"]), str(app["name"])))

    site.get_app_list = get_app_list  # type: ignore[method-assign]
