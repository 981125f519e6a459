"""Who brought whom: a code in a link, and a credit for both when the newcomer has made a first model."""

from __future__ import annotations

import secrets
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, Q, Sum
from django.utils import timezone

from accounts import audit
from accounts.models import User, Workspace
from billing import credits
from projects.portal.models import Referral, ReferralCode
from projects.portal.tips import home_of

LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
LENGTH = 8


def offered() -> bool:
    return bool(settings.PUBLIC and settings.REFERRAL_CREDIT)


def code_of(workspace: Workspace) -> ReferralCode:
    found = ReferralCode.objects.filter(workspace=workspace).first()
    while found is None:
        code = "".join(secrets.choice(LETTERS) for _place in range(LENGTH))
        try:
            with transaction.atomic():
                given = {"defaults": {"code": code}}
                found = ReferralCode.objects.get_or_create(workspace=workspace, **given)[0]
        except IntegrityError:  # the code is another one's, or somebody else was quicker
            continue
    return found


def is_known(code: str) -> bool:
    return offered() and ReferralCode.objects.filter(code=code.lower()).exists()


def take(*, user: User, code: str) -> Referral | None:
    """For somebody who has just signed up. None for a code that is unknown or one's own."""
    workspace = home_of(user)
    found = ReferralCode.objects.select_related("workspace").filter(code=code.lower()).first()
    if not offered() or found is None or workspace is None or _is_own(found, user):
        return None
    referral, made = Referral.objects.get_or_create(workspace=workspace, defaults={"code": found})
    return referral if made else None


def _is_own(code: ReferralCode, user: User) -> bool:
    """The same person under another address of the same mailbox is still the same person."""
    mailboxes = {_mailbox(member.email) for member in code.workspace.members.all()}
    return _mailbox(user.email) in mailboxes


def _mailbox(email: str) -> str:
    name, _at, host = email.lower().partition("@")
    name = name.partition("+")[0]
    return f"{name.replace('.', '') if host in ('gmail.com', 'googlemail.com') else name}@{host}"


@transaction.atomic
def earn(workspace: Workspace) -> bool:
    """Once a workspace, with its first model: a credit for it and for whoever has sent it."""
    credit = settings.REFERRAL_CREDIT
    if not offered() or credit is None:
        return False
    amount, currency = credit
    rows = Referral.objects.filter(workspace=workspace, earned_at=None)
    given: dict[str, Any] = {"amount": amount, "currency": currency, "earned_at": timezone.now()}
    if not rows.update(**given):
        return False
    referral = Referral.objects.select_related("code__workspace").get(workspace=workspace)
    for one, key in ((workspace, "came"), (referral.code.workspace, "sent")):
        credits.grant(one, amount, currency, "referral", f"referral:{referral.pk}:{key}")
        told = {"amount": amount, "currency": currency}
        audit.record(one, "referral.earned", about=str(referral.code), **told)
    return True


def summary(workspace: Workspace) -> dict[str, Any]:
    """{"signed_up", "earned", "amount"} of those that came by the workspace's code."""
    rows = Referral.objects.filter(code__workspace=workspace)
    return rows.aggregate(
        signed_up=Count("pk"),
        earned=Count("pk", filter=Q(earned_at__isnull=False)),
        amount=Sum("amount"),
    )
