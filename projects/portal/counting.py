"""Counts of what happens on public pages: a number a day. No cookie, no address, no name is kept or looked at."""

from __future__ import annotations

import logging
import re
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from projects.portal.models import Count

log = logging.getLogger(__name__)
ROBOTS = re.compile(r"bot|crawl|spider|preview|monitor|curl|wget|python", re.IGNORECASE)


def visit(request: HttpRequest, name: str) -> None:
    """Programs that say what they are, are not counted; nor are people who are signed in."""
    agent = request.headers.get("User-Agent", "")
    if request.method == "GET" and not ROBOTS.search(agent) and not request.user.is_authenticated:
        add(f"visit.{name}")


def add(name: str) -> None:
    """Never raises: a page is worth more than its count."""
    try:
        with transaction.atomic():
            row: dict[str, Any] = {"day": timezone.localdate(), "name": name[:60]}
            Count.objects.get_or_create(**row)
            Count.objects.filter(**row).update(count=F("count") + 1)
    except DatabaseError:
        log.exception("Could not count %s", name)


def count_refusal(sender: Any, code: str, **kwargs: Any) -> None:
    """Limits that people met; see web.errors.refused."""
    if code.startswith("quota."):
        add(f"problem.{code}")
