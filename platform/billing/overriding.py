"""What one workspace has otherwise than its plan says: a limit or a feature, with a reason and perhaps an end."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from accounts import audit
from accounts.models import User, Workspace
from billing.limits import FEATURES, LIMITS
from billing.models import Override

NAMES = {**{name: limit.label for name, limit in LIMITS.items()}}
NAMES |= {name: feature.label for name, feature in FEATURES.items()}


@transaction.atomic
def override(
    *,
    workspace: Workspace,
    name: str,
    value: int | None,
    reason: str,
    user: User | None = None,
    expires_at: datetime | None = None,
) -> Override:
    """From now on; one that is there for the same limit is replaced. `value` None: unlimited; of a feature 1 or 0.

    Raises ValueError for a name that no plan knows.
    """
    if name not in NAMES:
        raise ValueError(f"{name!r} is no limit; expected one of {', '.join(NAMES)}")
    given: dict[str, Any] = {"value": value, "reason": reason, "expires_at": expires_at}
    made = Override.objects.update_or_create(
        workspace=workspace, name=name, defaults={**given, "made_by": user}
    )[0]
    ends = expires_at.isoformat() if expires_at else ""
    audit.record(
        workspace, "plan.override", user=user, about=name, value=value, reason=reason, until=ends
    )
    return made


@transaction.atomic
def lift(*, override: Override, user: User | None = None) -> None:
    audit.record(override.workspace, "plan.override_lifted", user=user, about=override.name)
    override.delete()
