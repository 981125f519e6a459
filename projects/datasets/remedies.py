"""What can be done about a finding: the one table.

A remedy is a list of changes (training.edits) to the version, and so makes a new one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from projects.datasets.models import DatasetVersion
from projects.datasets.selectors import version_file
from projects.selectors import task_of
from training import edits
from training import version as versions
from training.problems import Problem
from training.validation.rules import look

Changes = list[dict[str, Any]]


@dataclass(frozen=True)
class Patient:
    """A version with what decides about its remedies, read once a page."""

    version: DatasetVersion
    rows: Mapping[str, int]  # finding -> rows that it is about
    maskable: bool  # texts can be changed without moving what marks count

    def key(self, name: str) -> str:
        """What stands behind the code in a finding's name, such as `test-train` or `email`."""
        return name.partition(":")[2]


def patient_of(version: DatasetVersion) -> Patient:
    """Of a file that is gone: a version that nothing can be done for."""
    path, task = version_file(version), task_of(version.project)
    try:
        roles = versions.columns(path)[0]
    except Problem:
        return Patient(version, {}, False)
    return Patient(version, versions.count_flags(path), bool(edits.maskable(task, roles)))


@dataclass(frozen=True)
class Remedy:
    """`title` is on the button, `says` in the confirmation, `note` in the history: all translatable."""

    name: str
    title: str
    says: str
    note: str
    changes: Callable[[Patient, str], Changes]  # of a finding's name; none where it does not fit
    count: Callable[[Patient, str], int] = lambda patient, name: patient.rows.get(name, 0)
    icon: str = "trash-2"


@dataclass(frozen=True)
class Offer:
    """A remedy for one finding of one version, in the reader's language."""

    finding: str
    remedy: Remedy
    rows: int
    changes: Changes

    @property
    def id(self) -> str:
        return f"{self.finding}/{self.remedy.name}"

    @property
    def title(self) -> str:
        return _(self.remedy.title)

    @property
    def says(self) -> str:
        return _(self.remedy.says)

    @property
    def note(self) -> str:
        return _(self.remedy.note)


def drop(patient: Patient, name: str) -> Changes:
    return [{"op": "drop", "finding": name}] if patient.rows.get(name) else []


def move(patient: Patient, name: str) -> Changes:
    """To the training rows; what leaks from test to validation has no place there."""
    if not patient.rows.get(name) or not patient.key(name).endswith("-train"):
        return []
    return [{"op": "move", "finding": name, "split": "train"}]


def twin(name: str) -> str:
    """The flags of the rows on the other side of a leak: of `leak.exact:test-train` the training rows."""
    code, _colon, key = name.partition(":")
    return f"{code}:{'-'.join(reversed(key.split('-')))}"


def _drop_from(split: str) -> Callable[[Patient, str], Changes]:
    """Leaves out the rows of this split that another one has too; the other one stays as it is."""

    def changes(patient: Patient, name: str) -> Changes:
        other = twin(name)
        return drop(patient, other) if patient.key(other).startswith(f"{split}-") else []

    return changes


def _of_twin(patient: Patient, name: str) -> int:
    return patient.rows.get(twin(name), 0)


def mask(patient: Patient, name: str) -> Changes:
    if not patient.rows.get(name) or not patient.maskable:
        return []
    return [{"op": "mask", "kinds": [patient.key(name)]}]


def merge(patient: Patient, name: str) -> Changes:
    return [
        {"op": "rename", "labels": others, "to": kept} for kept, others in merges(patient.version)
    ]


def merges(version: DatasetVersion) -> list[tuple[str, list[str]]]:
    """(the most frequent of the labels that look alike, the others), the first of the alphabet where two are."""
    groups: dict[str, list[str]] = defaultdict(list)
    for label in version.labels:
        groups[look(label)].append(label)
    ordered = [
        sorted(group, key=lambda label: (-_rows(version, label), label))
        for group in groups.values()
        if len(group) > 1
    ]
    return [(kept, others) for kept, *others in ordered]


def _rows(version: DatasetVersion, label: str) -> int:
    return sum(version.labels[label].values())


def _renamed(patient: Patient, name: str) -> int:
    pairs = merges(patient.version)
    return sum(_rows(patient.version, label) for _kept, others in pairs for label in others)


