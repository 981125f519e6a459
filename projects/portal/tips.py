"""Mail to newcomers: welcome, the first model, a word after two weeks of silence. Only on public sites.

News of notify: each is told once, in the person's language, with the link and the headers that end mail of its topic.
That a run has ended and that a limit comes near is told by their own parts.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts.models import User, Workspace
from notify.services import announce
from projects.datasets.models import Upload
from projects.runs.models import Run, Status
from web import switches

SILENCE = timedelta(days=14)
WINDOW = timedelta(hours=12)  # in which the sweep finds a silence that has become so long


def are_sent() -> bool:
    return settings.PUBLIC and switches.is_on("tips")


def home_of(user: User) -> Workspace | None:
    return user.workspaces.order_by("memberships__joined_at").first()


def welcome(user: User) -> None:
    _tell(user, "tips.welcome", str(user.pk))


def first_model(run: Run) -> None:
    """After a run has its model; says something for the first one of whoever started it."""
    user = run.created_by
    if user is None:
        return
    others = Run.objects.filter(created_by=user, status=Status.SUCCEEDED).exclude(pk=run.pk)
    if not others.exists():
        path = f"/w/{run.project.workspace.slug}/p/{run.project_id}/runs/{run.pk}/"
        _tell(user, "tips.first_model", str(user.pk), path, project=run.project.name)


def sweep() -> int:
    """Those who have done nothing for two weeks hear of it once. Returns how many."""
    if not are_sent():
        return 0
    found = list(silent_people())
    for user in found:
        _tell(user, "tips.inactive", f"{user.pk}:{user.last_login:%Y%m%d}")
    return len(found)


def silent_people() -> list[User]:
    end = timezone.now() - SILENCE
    mine = {"created_by": OuterRef("pk"), "created_at__gte": end - WINDOW}
    rows = User.objects.filter(
        ~Exists(Run.objects.filter(**mine)),
        ~Exists(Upload.objects.filter(**mine)),
        is_active=True,
        is_staff=False,
        last_login__gt=end - WINDOW,
        last_login__lte=end,
    )
    return list(rows[:200])


def _tell(user: User, kind: str, key: str, path: str = "", **values: str) -> None:
    workspace = home_of(user) if are_sent() else None
    if workspace is not None:
        announce(
            kind=kind,
            key=f"{kind}:{key}",
            values={"workspace_name": workspace.name, **values},
            workspace=workspace,
            to=[user],
            path=path or f"/w/{workspace.slug}/",
        )
