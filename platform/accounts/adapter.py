"""How allauth signs people up and in here."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts import domains
from accounts.audit import record_person
from accounts.invitation_views import is_invited
from accounts.models import User
from training.problems import Problem
from web.errors import problem_response


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Whoever was invited may sign up also where others may not."""
        return bool(settings.SIGN_UP) or is_invited(request)

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        """Nobody comes in by a password who has to come through the sign-on."""
        if "sociallogin" not in (kwargs.get("signal_kwargs") or {}):
            try:
                domains.check_sign_on(user, kwargs.get("email") or "")
            except Problem as problem:
                record_person(user, "account.sign_in_failed", request=request, code=problem.code)
                return problem_response(request, problem)
        found: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return found
