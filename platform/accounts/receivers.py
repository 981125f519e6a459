"""What follows from a new user, however it was made; and what people do with their accounts, for the audit trail."""

from __future__ import annotations

from typing import Any

from allauth.account import signals as account
from allauth.account.models import EmailAddress
from allauth.mfa import signals as mfa
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import post_save
from django.dispatch import Signal, receiver

from accounts import domains
from accounts.audit import record_person
from accounts.models import User
from accounts.services import create_personal_workspace


@receiver(post_save, sender=User)
def give_workspace(instance: User, created: bool, raw: bool, **kwargs: Any) -> None:
    if created and not raw:
        create_personal_workspace(user=instance)


VERBS: dict[Signal, str] = {
    user_logged_in: "account.signed_in",
    user_logged_out: "account.signed_out",
    account.password_changed: "account.password_changed",
    account.password_reset: "account.password_reset",
    account.email_added: "account.address_added",
    account.email_removed: "account.address_removed",
    account.email_changed: "account.address_changed",
    mfa.authenticator_added: "account.factor_added",
    mfa.authenticator_removed: "account.factor_removed",
    mfa.authenticator_reset: "account.factor_renewed",
    mfa.authentication_failed: "account.factor_failed",
}


def _note(
    sender: Any, signal: Signal, user: User | None = None, request: Any = None, **kwargs: Any
) -> None:
    if user is not None:
        factor = getattr(kwargs.get("authenticator"), "type", "")
        record_person(
            user, VERBS[signal], request=request, **({"factor": factor} if factor else {})
        )


for _signal in VERBS:
    _signal.connect(_note, dispatch_uid="audit")


@receiver(user_login_failed)
def note_failure(credentials: dict[str, Any], request: Any = None, **kwargs: Any) -> None:
    """With the address that was typed, where it is that of an account; anything else may be a secret gone astray."""
    typed = str(credentials.get("email") or credentials.get("username") or "")
    known = User.objects.filter(email__iexact=typed).first()
    record_person(known, "account.sign_in_failed", request=request)


@receiver(account.email_confirmed)
def join_by_domain(email_address: Any, **kwargs: Any) -> None:
    domains.join(email_address.user, email_address.email)


@receiver(account.user_signed_up)
def join_by_sign_on(user: User, **kwargs: Any) -> None:
    """The sign-on has confirmed the address; no mail was needed for it."""
    for address in EmailAddress.objects.filter(user=user, verified=True):
        domains.join(user, address.email)
