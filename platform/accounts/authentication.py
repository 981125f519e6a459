"""API tokens as a way of signing in: `Authorization: Bearer att_…` (or `Token att_…`)."""

from __future__ import annotations

import hmac
import re
from datetime import timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import ApiToken, Member, User
from accounts.services import PREFIX, SECRET, digest

SHAPE = re.compile(rf"(att_[0-9A-Za-z]{{{PREFIX}}})[0-9A-Za-z]{{{SECRET}}}", re.ASCII)
USED_EVERY = timedelta(minutes=1)


class TokenAuthentication(BaseAuthentication):
    """`request.auth` is the ApiToken. Whatever is wrong with a token, the answer is the same 401."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _space, text = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() not in ("bearer", "token"):
            return None
        token = _open_token(text.strip())
        if token is None:
            raise AuthenticationFailed(_("This API token is not valid."))
        _note_use(token)
        return token.created_by, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


def _open_token(text: str) -> ApiToken | None:
    match = SHAPE.fullmatch(text)
    if match is None:
        return None
    token = (
        ApiToken.objects.select_related("created_by", "workspace")
        .filter(Exists(_membership()), prefix=match[1])
        .first()
    )
    # Compared in every case, so that an unknown prefix takes as long as a wrong secret.
    right = hmac.compare_digest(token.digest if token else "0" * 64, digest(text))
    return token if token and right and _is_open(token) else None


def _membership() -> QuerySet[Member]:
    return Member.objects.filter(
        workspace=OuterRef("workspace"), user=OuterRef("created_by"), user__is_active=True
    )


def _is_open(token: ApiToken) -> bool:
    return token.revoked_at is None and not token.is_expired


def _note_use(token: ApiToken) -> None:
    """At most once a minute: a busy client must not turn every read into a write."""
    now = timezone.now()
    if token.last_used_at is None or token.last_used_at < now - USED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
