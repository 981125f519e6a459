"""What the queue calls, by name. Nobody imports this module."""

from __future__ import annotations

from django.conf import settings

from accounts import audit


def sweep() -> None:
    audit.expire(settings.AUDIT_DAYS)
