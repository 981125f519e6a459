"""What the machines do: runs, waiting, hours, failures, limits that people met."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

from django.db.models import Count, DurationField, ExpressionWrapper, F, Q, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.models import LedgerEntry
from projects.portal import models, queues
from projects.portal.figures.shape import (
    COUNT,
    DAY,
    HOURS,
    SECONDS,
    TEXT,
    Figure,
    Period,
    Table,
    changelist,
)
from projects.runs.models import Run, Status
from web.errors import words

OURS = "internal"  # the cause of what failed on our side without a known cause
QUOTA = "problem.quota."  # the beginning of a count's name
SHOWN = 15  # causes


def runs_by_state(period: Period) -> Table:
    rows = Run.objects.filter(created_at__gte=period.start).order_by()
    counts = dict(rows.values_list("status").annotate(count=Count("pk")))
    known = [status for status in Status if counts.get(status.value)]
    good, ended = counts.get(Status.SUCCEEDED, 0), counts.get(Status.FAILED, 0)
    ended += good
    return Table(
        heads=(_("State"), _("Runs")),
        forms=(TEXT, COUNT),
        rows=[(str(status.label), counts[status.value]) for status in known],
        value=sum(counts.values()),
        note=_("%(good)s of %(ended)s that ended by themselves succeeded")
        % {"good": good, "ended": ended},
        link=changelist("runs_run", created_at__gte=period.start),
        links=[
            changelist("runs_run", status__exact=status.value, created_at__gte=period.start)
            for status in known
        ],
    )


def runs_over_time(period: Period) -> Table:
    rows = Run.objects.filter(created_at__gte=period.start).order_by()
    by_day = (
        rows.annotate(day=period.truncated("created_at"))
        .values("day")
        .annotate(
            good=Count("pk", filter=Q(status=Status.SUCCEEDED)),
            bad=Count("pk", filter=Q(status=Status.FAILED)),
            all=Count("pk"),
        )
    )
    found = {row["day"].date(): (row["good"], row["bad"], row["all"]) for row in by_day}
    lines: list[tuple[Any, ...]] = []
    for day in period.buckets():
        good, bad, total = found.get(day, (0, 0, 0))
        lines.append((day, good, bad, total - good - bad))
    unit = _(period.unit.capitalize())
    return Table(
        heads=(unit, _("Succeeded"), _("Failed"), _("Others")),
        forms=(DAY, COUNT, COUNT, COUNT),
        rows=lines,
        value=sum(sum(line[1:]) for line in lines),
        link=changelist("runs_run", created_at__gte=period.start),
    )


def queue_wait(period: Period) -> Table:
    started = Run.objects.filter(started_at__gte=period.start, attempt=1).order_by()
    wait = ExpressionWrapper(F("started_at") - F("created_at"), output_field=DurationField())
    waits: dict[str, list[float]] = defaultdict(list)
    for name, waited in started.annotate(wait=wait).values_list("cluster", "wait").iterator():
        waits[name].append(waited.total_seconds())
    names = sorted(waits)
    lines = [
        (str(queues.TITLES.get(name, name)), len(waits[name]), *_percentiles(waits[name]))
        for name in names
    ]
    everyone = [waited for mine in waits.values() for waited in mine]
    total = len(everyone)
    median = _percentiles(everyone)[0] if total else None
    return Table(
        heads=(_("Queue"), _("Runs"), _("Half waited at most"), _("Nine of ten"), _("The longest")),
        forms=(TEXT, COUNT, SECONDS, SECONDS, SECONDS),
        rows=lines,
        value=median,
        form=SECONDS,
        note=_("half of %(count)s runs waited no longer") % {"count": total},
        link=changelist("runs_run", started_at__gte=period.start),
        links=[changelist("runs_run", cluster__exact=name, started_at__gte=period.start) for name in names],
    )  # fmt: skip


def _percentiles(waits: list[float]) -> tuple[float, float, float]:
    """In seconds, of one or more: what half, nine of ten, and all waited at most."""
    ordered, count = sorted(waits), len(waits)
    return ordered[count // 2], ordered[min(count - 1, count * 9 // 10)], ordered[-1]


USED = ("settle", "use", "refund")
METERS = ("training_seconds", "gpu_seconds")


def used_seconds(period: Period, truncated: Any) -> dict[tuple[date, str], float]:
    """(day, meter) -> seconds in the ledger, refunds taken off."""
    rows = LedgerEntry.objects.filter(at__gte=period.start, meter__in=METERS, kind__in=USED)
    by_day = rows.order_by().annotate(day=truncated).values("day", "meter")
    summed = by_day.annotate(seconds=Sum("amount"))
    return {(row["day"].date(), row["meter"]): float(row["seconds"]) for row in summed}


def hours(period: Period) -> Table:
    found = used_seconds(period, period.truncated("at"))
    per_day: dict[date, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for (day, meter), seconds in found.items():
        per_day[day][METERS.index(meter)] += seconds / 3600
    lines = [(day, per_day[day][0], per_day[day][1]) for day in period.buckets()]
    return Table(
        heads=(_(period.unit.capitalize()), _("Processors"), _("GPUs")),
        forms=(DAY, HOURS, HOURS),
        rows=lines,
        value=sum(cpu + gpu for _day, cpu, gpu in lines),
        form=HOURS,
        note=_("%(cpu).1f on processors, %(gpu).1f on GPUs")
        % {"cpu": sum(line[1] for line in lines), "gpu": sum(line[2] for line in lines)},
        link=changelist("billing_ledgerentry", at__gte=period.start),
    )


def failures(period: Period) -> Table:
    """By the code of the problem; what has none is ours and has an incident in the log."""
    failed = Run.objects.filter(status=Status.FAILED, ended_at__gte=period.start).order_by()
    counts: dict[str, int] = defaultdict(int)
    for code, count in failed.values_list("problem__code").annotate(count=Count("pk")):
        counts[code or OURS] += count
    order = sorted(counts, key=lambda code: (-counts[code], code))[:SHOWN]
    return Table(
        heads=(_("Cause"), _("Runs"), _("Code")),
        forms=(TEXT, COUNT, TEXT),
        rows=[(cause_title(code), counts[code], code) for code in order],
        value=sum(counts.values()),
        link=changelist("runs_run", status__exact="failed", ended_at__gte=period.start),
        links=[changelist("runs_run", cause=code, ended_at__gte=period.start) for code in order],
    )


def cause_title(code: str) -> str:
    return _("Failed on our side") if code == OURS else words(code, {})["title"]


def quota_hits(period: Period) -> Table:
    since = period.start.date()
    rows = models.Count.objects.filter(day__gte=since, name__startswith=QUOTA).order_by()
    counts = dict(rows.values_list("name").annotate(total=Sum("count")))
    codes = {name.removeprefix("problem."): total for name, total in counts.items()}
    order = sorted(codes, key=lambda code: -codes[code])
    waiting = dict(
        Run.objects.filter(status=Status.WAITING).order_by().values_list("waits_for").annotate(count=Count("pk"))
    )  # fmt: skip
    lines = [(words(code, {})["title"], codes[code], waiting.pop(code[6:], 0)) for code in order]
    lines += [
        (words(f"quota.{name}", {})["title"], 0, count) for name, count in waiting.items() if name
    ]
    return Table(
        heads=(_("Limit"), _("Refused"), _("Runs that wait for it now")),
        forms=(TEXT, COUNT, COUNT),
        rows=lines,
        value=sum(codes.values()),
        link=changelist("portal_count", name__startswith=QUOTA, day__gte=since),
    )


def workspaces_by_hours(period: Period) -> Table:
    rows = LedgerEntry.objects.filter(at__gte=period.start, meter__in=METERS, kind__in=USED)
    by_workspace = rows.order_by().values("workspace__name", "workspace__slug", "workspace")
    summed = by_workspace.annotate(seconds=Sum("amount")).order_by("-seconds")[:10]
    found = list(summed)
    return Table(
        heads=(_("Workspace"), _("Hours")),
        forms=(TEXT, HOURS),
        rows=[(row["workspace__name"], float(row["seconds"]) / 3600) for row in found],
        link=changelist("accounts_workspace"),
        links=[
            changelist("billing_ledgerentry", workspace__id__exact=row["workspace"])
            for row in found
        ],
    )


FIGURES = (
    Figure(
        "runs",
        "work",
        gettext_lazy("Runs"),
        gettext_lazy("Runs that were started by somebody in the period, by what became of them."),
        runs_over_time,
        "stack",
        gettext_lazy("No run was started in this period."),
    ),
    Figure(
        "runs-by-state",
        "work",
        gettext_lazy("Runs by state"),
        gettext_lazy("Where the runs that were started in the period stand now."),
        runs_by_state,
        "across",
        gettext_lazy("No run was started in this period."),
    ),
    Figure(
        "queue-wait",
        "work",
        gettext_lazy("Wait for a worker"),
        gettext_lazy(
            "From the start by a person until a worker took the run, for runs whose first attempt began in the "
            "period; waiting for a place in the plan is part of it."
        ),
        queue_wait,
        "none",
        gettext_lazy("No run has begun in this period."),
    ),
    Figure(
        "hours",
        "work",
        gettext_lazy("Hours of computing"),
        gettext_lazy("What the ledger has booked to workspaces, refunds taken off."),
        hours,
        "stack",
        gettext_lazy("Nothing was booked in this period."),
    ),
    Figure(
        "heaviest",
        "work",
        gettext_lazy("Workspaces by hours"),
        gettext_lazy("The ten to which most hours of computing were booked in the period."),
        workspaces_by_hours,
        "across",
        gettext_lazy("Nothing was booked in this period."),
    ),
    Figure(
        "failures",
        "work",
        gettext_lazy("Failures by cause"),
        gettext_lazy(
            "Runs that failed in the period. A cause of the data or of a choice has a code of the documented "
            "table; the rest failed on our side and has an incident in the log."
        ),
        failures,
        "across",
        gettext_lazy("No run has failed in this period."),
    ),
    Figure(
        "quota-hits",
        "work",
        gettext_lazy("Limits that were met"),
        gettext_lazy(
            "Requests that were refused by a limit of a plan, and runs that wait for one at this moment."
        ),
        quota_hits,
        "across",
        gettext_lazy("Nobody has met a limit in this period."),
    ),
)
