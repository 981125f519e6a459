"""What follows from a new user, however it was made: sign-up, admin or command line."""

from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver

from accounts.models import User
from accounts.services import create_personal_workspace


@receiver(post_save, sender=User)
def give_workspace(instance: User, created: bool, raw: bool, **kwargs: Any) -> None:
    if created and not raw:
        create_personal_workspace(user=instance)
