"""Writes about the health of a version: the report itself, what is ignored of it, and the remedies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import User
from projects.datasets import diagnosis, services
from projects.datasets.models import DatasetVersion, HealthReport, Import
from projects.jobs.queue import enqueue
from training import catalogue
from training.problems import Problem

EXAMINE = "projects.datasets.tasks.examine"
LOOK = "look"  # its cluster of the queue
Status = HealthReport.Status


def queue(*, version: DatasetVersion, ignored: Sequence[Mapping[str, Any]] = ()) -> HealthReport:
    """Makes the version's report, to be filled by a worker once the transaction is committed."""
    report = HealthReport.objects.create(
        version=version, base=base_for(version), ignored=list(ignored)
    )
    enqueue(EXAMINE, report.pk, cluster=LOOK)
    return report


@transaction.atomic
def examine_again(*, version: DatasetVersion) -> HealthReport:
    """A new report in place of one that failed, or of none; one that is under way or ready stays as it is.

    A new row rather than the old one anew: a worker of the old one that still lives must not write into this.
    """
    services.lock(version.project)
    report = HealthReport.objects.filter(version=version).first()
    if report and report.status != Status.FAILED:
        return report
    ignored = report.ignored if report else []
    if report:
        report.delete()
    return queue(version=version, ignored=ignored)


def base_for(version: DatasetVersion) -> str:
    """The first base on this machine that was made for the script most letters are in."""
    scripts = version.stats.get("scripts") or {}
    main = max(scripts, key=lambda name: scripts[name], default="latin")
    language = {"latin": "en", "cjk": "zh"}.get(main, "mul")
    for wanted in dict.fromkeys((language, "mul")):
        for base in catalogue.BASES.values():
            if wanted in base.languages and _is_here(base.id):
                return base.id
    return catalogue.DEFAULT


def _is_here(base: str) -> bool:
    try:
        return bool(catalogue.locate(base, Path(settings.BASES_DIR)))
    except Problem:
        return False


@transaction.atomic
def ignore(*, version: DatasetVersion, user: User, name: str, ignored: bool = True) -> None:
    """Leaves a finding out of the gate that is shown, or takes it back in; doing it twice is doing it once.

    Raises Problem(`health.finding`) for one that the version does not have, `health.blocking` for one without which
    nothing can be trained.
    """
    services.lock(version.project)
    report = HealthReport.objects.filter(version=version).first()
    if name not in diagnosis.words_in(version, report):
        raise Problem("health.finding", finding=name[:80])
    if ignored and diagnosis.blocks(version, report, name):
        raise Problem("health.blocking", finding=name[:80])
    report = report or queue(version=version)
    kept = [entry for entry in report.ignored if entry["name"] != name]
    if ignored and len(kept) == len(report.ignored):
        kept.append({"name": name, "by": user.email, "at": timezone.now().isoformat()})
    elif ignored:
        kept = report.ignored
    HealthReport.objects.filter(pk=report.pk).update(ignored=kept)
    verb = "finding.ignored" if ignored else "finding.minded"
    record(version.project.workspace, verb, user=user, about=str(version), finding=name)


def go_back(*, version: DatasetVersion, user: User) -> Import:
    """A new version with the rows of an old one: nothing is taken away, and what came between stays too."""
    note = _("Back to version %(number)s") % {"number": version.number}
    return services.start_revision(
        project=version.project, user=user, base=version, changes=[], note=note
    )
