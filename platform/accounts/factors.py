"""Whether somebody signs in with more than a password."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator


def has_two_factors(user: Any) -> bool:
    """An authenticator app or a passkey; recovery codes alone are none."""
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    return bool(Authenticator.objects.filter(user=user, type__in=kinds).exists())
