"""Whether somebody signs in with more than a password."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator

# Recovery codes alone are none.
KINDS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def has_two_factors(user: Any) -> bool:
    """An authenticator app or a passkey."""
    return bool(Authenticator.objects.filter(user=user, type__in=KINDS).exists())
