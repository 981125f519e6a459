"""An operator acts as somebody else, to see what they see: never as another operator, for a reason, for a short time.

The session stays the operator's and names a row; who asks is put in its place for each request (middleware). What the
person alone decides, such as passwords, tokens, members and payments, is refused by the module that a view lies in:
what is not known to be harmless is refused as well.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from projects.portal.models import Impersonation
from training.problems import Problem

KEY = "impersonation"  # in the session
MINUTES = 30
END = Impersonation.End
SAFE = ("GET", "HEAD", "OPTIONS")
# Views that somebody who acts as another one may look at, and those that they may change something with.
LOOK = (
    "projects.",
    "billing.",
    "accounts.",
    "notify.views",
    "django.",
    "config.",
    "web.",
    "drf_spectacular.",
)
ACT = ("projects.", "django.views.i18n")
# The person's own decisions, though they lie among what may be done.
OWN = (
    "project-delete",
    "project-people",
    "project-invite",
    "share",
    "share-revoke",
    "referrals",
)


def can_act(operator: User) -> bool:
    return (
        operator.is_active and operator.is_staff and operator.has_perm("portal.add_impersonation")
    )


def start(*, operator: User, user: User, reason: str, session: SessionBase) -> Impersonation:
    """Raises Problem(`impersonation.refused`)."""
    _check(operator, user, reason)
    with transaction.atomic():
        until = timezone.now() + timedelta(minutes=MINUTES)
        given = {"operator": operator, "user": user, "until": until}
        found = Impersonation.objects.create(reason=reason.strip()[:300], **given)
        told = {"reason": found.reason, "minutes": MINUTES}
        audit.record(None, "impersonation.started", user=operator, about=user.email, **told)
        _tell_workspaces(found, "impersonation.started")
    session[KEY] = str(found.pk)
    return found


def _check(operator: User, user: User, reason: str) -> None:
    refused = None
    if not can_act(operator) or user == operator:
        refused = _("You are not allowed to.")
    elif user.is_staff or user.is_superuser:
        refused = _("This person is an operator as well.")
    elif not user.is_active:
        refused = _("This account is closed.")
    elif len(reason.strip()) < 5:
        refused = _("There is no reason.")
    if refused:
        raise Problem("impersonation.refused", found=refused)


def current(session: SessionBase, operator: User) -> Impersonation | None:
    """The one that holds now. One whose time is over, or that is no longer allowed, ends here."""
    key = session.get(KEY)
    if not key:
        return None
    rows = Impersonation.objects.select_related("user").filter(operator=operator, ended_at=None)
    found = rows.filter(pk=key).first()
    if found is None:
        session.pop(KEY, None)
        return None
    how = _over(found, operator)
    if how:
        end(found, how)
        session.pop(KEY, None)
        return None
    return found


def _over(found: Impersonation, operator: User) -> str:
    if found.until <= timezone.now():
        return str(END.EXPIRED)
    person = found.user
    allowed = can_act(operator) and person.is_active and not person.is_staff
    return "" if allowed and not person.is_superuser else str(END.REFUSED)


def stop(*, session: SessionBase, operator: User) -> None:
    found = current(session, operator)
    session.pop(KEY, None)
    if found:
        end(found, str(END.STOPPED))


@transaction.atomic
def end(found: Impersonation, how: str) -> None:
    """Once: a second end changes nothing and is not written down."""
    open_ones = Impersonation.objects.filter(pk=found.pk, ended_at=None)
    if not open_ones.update(ended_at=timezone.now(), how=how):
        return
    found.refresh_from_db()
    told: dict[str, Any] = {"how": how, "changes": found.changes}
    audit.record(None, "impersonation.ended", user=found.operator, about=found.user.email, **told)
    _tell_workspaces(found, "impersonation.ended")


def _tell_workspaces(found: Impersonation, verb: str) -> None:
    """The owners of what was looked at can read of it in their own trail."""
    for workspace in found.user.workspaces.all():
        told = {"reason": found.reason}
        audit.record(workspace, verb, user=found.operator, about=found.user.email, **told)


def sweep() -> None:
    """Those whose browser never came back."""
    late = Impersonation.objects.select_related("user", "operator")
    for found in late.filter(ended_at=None, until__lte=timezone.now()):
        end(found, str(END.EXPIRED))


# --- what may be done -------------------------------------------------------------------------------------------------


def permits(method: str, module: str, name: str) -> bool:
    """`module` and `name` are those of the view."""
    if name == "impersonate-stop":
        return True
    if method in SAFE:
        return module.startswith(LOOK)
    if method == "DELETE":  # only of the API, where one address also reads and changes
        return False
    return module.startswith(ACT) and name not in OWN


def count_change(found: Impersonation) -> None:
    Impersonation.objects.filter(pk=found.pk).update(changes=F("changes") + 1)
