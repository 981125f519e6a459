"""A workspace that ends tells nobody any more."""

from typing import Any

from django.dispatch import receiver

from accounts.models import Workspace
from accounts.signals import workspace_deleted


@receiver(workspace_deleted)
def disconnect(workspace: Workspace, **kwargs: Any) -> None:
    workspace.webhooks.all().delete()
