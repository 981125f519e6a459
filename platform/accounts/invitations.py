"""Invitations: made by whoever may, sent by mail or handed on as a link, accepted once they are signed in.

The link carries a random secret of which only the hash is stored. A use is claimed by one conditional UPDATE in the
transaction that makes the member, so that a link for one lets one in.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Action, allowed
from accounts.audit import record
from accounts.members import add_member, check_grant
from accounts.models import ApiToken, Invitation, Member, Role, User, Workspace
from accounts.signals import members_wanted
from training.problems import Problem


def open_invitations() -> QuerySet[Invitation]:
    """Those that still let somebody in."""
    return Invitation.objects.filter(
        revoked_at=None, expires_at__gt=timezone.now(), used__lt=F("uses")
    ).select_related("workspace", "created_by")


@transaction.atomic
def invite(
    *,
    workspace: Workspace,
    by: User,
    role: str,
    email: str = "",
    days: int = 7,
    uses: int = 1,
    guest: bool = False,
    projects: Collection[str] = (),
    token: ApiToken | None = None,
) -> tuple[Invitation, str]:
    """The invitation and its link, which is nowhere kept. With `email` the link goes there and lets one person in.

    An open invitation to the same address is replaced. Raises Problem(`member.*`, `invitation.many`,
    `invitation.mail`, `quota.members`).
    """
    Workspace.objects.select_for_update().get(pk=workspace.pk)
    check_grant(by, workspace, role, token=token)
    if role == Role.OWNER:  # a link that leaks must not give the workspace away
        raise Problem("member.role", role=str(Role.OWNER.label), known=str(Role.ADMIN.label))
    _check_rate(workspace)
    email = email.strip().lower()
    if email:
        _check_stranger(workspace, email)
        workspace.invitations.filter(email=email, revoked_at=None).update(revoked_at=timezone.now())
    members_wanted.send(Workspace, workspace=workspace, wanted=1)
    secret = secrets.token_urlsafe(32)
    made = Invitation.objects.create(
        workspace=workspace,
        role=role,
        guest=guest,
        projects=[str(project) for project in projects],
        email=email,
        digest=_digest(secret),
        uses=1 if email else uses,
        created_by=by,
        expires_at=timezone.now() + timedelta(days=days),
    )
    record(
        workspace, "member.invited", user=by, about=email or _("a link"), role=role, uses=made.uses
    )
    url = settings.SITE_URL + reverse("invitation", kwargs={"secret": secret})
    if email:
        _send(made, url)
    return made, url


def revoke(*, invitation: Invitation, by: User) -> None:
    """Twice is harmless."""
    rows = Invitation.objects.filter(pk=invitation.pk, revoked_at=None)
    if rows.update(revoked_at=timezone.now()):
        about = invitation.email or _("a link")
        record(invitation.workspace, "invitation.revoked", user=by, about=about)


def find(secret: str) -> Invitation:
    """Raises Problem(`invitation.gone`), also where whoever made it may no longer invite."""
    found = open_invitations().filter(digest=_digest(secret), workspace__deleted_at=None).first()
    if found is None or not allowed(found.created_by, found.workspace, Action.MEMBERS):
        raise Problem("invitation.gone")
    return found


@transaction.atomic
def accept(*, secret: str, user: User) -> Member:
    """Raises Problem(`invitation.gone`, `invitation.address`, `member.already`, `quota.members`)."""
    found = find(secret)
    check_address(found, user)
    member = add_member(
        workspace=found.workspace,
        user=user,
        role=found.role,
        guest=found.guest,
        projects=found.projects,
    )
    if not open_invitations().filter(pk=found.pk).update(used=F("used") + 1):
        raise Problem("invitation.gone")
    if found.email:  # whoever has the link has read the mail
        EmailAddress.objects.filter(user=user, email__iexact=found.email).update(verified=True)
    return member


def check_address(invitation: Invitation, user: User) -> None:
    """Raises Problem(`invitation.address`) where it was sent to an address that `user` does not have."""
    if not invitation.email or user.email.lower() == invitation.email:
        return
    mine = EmailAddress.objects.filter(user=user, verified=True, email__iexact=invitation.email)
    if not mine.exists():
        raise Problem("invitation.address", email=invitation.email, found=user.email)


def _check_rate(workspace: Workspace) -> None:
    hour = timezone.now() - timedelta(hours=1)
    count, limit = (
        workspace.invitations.filter(created_at__gt=hour).count(),
        settings.INVITATIONS_AN_HOUR,
    )
    if count >= limit:
        raise Problem("invitation.many", limit=limit, count=count)


def _check_stranger(workspace: Workspace, email: str) -> None:
    if workspace.memberships.filter(user__email__iexact=email).exists():
        raise Problem("member.already", email=email, workspace=workspace.name)


def _send(invitation: Invitation, url: str) -> None:
    values = {"invitation": invitation, "url": url, "site": settings.SITE_URL}
    subject = _("%(who)s invites you to “%(workspace)s”") % {
        "who": invitation.created_by.email,
        "workspace": invitation.workspace.name,
    }
    message = EmailMessage(
        subject=" ".join(subject.split()),
        body=render_to_string("accounts/invitation_mail.txt", values),
        to=[invitation.email],
    )
    try:
        message.send()
    except OSError as error:  # smtplib's errors are OSErrors too
        raise Problem("invitation.mail", email=invitation.email) from error


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
