"""Who comes, who stays, and how far they get."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User, Workspace
from billing.invoices.models import Invoice
from projects.datasets.models import DatasetVersion, Upload
from projects.models import Project
from projects.portal import models
from projects.portal.figures.shape import (
    COUNT,
    DAY,
    SHARE,
    TEXT,
    Figure,
    Period,
    Table,
    changelist,
    over_time,
)
from projects.runs.models import Run, Status

COHORTS = 12  # months


def sign_ups(period: Period) -> Table:
    rows = User.objects.filter(date_joined__gte=period.start)
    by_day = rows.annotate(day=period.truncated("date_joined")).values("day").order_by("day")
    found = {row["day"].date(): row["count"] for row in by_day.annotate(count=Count("pk"))}
    before = User.objects.filter(date_joined__gte=period.before, date_joined__lt=period.start)
    return Table(
        heads=(_(period.unit.capitalize()), _("Accounts")),
        forms=(DAY, COUNT),
        rows=over_time(period, found),
        value=sum(found.values()),
        note=_("%(count)s in the period before") % {"count": before.count()},
        link=changelist("accounts_user", date_joined__gte=period.start),
    )


def _with_a_model() -> Q:
    """Of a workspace: somebody has made a model in it. One list for all: asked one by one, a year takes a minute."""
    good = Run.objects.filter(status=Status.SUCCEEDED).order_by()
    return Q(pk__in=good.values("project__workspace"))


def activation(period: Period) -> Table:
    """Of the workspaces made in each bucket, how many have a model today."""
    rows = Workspace.objects.filter(created_at__gte=period.start)
    by_day = (
        rows.annotate(day=period.truncated("created_at"))
        .values("day")
        .annotate(count=Count("pk"), good=Count("pk", filter=_with_a_model()))
        .order_by("day")
    )
    found = {row["day"].date(): (row["count"], row["good"]) for row in by_day}
    lines = [(day, *found.get(day, (0, 0))) for day in period.buckets()]
    made, good = sum(line[1] for line in lines), sum(line[2] for line in lines)
    return Table(
        heads=(_(period.unit.capitalize()), _("Workspaces made"), _("With a first model")),
        forms=(DAY, COUNT, COUNT),
        rows=lines,
        value=good / made if made else None,
        form=SHARE,
        note=_("%(good)s of %(made)s workspaces") % {"good": good, "made": made},
        link=changelist("accounts_workspace", created_at__gte=period.start),
    )


def _acts(since: datetime) -> list[tuple[QuerySet[Any, Any], str, str]]:
    """(rows, path of the workspace, path of the time) of what counts as being active."""
    return [
        (Run.objects.filter(created_at__gte=since), "project__workspace", "created_at"),
        (Upload.objects.filter(created_at__gte=since), "project__workspace", "created_at"),
        (DatasetVersion.objects.filter(created_at__gte=since), "project__workspace", "created_at"),
    ]


def active_workspaces(period: Period) -> Table:
    found: dict[date, set[UUID]] = defaultdict(set)
    for rows, workspace, at in _acts(period.start):
        pairs = rows.order_by().annotate(day=period.truncated(at)).values_list("day", workspace)
        for day, pk in pairs.distinct():
            found[day.date()].add(pk)
    everybody = set().union(*found.values())
    return Table(
        heads=(_(period.unit.capitalize()), _("Active workspaces")),
        forms=(DAY, COUNT),
        rows=over_time(period, {day: len(ones) for day, ones in found.items()}),
        value=len(everybody),
        note=_("of %(count)s workspaces")
        % {"count": Workspace.objects.filter(deleted_at=None).count()},
        link=changelist("accounts_workspace"),
    )


def funnel(period: Period) -> Table:
    """Steps of those who came in the period; visits are counts without names."""
    since = period.start.date()
    visits = dict(
        models.Count.objects.filter(day__gte=since).values_list("name").annotate(total=Sum("count"))
    )
    made = Workspace.objects.filter(created_at__gte=period.start)
    steps: list[tuple[str, int, str]] = [
        (_("Saw the landing page"), visits.get("visit.landing", 0), ""),
        (_("Saw the prices"), visits.get("visit.pricing", 0), ""),
        (_("Opened the sign-up form"), visits.get("visit.sign_up", 0), ""),
        (_("Signed up"), made.count(), changelist("accounts_workspace", created_at__gte=period.start)),
        (_("Made a project"), _having(made, Project, "workspace"), changelist("projects_project")),
        (_("Brought data"), _having(made, DatasetVersion, "project__workspace"), ""),
        (_("Started a run"), _having(made, Run, "project__workspace"), changelist("runs_run")),
        (_("Has a model"), made.filter(_with_a_model()).count(), ""),
        (_("Has paid"), _paid(made), ""),
    ]  # fmt: skip
    return Table(
        heads=(_("Step"), _("How many"), _("Of the step before")),
        forms=(TEXT, COUNT, SHARE),
        rows=_shares([(title, count) for title, count, _link in steps]),
        links=[link for _title, _count, link in steps],
    )


def _paid(workspaces: QuerySet[Workspace]) -> int:
    paid = Invoice.objects.filter(status=Invoice.Status.PAID, total__gt=0).order_by()
    return workspaces.filter(pk__in=paid.exclude(workspace=None).values("workspace")).count()


def _shares(steps: list[tuple[str, int]]) -> list[tuple[str, int, float | None]]:
    lines: list[tuple[str, int, float | None]] = []
    for title, count in steps:
        before = lines[-1][1] if lines else 0
        lines.append((title, count, count / before if before else None))
    return lines


def _having(workspaces: QuerySet[Workspace], model: Any, path: str) -> int:
    return workspaces.filter(pk__in=model.objects.order_by().values(path)).count()


def retention(period: Period) -> Table:
    """A row a month in which workspaces were made; a column for each month since, and how many were active in it."""
    zone = period.zone
    joined = _months(Workspace.objects.all(), "pk", "created_at", zone)
    first = {pk: min(months) for pk, months in joined.items()}
    active: dict[UUID, set[int]] = defaultdict(set)
    since = _back(period.now, COHORTS, zone)
    for rows, workspace, at in _acts(since):
        for pk, months in _months(rows, workspace, at, zone).items():
            active[pk] |= months
    now = _month(period.now.astimezone(zone))
    cohorts = range(now - COHORTS + 1, now + 1)
    lines = [_cohort(month, now, first, active) for month in cohorts]
    return Table(
        heads=(_("Joined"), _("Workspaces"), *(_("Month %d") % n for n in range(COHORTS))),
        forms=(TEXT, COUNT, *([SHARE] * COHORTS)),
        rows=[line for line in lines if line[1]],
        link=changelist("accounts_workspace"),
    )


def _months(rows: Any, workspace: str, at: str, zone: Any) -> dict[UUID, set[int]]:
    month = TruncMonth(at, tzinfo=zone)
    pairs = rows.order_by().annotate(month=month).values_list(workspace, "month").distinct()
    found: dict[UUID, set[int]] = defaultdict(set)
    for pk, day in pairs:
        found[pk].add(_month(day))
    return found


def _month(day: datetime) -> int:
    return day.year * 12 + day.month - 1


def _back(now: datetime, months: int, zone: Any) -> datetime:
    year, month = divmod(_month(now.astimezone(zone)) - months + 1, 12)
    return datetime(year, month + 1, 1, tzinfo=zone)


def _cohort(
    month: int, now: int, first: dict[UUID, int], active: dict[UUID, set[int]]
) -> tuple[Any, ...]:
    mine = [pk for pk, joined in first.items() if joined == month]
    shares = [
        sum(month + age in active.get(pk, ()) for pk in mine) / len(mine)
        if mine and month + age <= now
        else None
        for age in range(COHORTS)
    ]
    return (f"{month // 12}-{month % 12 + 1:02}", len(mine), *shares)


def first_models(period: Period) -> Table:
    """Days from the workspace to its first model."""
    firsts = (
        Run.objects.filter(status=Status.SUCCEEDED)
        .order_by()
        .values("project__workspace", "project__workspace__created_at")
        .annotate(first=Min("ended_at"))
        .filter(first__gte=period.start)
    )
    limits = [(3600, _("within an hour")), (86_400, _("within a day")), (7 * 86_400, _("within a week"))]  # fmt: skip
    counts = [0] * (len(limits) + 1)
    waits = []
    for row in firsts:
        seconds = (row["first"] - row["project__workspace__created_at"]).total_seconds()
        waits.append(seconds)
        place = next((n for n, (most, _t) in enumerate(limits) if seconds <= most), len(limits))
        counts[place] += 1
    titles = [*(title for _most, title in limits), _("later")]
    return Table(
        heads=(_("First model"), _("Workspaces")),
        forms=(TEXT, COUNT),
        rows=list(zip(titles, counts, strict=True)),
        value=len(waits),
    )


FIGURES = (
    Figure(
        "sign-ups",
        "people",
        gettext_lazy("Sign-ups"),
        gettext_lazy("Accounts made in the period, by themselves or by an operator."),
        sign_ups,
        nothing=gettext_lazy("Nobody has made an account in this period."),
    ),
    Figure(
        "activation",
        "people",
        gettext_lazy("Activation"),
        gettext_lazy(
            "Of the workspaces that were made in the period, the share that has made a first model since."
        ),
        activation,
        nothing=gettext_lazy("No workspace was made in this period."),
    ),
    Figure(
        "active",
        "people",
        gettext_lazy("Active workspaces"),
        gettext_lazy("Workspaces in which data came in, a version was made or a run was started."),
        active_workspaces,
        "lines",
        gettext_lazy("Nothing was done in any workspace in this period."),
    ),
    Figure(
        "first-models",
        "people",
        gettext_lazy("Time to the first model"),
        gettext_lazy(
            "Workspaces whose first model was made in the period, by how long after the workspace that was."
        ),
        first_models,
        "across",
        gettext_lazy("No workspace has made its first model in this period."),
    ),
    Figure(
        "funnel",
        "people",
        gettext_lazy("From a visit to a model"),
        gettext_lazy(
            "Visits of public pages are counted a day, without names or cookies; a person who comes twice counts "
            "twice. All that follows are workspaces made in the period."
        ),
        funnel,
        "across",
        gettext_lazy("Nobody came in this period."),
    ),
    Figure(
        "retention",
        "people",
        gettext_lazy("Who stays"),
        gettext_lazy(
            "Of the workspaces made in a month, the share that was active in that month and in each one after it. "
            "Always of the last twelve months."
        ),
        retention,
        "heat",
        gettext_lazy("There is no workspace yet."),
    ),
)
