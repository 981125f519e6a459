"""What the parts above call: the plan of a workspace, the checks of its limits, holds and the ledger.

Each lives in a module of its own; this one only names them together.
"""

from billing.allowing import (
    Limits,
    RunLimits,
    limits_of,
    limits_of_many,
    plan_of,
    run_limits,
    shares,
)
from billing.checks import (
    check_base,
    check_dataset,
    check_devices,
    check_endpoints,
    check_feature,
    check_members,
    check_projects,
    check_rows,
    check_storage,
    log_days,
)
from billing.holding import hold, no_room, refund, release, settle
from billing.meters import Allowance, Meter, allowance, minutes_taken, minutes_used
from billing.models import LedgerEntry, month_start
from billing.subscribing import (
    lock,
    make_default,
    mark_used,
    put_on,
    subscribe,
    subscription_of,
)

SECONDS = LedgerEntry.Meter.TRAINING_SECONDS

__all__ = [
    "SECONDS",
    "Allowance",
    "Limits",
    "Meter",
    "RunLimits",
    "allowance",
    "check_base",
    "check_dataset",
    "check_devices",
    "check_endpoints",
    "check_feature",
    "check_members",
    "check_projects",
    "check_rows",
    "check_storage",
    "hold",
    "limits_of",
    "limits_of_many",
    "lock",
    "log_days",
    "make_default",
    "mark_used",
    "minutes_taken",
    "minutes_used",
    "month_start",
    "no_room",
    "plan_of",
    "put_on",
    "refund",
    "release",
    "run_limits",
    "settle",
    "shares",
    "subscribe",
    "subscription_of",
]
