"""Rows that the admin shows and nobody writes there."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def never(admin: Any, request: HttpRequest, obj: Any = None) -> bool:
    """For single permissions of a ModelAdmin: `has_add_permission = never`."""
    return False


class ReadOnly:
    """Before ModelAdmin or an inline among the bases: nothing is added, changed or deleted."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False