_COPIES = Remedy(
    "drop",
    gettext_noop("Keep the first, leave out the rest"),
    gettext_noop("The first row of each text stays; the later ones are left out."),
    gettext_noop("Copies left out"),
    drop,
    icon="copy-minus",
)
_LEAKS = (
    Remedy(
        "drop-train",
        gettext_noop("Leave out of training"),
        gettext_noop(
            "The training rows that repeat them are left out; validation and test stay as they are."
        ),
        gettext_noop("Training rows that stand in another split left out"),
        _drop_from("train"),
        _of_twin,
    ),
    Remedy(
        "drop-valid",
        gettext_noop("Leave out of validation"),
        gettext_noop("The validation rows that repeat them are left out; the test stays as it is."),
        gettext_noop("Validation rows that stand in the test left out"),
        _drop_from("valid"),
        _of_twin,
    ),
    Remedy(
        "drop",
        gettext_noop("Leave these rows out"),
        gettext_noop("They are left out of validation or test; the other split keeps them."),
        gettext_noop("Rows that stand in two splits left out"),
        drop,
    ),
    Remedy(
        "move",
        gettext_noop("Move to training"),
        gettext_noop("They leave validation or test and are trained on."),
        gettext_noop("Rows that stand in two splits moved to training"),
        move,
        icon="arrow-right-left",
    ),
)
_LABEL = Remedy(
    "drop",
    gettext_noop("Leave out rows with these labels"),
    gettext_noop("All rows with these labels are left out, and the labels with them."),
    gettext_noop("Labels with too few rows left out"),
    drop,
)
_SUSPECTS = Remedy(
    "drop",
    gettext_noop("Leave these rows out"),
    gettext_noop("All of them are left out, those too whose label is right after all."),
    gettext_noop("Rows with doubtful labels left out"),
    drop,
)
# Code of a finding -> remedies, the first by default. What is not here cannot be mended by a button.
REMEDIES: dict[str, tuple[Remedy, ...]] = {
    "row.duplicate": (_COPIES,),
    "row.near": (_COPIES,),
    "leak.exact": _LEAKS,
    "leak.near": _LEAKS,
    "label.contradictory": (
        Remedy(
            "drop",
            gettext_noop("Leave all of them out"),
            gettext_noop("All rows of a text with several labels are left out."),
            gettext_noop("Texts with several labels left out"),
            drop,
        ),
    ),
    "label.alike": (
        Remedy(
            "merge",
            gettext_noop("Merge the labels"),
            gettext_noop("Of labels that look alike the most frequent stays and gets their rows."),
            gettext_noop("Labels that look alike merged"),
            merge,
            _renamed,
            icon="merge",
        ),
    ),
    "label.single": (_LABEL,),
    "label.few": (_LABEL,),
    "label.untrained": (_LABEL,),
    "label.suspect": (_SUSPECTS,),
    "text.personal": (
        Remedy(
            "mask",
            gettext_noop("Mask"),
            gettext_noop("What was found is replaced by its kind, as in “[email]”."),
            gettext_noop("Personal data masked"),
            mask,
            icon="eye-off",
        ),
    ),
}
# Findings whose rows have a queue of their own.
REVIEWED = ("label.suspect",)


def offers(patient: Patient, name: str) -> tuple[Offer, ...]:
    """What can be done about a finding of this version."""
    found = [
        Offer(name, remedy, remedy.count(patient, name), remedy.changes(patient, name))
        for remedy in REMEDIES.get(name.partition(":")[0], ())
    ]
    return tuple(offer for offer in found if offer.changes)


def chosen(patient: Patient, names: Sequence[str], wanted: Sequence[str]) -> list[Offer]:
    """The offers with these ids, each once. Raises Problem(`health.remedy`) for others, and for none."""
    known = {offer.id: offer for name in names for offer in offers(patient, name)}
    unknown = next((item for item in wanted if item not in known), None)
    if not wanted or unknown is not None:
        raise Problem("health.remedy", remedy=(unknown or "")[:80])
    return [known[item] for item in dict.fromkeys(wanted)]


def changes_of(picked: Sequence[Offer]) -> Changes:
    return [change for offer in picked for change in offer.changes]


def note_of(picked: Sequence[Offer]) -> str:
    """For the history: each thing once."""
    return " · ".join(dict.fromkeys(offer.note for offer in picked))
