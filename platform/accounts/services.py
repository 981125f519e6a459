"""Writes about people: workspaces and API tokens."""

from __future__ import annotations

import hashlib
import re
import secrets
import string
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.first_operator import operator_link
from accounts.models import ApiToken, Member, Role, User, Workspace
from accounts.signals import workspace_created

__all__ = [
    "create_personal_workspace",
    "create_token",
    "create_workspace",
    "digest",
    "operator_link",
    "rename_workspace",
    "revoke_token",
    "set_rules",
]

ALPHABET = string.ascii_letters + string.digits
PREFIX, SECRET = 8, 40  # characters; 40 of 62 letters are 238 bits


@transaction.atomic
def create_workspace(*, user: User, name: str) -> Workspace:
    """A workspace that `user` owns, with a slug of its own."""
    workspace = _insert(name.strip()[:80] or _("Workspace"))
    Member.objects.create(workspace=workspace, user=user, role=Role.OWNER)
    record(workspace, "workspace.created", user=user, about=workspace.name)
    workspace_created.send(Workspace, workspace=workspace, user=user)
    return workspace


def create_personal_workspace(*, user: User) -> Workspace:
    """Named after what stands before the @ of the user's e-mail."""
    return create_workspace(user=user, name=user.email.partition("@")[0])


@transaction.atomic
def rename_workspace(*, workspace: Workspace, name: str) -> Workspace:
    """The slug stays, so that links to the workspace stay good."""
    before, workspace.name = workspace.name, name.strip()
    workspace.full_clean(validate_unique=False)
    workspace.save(update_fields=["name"])
    record(workspace, "workspace.renamed", before=before, after=workspace.name)
    return workspace


@transaction.atomic
def set_rules(*, workspace: Workspace, needs_two_factors: bool) -> None:
    """From now on nobody sees anything of the workspace who does not keep them."""
    if workspace.needs_two_factors != needs_two_factors:
        workspace.needs_two_factors = needs_two_factors
        workspace.save(update_fields=["needs_two_factors"])
        record(workspace, "workspace.rules", needs_two_factors=needs_two_factors)


@transaction.atomic
def create_token(
    *, workspace: Workspace, user: User, name: str, expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """The token's row and its full text, which is nowhere kept and can be shown only now."""
    prefix = "att_" + _random(PREFIX)
    text = prefix + _random(SECRET)
    token = ApiToken.objects.create(
        workspace=workspace,
        created_by=user,
        name=name.strip(),
        prefix=prefix,
        digest=digest(text),
        expires_at=expires_at,
    )
    record(workspace, "token.created", user=user, about=token.name, prefix=prefix)
    return token, text


@transaction.atomic
def revoke_token(*, token: ApiToken) -> None:
    """From now on the token opens nothing. Revoking twice keeps the first time."""
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
        record(token.workspace, "token.revoked", about=token.name, prefix=token.prefix)


def digest(text: str) -> str:
    """A token has 238 random bits, so that a plain hash cannot be guessed back."""
    return hashlib.sha256(text.encode()).hexdigest()


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _place in range(length))


def _insert(name: str) -> Workspace:
    """Tries the plain slug first; two who take it at once, or a name that is reserved, get a random ending."""
    base = _slug(name)
    for slug in (base, *(f"{base}-{_random(6).lower()}" for _try in range(5))):
        if Workspace.objects.filter(slug=slug).exists():
            continue
        try:
            with transaction.atomic():
                return Workspace.objects.create(name=name, slug=slug)
        except IntegrityError:
            continue
    raise RuntimeError(f"No free slug for a workspace called {name!r}")


def _slug(name: str) -> str:
    """ASCII, for URLs; a name without any ASCII letter gets a neutral one."""
    return re.sub(r"[^a-z0-9]+", "-", slugify(name))[:50].strip("-") or "workspace"
