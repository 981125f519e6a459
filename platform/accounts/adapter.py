"""How allauth signs people up here."""

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest

from accounts.invitation_views import is_invited


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Whoever was invited may sign up also where others may not."""
        return bool(settings.SIGN_UP) or is_invited(request)
