"""The first operator: made by whoever can read what `up` prints on the console.

The link carries a random secret of which only the hash is stored, in the one row of OperatorLink. A new link replaces
the old one; a link is claimed by one conditional UPDATE, so that of two who use it at once one wins.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.models import OperatorLink, User

VALID_FOR = timedelta(hours=24)


def operator_exists() -> bool:
    return User.objects.filter(is_superuser=True, is_active=True).exists()


def operator_link(base_url: str = "") -> str:
    """A fresh one-time link (a path where no `base_url` is given); empty once there is an operator."""
    if operator_exists():
        return ""
    secret = secrets.token_urlsafe(32)
    OperatorLink.objects.update_or_create(
        pk=1,
        defaults={
            "digest": _digest(secret),
            "expires_at": timezone.now() + VALID_FOR,
            "used_at": None,
        },
    )
    return base_url.rstrip("/") + reverse("operator", kwargs={"secret": secret})


def is_valid(secret: str) -> bool:
    return _open_link(secret).exists() and not operator_exists()


@transaction.atomic
def make_operator(*, secret: str, user: User | None, email: str = "", password: str = "") -> User:
    """Makes `user`, or a new user with `email`, the operator. Raises LinkUsed when the link is no longer good."""
    claimed = _open_link(secret).update(used_at=timezone.now())
    if not claimed or operator_exists():
        raise LinkUsed
    if user is None:
        user = User.objects.create_superuser(email, password)
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    else:
        user.is_staff = user.is_superuser = True
        user.save(update_fields=["is_staff", "is_superuser"])
    return user


class LinkUsed(Exception):
    """The link was used, replaced or has expired."""


def _open_link(secret: str) -> QuerySet[OperatorLink]:
    return OperatorLink.objects.filter(
        digest=_digest(secret), used_at=None, expires_at__gt=timezone.now()
    )


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
