"""What follows when somebody signs up, and when a workspace gets a model."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import user_signed_up
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from notify.services import quietly
from projects.portal import counting, referrals, tips
from projects.portal.models import SwitchRow
from projects.runs.models import Artifact
from web import switches


@receiver(user_signed_up)
def greet(request: Any, user: Any, **kwargs: Any) -> None:
    counting.add("visit.signed_up")
    code = (request.GET.get("ref") or request.POST.get("ref") or "")[:12]
    with quietly(f"the arrival of {user.pk}"):
        if code:
            referrals.take(user=user, code=code)
        tips.welcome(user)


@receiver(post_save, sender=Artifact)
def first_model(instance: Artifact, created: bool, raw: bool, **kwargs: Any) -> None:
    """An artifact is written in the transaction in which its run succeeds."""
    if created and not raw:
        with quietly(f"the model of {instance.run_id}"):
            tips.first_model(instance.run)
            referrals.earn(instance.run.project.workspace)


@receiver([post_save, post_delete], sender=SwitchRow)
def forget_switches(**kwargs: Any) -> None:
    switches.forget()
