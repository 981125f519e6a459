"""Which rows of a version a page of them is about: the filters of its address, and what the draft does to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from projects.datasets import drafts, editors, selectors
from projects.datasets.models import DatasetVersion, RowEdit
from training import browse
from training.version import Page

PAGE = selectors.PAGE
STATES = ("changed", "conflict", "twice")


@dataclass(frozen=True)
class Asked:
    """The filters of the address; what makes no sense is left out."""

    page: int = 1
    split: str = ""
    label: str = ""
    q: str = ""
    finding: str = ""
    facet: str = ""  # "<column>=<value>"
    state: str = ""  # of STATES
    names: tuple[str, ...] = field(default=("split", "label", "q", "finding", "facet", "state"))

    @property
    def filtered(self) -> bool:
        return any(getattr(self, name) for name in self.names)

    def url(self, page: int) -> str:
        said = {name: getattr(self, name) for name in self.names}
        kept = {name: value for name, value in said.items() if value}
        return f"?{urlencode(kept | {'page': str(page)})}"


def read_asked(data: Mapping[str, Any], version: DatasetVersion, labels: list[str]) -> Asked:
    plain = selectors.read_row_query(data, version)
    state, finding = str(data.get("state", "")), str(data.get("finding", ""))[:100]
    label = str(data.get("label", ""))
    return Asked(
        page=plain.page,
        split=plain.split,
        label=label if label in labels else "",
        q=plain.search,
        finding=finding if finding in browse.finding_names(_file(version)) else "",
        facet=str(data.get("facet", "")).replace("\0", "")[:300],
        state=state if state in STATES else "",
    )


def _file(version: DatasetVersion) -> Any:
    return selectors.version_file(version)


def known_labels(version: DatasetVersion) -> list[str]:
    """Those of the version, the most frequent first, which is what the number keys follow; then those of the draft."""
    editor = editors.editor_of(version)
    if not editor.label:
        return []
    said = drafts.said_in(version, editor.label)
    fresh = {label for cell in said for label in editors.labels_in(editor, cell)}
    names = editors.label_names(version)
    return [*names, *sorted(fresh - set(names))]


def query_of(asked: Asked, version: DatasetVersion) -> browse.Query:
    column, _sign, value = asked.facet.partition("=")
    editor = editors.editor_of(version)
    return browse.Query(
        split=asked.split,
        label=asked.label,
        search=asked.q,
        finding=asked.finding,
        facet=column,
        value=value,
        rows=_rows_in(asked.state, version),
        label_role=editor.label or "label",
        labels_as=editor.labels_as,
    )


def _rows_in(state: str, version: DatasetVersion) -> tuple[int, ...] | None:
    if not state:
        return None
    found = {
        "changed": drafts.changed_rows,
        "conflict": drafts.conflict_rows,
        "twice": drafts.twice_rows,
    }[state]
    return tuple(found(version))


def page_of(version: DatasetVersion, asked: Asked) -> Page:
    """One page of the rows asked for. Raises Problem(`version.broken`)."""
    query = query_of(asked, version)
    changed = drafts.changed_values(version) if asked.q or asked.label else {}
    return browse.page(_file(version), query, (asked.page - 1) * PAGE, PAGE, changed)


def added_in(version: DatasetVersion, asked: Asked) -> list[RowEdit]:
    """The rows added by hand that are asked for, the newest first."""
    found = list(drafts.added_rows(version))
    if not asked.filtered:
        return found
    if asked.state not in ("", "changed"):
        return []
    hits = browse.added(query_of(asked, version), [edit.values for edit in found])
    return [edit for edit, hit in zip(found, hits, strict=True) if hit]
