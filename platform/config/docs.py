"""The parts of docs/ that are generated from code, so that they cannot fall behind it.

A generated part stands between two comments in its page: `<!-- name -->` and `<!-- end of name -->`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from django.utils.translation import override
from drf_spectacular.generators import SchemaGenerator

from accounts.access import WORDS, permits
from accounts.models import Role
from billing.limits import COUNT, FEATURES, LARGE, LIMITS, Limit
from projects.runs.refunding import OUR_CODES
from training.options import OPTIONS, Option
from training.problems import TABLE
from training.space import SPACE, Range
from training.tasks import TASKS
from training.validation import GATES

METHODS = ("get", "post", "put", "patch", "delete")


def problems() -> Iterator[str]:
    """One table a family: what stands before the dot of a code."""
    families = dict.fromkeys(code.partition(".")[0] for code in TABLE)
    for family in families:
        entries = {code: entry for code, entry in TABLE.items() if code.startswith(f"{family}.")}
        yield f"\n### {family}\n"
        yield from table(
            ("code", "severity", "what it is", "expected", "what to do"),
            (
                (f"`{code}`", entry.severity, entry.title, entry.expected, entry.remedy)
                for code, entry in entries.items()
            ),
        )


def options() -> Iterator[str]:
    rows = ((f"`{name}`", values(option), option.explain) for name, option in OPTIONS.items())
    return table(("name", "values", "what it does"), rows)


def searched() -> Iterator[str]:
    return table(("name", "what is tried", "where"), map(_searched, SPACE))


def _searched(one: Range) -> tuple[str, str, str]:
    if one.choices:
        tried = ", ".join(f"`{str(choice).lower()}`" for choice in one.choices)
    elif one.times:
        tried = f"{one.low:g} to {one.high:g} times what is usual"
    else:
        tried = f"{one.low:g} to {one.high:g}"
    heads = ", ".join(f"`{head}`" for head in one.heads) or "all"
    only = "".join(f", only with `{name}` {' or '.join(values)}" for name, values in one.when)
    return f"`{one.name}`", tried + (", on a logarithmic scale" if one.log else ""), heads + only


def values(option: Option) -> str:
    if option.choices:
        return ", ".join(f"`{choice}`" for choice in option.choices)
    if option.kind is bool:
        return "`true`, `false`"
    return f"{option.low:g} to {option.high:g}{', whole' if option.kind is int else ''}"


def endpoints() -> Iterator[str]:
    schema: Mapping[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    rows = (
        (f"`{method.upper()} {path}`", operation.get("summary", ""))
        for path, operations in schema["paths"].items()
        for method, operation in operations.items()
        if method in METHODS
    )
    return table(("request", "what it does"), rows)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    head = list(head)
    for row in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(str(cell).replace('|', '/') for cell in row)} |"


def gates() -> Iterator[str]:
    rows = (
        (
            gate.color,
            gate.rule.format(limit=f"{gate.limit:g}"),
            ", ".join(f"`{c}`" for c in gate.codes),
        )
        for gate in GATES.values()
    )
    return table(("gate", "when", "finding"), rows)


def columns() -> Iterator[str]:
    rows = (
        (task.title, variant.title, ", ".join(f"`{role}`" for role in variant.needs))
        for task in TASKS.values()
        for variant in task.variants
    )
    return table(("task", "data", "columns"), rows)


def limits() -> Iterator[str]:
    rows = (
        (f"`{one.name}`", str(one.label), str(one.help) + _later(one.later), _unit(one))
        for one in LIMITS.values()
    )
    return table(("name", "limit", "what it is", "unit"), rows)


def _unit(limit: Limit) -> str:
    unit = "number" if limit.unit in (COUNT, LARGE) else limit.unit
    return f"{unit}{', a calendar month' if limit.monthly else ''}"


def features() -> Iterator[str]:
    rows = (
        (f"`{one.name}`", str(one.label), str(one.help) + _later(one.later))
        for one in FEATURES.values()
    )
    return table(("name", "feature", "what it is"), rows)


def _later(later: bool) -> str:
    return " Kept ready: there are no endpoints yet." if later else ""


def refunds() -> Iterator[str]:
    rows = ((f"`{code}`", TABLE[code].title) for code in sorted(OUR_CODES))
    return table(("code", "what it is"), rows)


def roles() -> Iterator[str]:
    """Who may do what: the table by which it is decided."""
    head = ["may", *(str(role.label) for role in Role)]
    rows = [
        [str(words), *("yes" if permits(role, action) else "–" for role in Role)]
        for action, words in WORDS.items()
    ]
    return table(head, rows)


PARTS: dict[str, Callable[[], Iterator[str]]] = {
    "problems": problems,
    "options": options,
    "searched": searched,
    "endpoints": endpoints,
    "gates": gates,
    "columns": columns,
    "limits": limits,
    "features": features,
    "refunds": refunds,
    "roles": roles,
}


def pages(folder: Path) -> dict[Path, str]:
    """Every page that has a generated part, as it should be."""
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.md"))}
    with override("en"):
        return {path: fill(text) for path, text in texts.items() if "<!-- end of " in text}


def fill(text: str) -> str:
    for name, part in PARTS.items():
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        if begin in text:
            body = "\n".join(part())
            between = re.compile(f"{re.escape(begin)}.*{re.escape(end)}", re.DOTALL)
            text = between.sub(lambda _match: f"{begin}\n{body}\n{end}", text)  # noqa: B023
    return text
