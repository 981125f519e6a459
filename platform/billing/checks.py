"""The checks that keep the limits of a plan. Each raises the Problem of its limit, with what would lift it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.contrib.humanize.templatetags.humanize import intword
from django.template.defaultfilters import filesizeformat

from accounts.models import Workspace
from billing import offers, usage
from billing.allowing import Limits, limits_of
from billing.limits import BYTES, FEATURES, LARGE, LIMITS
from billing.subscribing import lock
from training.problems import Problem


def check_projects(workspace: Workspace) -> None:
    """Call it in the transaction that makes the project: the next who asks then waits for the outcome."""
    _check_counted(workspace, "projects", 1)


def check_members(workspace: Workspace, wanted: int = 1) -> None:
    """Call it in the transaction that adds members or invitations. Raises Problem(`quota.members`)."""
    _check_counted(workspace, "members", wanted)


def check_endpoints(workspace: Workspace) -> None:
    """Call it in the transaction that publishes a model. Raises Problem(`quota.endpoints`)."""
    _check_counted(workspace, "endpoints", 1)


def check_storage(workspace: Workspace, bytes: int) -> None:
    """Whether `bytes` more may be kept. In a transaction, the next who asks waits for its outcome."""
    _check_counted(workspace, "storage", bytes)


def _check_counted(workspace: Workspace, name: str, wanted: int) -> None:
    limits = limits_of(workspace)
    if limits[name] is not None:
        lock(workspace)
        refuse_over(workspace, limits, name, usage.count(name, workspace), wanted)


def check_rows(workspace: Workspace, rows: int) -> None:
    """Of one version of a dataset."""
    refuse_over(workspace, limits_of(workspace), "rows", 0, rows)


def check_dataset(workspace: Workspace, bytes: int) -> None:
    """Of one file of data. Raises Problem(`quota.dataset`)."""
    refuse_over(workspace, limits_of(workspace), "dataset", 0, bytes)


def check_devices(workspace: Workspace, devices: int) -> None:
    """Of one run."""
    limits = limits_of(workspace)
    refuse_over(workspace, limits, "devices", 0, devices)
    if devices > 1:
        check_feature(workspace, "several_gpus", limits=limits)


def check_base(workspace: Workspace, base: str, title: str, parameters: int) -> None:
    """`parameters` as a whole number. Raises Problem(`quota.parameters`, `plan.base`)."""
    limits = limits_of(workspace)
    if limits.bases and base not in limits.bases:
        raise Problem("plan.base", base=title, plan=limits.plan.name, **offers.none())
    refuse_over(workspace, limits, "parameters", 0, parameters, base=title)


def check_feature(workspace: Workspace, name: str, *, limits: Limits | None = None) -> None:
    """Raises Problem(`plan.feature`) where neither the plan nor an override has it."""
    limits = limits or limits_of(workspace)
    if name not in limits.features:
        offer = offers.for_feature(workspace, limits.plan, name)
        named = {"feature": str(FEATURES[name].label), "name": name}
        raise Problem("plan.feature", plan=limits.plan.name, **named, **offer)


def refuse_over(
    workspace: Workspace,
    limits: Limits,
    name: str,
    used: int | Decimal,
    wanted: int | Decimal,
    **more: Any,
) -> None:
    """Raises the limit's problem where `used` and `wanted` together are more than it allows."""
    limit = limits[name]
    if limit is None or used + wanted <= limit:
        return
    raise refusal(workspace, limits, name, used, wanted, **more)


def refusal(
    workspace: Workspace,
    limits: Limits,
    name: str,
    used: int | Decimal,
    wanted: int | Decimal,
    **more: Any,
) -> Problem:
    """The problem of a limit, with what would lift it."""
    values: dict[str, Any] = {"limit": limits[name], "used": _plain(used), "wanted": _plain(wanted)}
    if show := _SPOKEN.get(LIMITS[name].unit):
        values |= {f"{key}_text": show(value) for key, value in values.items()}
    offer = offers.for_limit(workspace, limits.plan, name, _plain(used) + _plain(wanted))
    return Problem(LIMITS[name].problem, plan=limits.plan.name, **values, **offer, **more)


_SPOKEN: dict[str, Callable[[Any], Any]] = {BYTES: filesizeformat, LARGE: intword}


def _plain(amount: int | Decimal) -> int:
    return amount if isinstance(amount, int) else int(amount.to_integral_value())


def log_days(workspace: Workspace) -> int | None:
    """For how many days requests to an endpoint are kept; None: for good. There are no endpoints yet."""
    return limits_of(workspace)["log_days"]
