"""How far annotators agree on the rows that two or more of them have answered, beyond what chance would give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from accounts.models import User
from projects.datasets import drafts
from projects.datasets.models import DatasetVersion, RowEdit
from projects.datasets.selectors import version_file
from training import browse

Answers = dict[int, dict[Any, str]]  # row -> person -> answer


@dataclass(frozen=True)
class Pair:
    """Cohen's kappa of two people, over the rows that both have answered."""

    one: str
    other: str
    rows: int
    same: float  # share of those rows, 0 to 1
    kappa: float | None


@dataclass(frozen=True)
class Agreement:
    """None where a figure is not defined: no row twice, or everybody gave the same answer all the time."""

    rows: int
    people: int
    pairs: list[Pair]
    fleiss: float | None
    fleiss_raters: int  # answers a row, of the rows that it is over
    fleiss_rows: int
    alpha: float | None
    drafts: list[drafts.Draft] = field(default_factory=list)


def measured(version: DatasetVersion) -> Agreement:
    """Over everything that was ever said about a row of this version, made into a version or not."""
    found = _drafts(version)
    answers: Answers = {
        draft.row.row: {
            edit.user_id: "\x1f".join(said)
            for edit in draft.edits
            if (said := drafts.answer(edit, draft.row)) is not None
        }
        for draft in found
    }
    answers = {row: said for row, said in answers.items() if len(said) > 1}
    people = {person for said in answers.values() for person in said}
    emails = dict(User.objects.filter(pk__in=people).values_list("pk", "email"))
    raters, rows = _most_answered(answers)
    return Agreement(
        rows=len(answers),
        people=len(people),
        pairs=_pairs(answers, emails),
        fleiss=fleiss(rows),
        fleiss_raters=raters,
        fleiss_rows=len(rows),
        alpha=krippendorff(list(answers.values())),
        drafts=found,
    )


def _drafts(version: DatasetVersion) -> list[drafts.Draft]:
    rows = drafts.twice_rows(version)
    stored = browse.rows(version_file(version), rows)
    said: dict[int, dict[Any, RowEdit]] = {}
    edits = drafts.of_version(version).filter(row__in=rows).select_related("user")
    for edit in edits.order_by("updated_at"):
        said.setdefault(edit.row or 0, {})[edit.user_id] = edit
    return [drafts.Draft(row, tuple(said[row.row].values())) for row in stored]


def _pairs(answers: Answers, emails: dict[Any, str]) -> list[Pair]:
    found = []
    for one, other in combinations(sorted(emails, key=lambda pk: emails[pk]), 2):
        both = [(said[one], said[other]) for said in answers.values() if {one, other} <= set(said)]
        if both:
            same = sum(a == b for a, b in both) / len(both)
            found.append(Pair(emails[one], emails[other], len(both), same, cohen(both)))
    return found


def _most_answered(answers: Answers) -> tuple[int, list[list[str]]]:
    """Fleiss' kappa wants the same number of answers a row: the number that most rows have, and those rows."""
    sizes = Counter(len(said) for said in answers.values())
    if not sizes:
        return 0, []
    size = max(sizes, key=lambda size: (sizes[size], size))
    return size, [list(said.values()) for said in answers.values() if len(said) == size]


def cohen(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Of the answers of two people."""
    if len({answer for pair in pairs for answer in pair}) < 2:
        return None
    from sklearn.metrics import cohen_kappa_score

    return float(cohen_kappa_score([one for one, _ in pairs], [other for _, other in pairs]))


def fleiss(rows: Sequence[Sequence[str]]) -> float | None:
    """As many answers for each row; who gave them does not matter."""
    task = _task([dict(enumerate(answers)) for answers in rows])
    return float(task.pi()) if task else None  # multi-pi, which is what Fleiss called kappa


def krippendorff(rows: Sequence[dict[Any, str]]) -> float | None:
    """Alpha for names; people may have left rows out."""
    task = _task(rows)
    return float(task.alpha()) if task else None


def _task(rows: Sequence[dict[Any, str]]) -> Any:
    """None where chance would agree every time, and agreement says nothing."""
    if len({answer for row in rows for answer in row.values()}) < 2:
        return None
    from nltk.metrics.agreement import AnnotationTask

    return AnnotationTask(
        [
            (str(person), number, answer)
            for number, row in enumerate(rows)
            for person, answer in row.items()
        ]
    )
