"""How often one address may ask a public model. One row a stretch of time is counted up in the database, so that
processes side by side count together; of the address only a keyed hash is kept, for an hour."""

from __future__ import annotations

import time
from typing import Any

from django.db.models import F
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from accounts.audit import address_of
from projects.portal.models import Tries
from training.problems import Problem

WINDOWS = ((60, 12), (3600, 120))  # (seconds, questions)
ALL = 240  # questions in a minute from everybody together: the machine has other work
KEPT = 3600  # seconds


def check(request: HttpRequest) -> None:
    """Counts one question. Raises Problem(`public.often`)."""
    key = salted_hmac("portal.tries", str(address_of(request))).hexdigest()[:64]
    for seconds, most in WINDOWS:
        if count(f"{seconds}:{key}"[:64], seconds) > most:
            raise Problem("public.often", limit=most, seconds=seconds)
    if count("all", 60) > ALL:
        raise Problem("public.often", limit=ALL, seconds=60)


def count(key: str, seconds: int) -> int:
    """How many there were in this stretch, this one among them."""
    now: dict[str, Any] = {"key": key, "window": seconds * (int(time.time()) // seconds)}
    Tries.objects.get_or_create(**now)
    Tries.objects.filter(**now).update(count=F("count") + 1)
    return Tries.objects.values_list("count", flat=True).get(**now)


def sweep() -> None:
    Tries.objects.filter(window__lt=int(time.time()) - 2 * KEPT).delete()
