"""Whether something new may begin. Parts above register what they know of a workspace, such as that it is suspended."""

from __future__ import annotations

from collections.abc import Callable

from accounts.models import Workspace
from web import switches

Check = Callable[[Workspace], None]
_CHECKS: list[Check] = []


def register(check: Check) -> None:
    """`check(workspace)` raises the Problem for which nothing new may begin. Called in an app's ready()."""
    if check not in _CHECKS:
        _CHECKS.append(check)


def require_open(workspace: Workspace, switch: str) -> None:
    """Before a run is started (`runs`) or data is taken (`uploads`). Raises Problem(`site.paused`,
    `workspace.suspended`)."""
    switches.require(switch)
    for check in _CHECKS:
        check(workspace)
