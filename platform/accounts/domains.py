"""Mail domains that workspaces claim: whose people join by themselves, and may have to come through the sign-on.

SEAM: a SCIM endpoint (RFC 7644) would call `join`, and of accounts.members `change_role` and `remove_member`, with the
workspace that its bearer token is of; nothing else of people would have to change. There is none yet.
"""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.audit import record
from accounts.members import add_member, check_grant
from accounts.models import AuditEntry, MailDomain, Member, Role, User, Workspace
from training.problems import Problem


@transaction.atomic
def claim(*, workspace: Workspace, by: User, domain: str, role: str, sign_on: bool) -> MailDomain:
    """Waits for an operator, unless it is one who claims.

    Raises Problem(`domain.own`, `domain.taken`, `member.role`).
    """
    domain = domain.strip().lower().lstrip("@")
    check_grant(by, workspace, role)
    own = {_domain(email) for email in _confirmed(by)}
    if domain not in own and not by.is_staff:
        raise Problem("domain.own", domain=domain[:80], known=", ".join(sorted(own)) or "–")
    if MailDomain.objects.filter(domain=domain).exists():
        raise Problem("domain.taken", domain=domain[:80])
    said = {"role": role, "sign_on": sign_on}
    record(workspace, "domain.claimed", user=by, about=domain, **said)
    return MailDomain.objects.create(
        workspace=workspace,
        domain=domain,
        claimed_by=by,
        confirmed_at=timezone.now() if by.is_staff else None,
        **said,
    )


@transaction.atomic
def confirm(*, domain: MailDomain, by: User) -> None:
    """By an operator, who has looked at whose it is."""
    if MailDomain.objects.filter(pk=domain.pk, confirmed_at=None).update(
        confirmed_at=timezone.now()
    ):
        record(domain.workspace, "domain.confirmed", user=by, about=domain.domain)


@transaction.atomic
def release(*, domain: MailDomain, by: User) -> None:
    record(domain.workspace, "domain.released", user=by, about=domain.domain)
    domain.delete()


def join(user: User, email: str) -> Member | None:
    """Into the workspace that has claimed the domain of a confirmed address. None where there is none, where the
    person is in it or was once, or where its plan has no room, which its audit trail then says."""
    found = _claimed(email)
    if found is None or found.workspace.memberships.filter(user=user).exists():
        return None
    gone = AuditEntry.objects.filter(workspace=found.workspace, about=user.email)
    if gone.filter(verb__in=("member.removed", "member.left")).exists():
        return None
    try:
        return add_member(workspace=found.workspace, user=user, role=found.role)
    except Problem as problem:
        record(found.workspace, "member.not_joined", user=user, about=user.email, code=problem.code)
        return None


def check_sign_on(user: User, email: str = "") -> None:
    """Raises Problem(`access.sign_on`) for whoever must come through the sign-on. Owners of the workspace that claims
    the domain may always come otherwise, so that a sign-on which is down locks nobody out for good."""
    found = _claimed(email or user.email) if settings.SIGN_ON else None
    if found is None or not found.sign_on:
        return
    owns = found.workspace.memberships.filter(user=user, role=Role.OWNER).exists()
    if not owns:
        raise Problem("access.sign_on", domain=found.domain, provider=settings.SIGN_ON)


def _claimed(email: str) -> MailDomain | None:
    related = MailDomain.objects.select_related("workspace")
    return related.filter(domain=_domain(email), confirmed_at__isnull=False).first()


def _confirmed(user: User) -> list[str]:
    rows: Any = EmailAddress.objects.filter(user=user, verified=True)
    return list(rows.values_list("email", flat=True))


def _domain(email: str) -> str:
    return email.rpartition("@")[2].lower()
