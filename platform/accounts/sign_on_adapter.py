"""How somebody comes in through the sign-on of an organisation. Only there where one is set up."""

from __future__ import annotations

from typing import Any

from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.http import HttpRequest


class SignOnAdapter(DefaultSocialAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Whoever the sign-on knows may have an account, also where sign-up is closed to others."""
        return True
