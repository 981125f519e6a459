"""Reads of a version's health: the findings of both looks together, what is ignored, and what they come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from projects.datasets import remedies
from projects.datasets.findings import Group, Said, grouped, said
from projects.datasets.models import DatasetVersion, HealthReport
from projects.datasets.reasons import REASONS
from projects.datasets.remedies import Offer, Patient
from projects.datasets.selectors import version_file
from training import version as versions
from training.problems import BLOCKING
from training.validation.findings import gate_of, merged

OPEN = (HealthReport.Status.QUEUED, HealthReport.Status.RUNNING)
# What stands behind the code in the name of a finding, where one code may be there several times.
KEYS = {
    "leak.exact": "{split}-{other}",
    "leak.near": "{split}-{other}",
    "split.shares": "{split}",
    "text.personal": "{kind}",
}
OF_BASE = ("base.language", "base.language_partly")
# gate -> what it means
MEANINGS = {
    "green": gettext_noop("Nothing that was found stands in the way of a good model."),
    "amber": gettext_noop(
        "A model can be trained. What is listed below may cost it some of its quality."
    ),
    "red": gettext_noop(
        "A model can be trained once you confirm it. What is listed below makes the model worse, or its scores look "
        "better than they are."
    ),
    "blocked": gettext_noop("No model can be trained on this data as it is."),
}


def report_of(version: DatasetVersion) -> HealthReport | None:
    """None for a version from before there were reports."""
    return HealthReport.objects.filter(version=version).first()


def name_of(finding: Mapping[str, Any]) -> str:
    """As the flags beside the version have it: `code`, or `code:key`."""
    code = str(finding["code"])
    key = KEYS.get(code)
    return f"{code}:{key.format_map(_Values(finding.get('values') or {}))}" if key else code


class _Values(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return ""


def findings_of(version: DatasetVersion, report: HealthReport | None) -> list[Mapping[str, Any]]:
    """The worst first; what the close look knows better takes the place of what the check said."""
    if report is None:
        return list(version.findings)
    fast = version.findings
    if report.base in report.stats.get("unknown", {}):
        # The check judged the usual base, the close look one that was chosen for these texts.
        fast = [finding for finding in fast if finding["code"] not in OF_BASE]
    return list(merged(fast, report.findings))


def ignored_of(report: HealthReport | None) -> dict[str, Mapping[str, Any]]:
    return {entry["name"]: entry for entry in report.ignored} if report else {}


def counted(version: DatasetVersion, report: HealthReport | None) -> list[Mapping[str, Any]]:
    """The findings that are not ignored. What blocks always counts."""
    left = ignored_of(report)
    found = findings_of(version, report)
    return [item for item in found if item["severity"] == BLOCKING or name_of(item) not in left]


def gate(version: DatasetVersion, report: HealthReport | None) -> str:
    """Of what is not ignored."""
    return gate_of(counted(version, report)) if report else version.gate


def standing(version: DatasetVersion) -> str:
    """The gate as every page shows it, and as it decides about training.

    For many versions at once ask for them with select_related("health").
    """
    return gate(version, getattr(version, "health", None))


def acknowledged(version: DatasetVersion) -> list[dict[str, Any]]:
    """What is ignored of the version, the worst first: {"name", "severity", "by", "at"}."""
    report = getattr(version, "health", None)
    left = ignored_of(report)
    found = [(name_of(item), item["severity"]) for item in findings_of(version, report)]
    return [{**left[name], "severity": severity} for name, severity in found if name in left]


@dataclass(frozen=True)
class Diagnosis:
    version: DatasetVersion
    report: HealthReport | None
    gate: str
    groups: list[Group]  # by severity, what is ignored last
    ignored: int
    looked: frozenset[str]  # findings whose rows can be shown

    @property
    def open(self) -> bool:
        return self.report is not None and self.report.status in OPEN

    @property
    def meaning(self) -> str:
        return _(MEANINGS[self.gate])

    @property
    def bulk(self) -> bool:
        """Whether there are several findings that could be mended at once."""
        items = [item for group in self.groups for item in group.items]
        return sum(bool(item.offers) and not item.ignored for item in items) > 1


def diagnosis(version: DatasetVersion, report: HealthReport | None) -> Diagnosis:
    patient, left = remedies.patient_of(version), ignored_of(report)
    items = [_said(item, patient, left) for item in findings_of(version, report)]
    heeded = [item for item in items if not item.ignored]
    kept = [item for item in items if item.ignored]
    groups = grouped(heeded)
    if kept:
        groups.append(Group("ignored", gettext_noop("Ignored"), "muted", "eye-off", kept))
    return Diagnosis(
        version, report, gate(version, report), groups, len(kept), frozenset(patient.rows)
    )


def _said(
    finding: Mapping[str, Any], patient: Patient, left: Mapping[str, Mapping[str, Any]]
) -> Said:
    name = name_of(finding)
    reason = REASONS.get(finding["code"], "")
    return replace(
        said(finding),
        name=name,
        why=_(reason) if reason else "",
        offers=remedies.offers(patient, name),
        ignored=left.get(name),
    )


def blocks(version: DatasetVersion, report: HealthReport | None, name: str) -> bool:
    found = findings_of(version, report)
    return any(item["severity"] == BLOCKING and name_of(item) == name for item in found)


def words_in(version: DatasetVersion, report: HealthReport | None) -> dict[str, str]:
    """Name of each finding -> what was found, in words."""
    found = findings_of(version, report)
    return {name_of(finding): said(finding).words["found"] for finding in found}


def tested(version: DatasetVersion, picked: Sequence[Offer]) -> int:
    """How many test rows the remedies change; one that is also given another label may count twice."""
    changes = remedies.changes_of(picked)
    names = {change["finding"] for change in changes if "finding" in change}
    names |= {offer.finding for offer in picked if any(map(_masks, offer.changes))}
    labels = [label for change in changes for label in change.get("labels", ())]
    renamed = sum(version.labels[label].get("test", 0) for label in labels)
    return versions.count_rows(version_file(version), names)[1] + renamed


def _masks(change: Mapping[str, Any]) -> bool:
    return bool(change["op"] == "mask")
