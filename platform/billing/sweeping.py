"""Once a minute: what time alone brings about in bills."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from billing.payment.collecting import collect_all
from billing.subscriptions.dunning import remind_all
from billing.subscriptions.renewing import renew_all
from billing.subscriptions.usage import bill_all


def sweep(now: datetime | None = None) -> None:
    """In this order: what is new is claimed, then collected, and only what is still owed is reminded of."""
    moment = now or timezone.now()
    renew_all(moment)
    bill_all(moment)
    collect_all(moment)
    remind_all(moment)
