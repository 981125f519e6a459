"""A new workspace gets the default plan, and lets in no more people than that has room for."""

from typing import Any

from django.dispatch import receiver

from accounts.models import Workspace
from accounts.signals import members_wanted, workspace_created
from billing.services import check_members, subscribe


@receiver(workspace_created)
def give_plan(workspace: Workspace, **kwargs: Any) -> None:
    subscribe(workspace=workspace)


@receiver(members_wanted)
def check_room(workspace: Workspace, wanted: int, **kwargs: Any) -> None:
    """An invitation is no member yet: whoever takes it up when all places are taken is told so."""
    check_members(workspace, wanted)
