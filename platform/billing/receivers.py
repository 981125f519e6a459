"""A new workspace gets the default plan."""

from typing import Any

from django.dispatch import receiver

from accounts.models import Workspace
from accounts.signals import workspace_created
from billing.services import subscribe


@receiver(workspace_created)
def give_plan(workspace: Workspace, **kwargs: Any) -> None:
    subscribe(workspace=workspace)
