"""The commands about data: check, revise, health."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from training import catalogue, events
from training.problems import TABLE, fill
from training.terminal import Output, bases, columns, prepare_torch, task_named

DONE, PROBLEM = 0, 2


def check(wanted: argparse.Namespace, out: Output) -> int:
    """With the deep part of the report, which needs a written version, unless only the fast one is wanted."""
    with tempfile.TemporaryDirectory() as scratch:
        steps = _fast(wanted, wanted.out or ("" if wanted.fast else scratch))
        return _tell(wanted, out, steps if wanted.fast else _whole(wanted, steps))


def base_of(wanted: argparse.Namespace) -> str:
    return wanted.base or catalogue.default_for(wanted.task, getattr(wanted, "variant", ""))


def _fast(wanted: argparse.Namespace, folder: str) -> Iterable[events.Event]:
    from training.check import Wish
    from training.check import check as checking

    wish = Wish(wanted.seed, wanted.split_by, wanted.variant, wanted.keep_test)
    options = {"out": folder, "base": base_of(wanted), "bases_dir": bases()}
    task, files = task_named(wanted.task), sources(wanted)
    return checking(task, files, columns(wanted), wish=wish, **options)


def _whole(wanted: argparse.Namespace, steps: Iterable[events.Event]) -> Iterable[events.Event]:
    """Both parts as one: progress to the end, and one report of all findings."""
    checked = None
    for event in steps:
        if isinstance(event, events.Progress):
            yield events.Progress(round(event.progress / 3, 4))
        elif isinstance(event, events.Checked):
            checked = event
    if checked is None or checked.version is None:
        yield from [checked] if checked else []
        return
    for event in _deep(wanted, str(checked.version["path"])):
        if isinstance(event, events.Progress):
            yield events.Progress(round((1 + 2 * event.progress) / 3, 4))
        elif isinstance(event, events.Examined):
            yield _joined(wanted, checked, event)


def _deep(wanted: argparse.Namespace, path: str) -> Iterable[events.Event]:
    prepare_torch()
    from training.examine import examine

    options = {"base": base_of(wanted), "bases_dir": bases(), "seed": wanted.seed}
    return examine(task_named(wanted.task), path, out=str(Path(path).parent), **options)


def _joined(
    wanted: argparse.Namespace, checked: events.Checked, deep: events.Examined
) -> events.Checked:
    from training.validation.findings import gate_of, merged

    findings = merged(checked.findings, deep.findings)
    version = checked.version if wanted.out else None
    stats = {**checked.stats, "health": deep.stats}
    return replace(checked, findings=findings, gate=gate_of(findings), stats=stats, version=version)


def revise(wanted: argparse.Namespace, out: Output) -> int:
    from training import edits
    from training.check import Wish
    from training.revise import revise as revising

    changes, wish = edits.read(wanted.changes), Wish(wanted.seed)
    options = {"out": wanted.out, "base": base_of(wanted), "bases_dir": bases()}
    steps = revising(task_named(wanted.task), wanted.version, changes, wish=wish, **options)
    return _tell(wanted, out, steps)


def health(wanted: argparse.Namespace, out: Output) -> int:
    prepare_torch()
    from training.examine import examine

    if wanted.threads:
        _limit_threads(wanted.threads)
    options = {
        "out": wanted.out,
        "base": base_of(wanted),
        "bases_dir": bases(),
        "seed": wanted.seed,
    }
    for event in examine(task_named(wanted.task), wanted.version, **options):
        if wanted.json:
            out.say(event.as_dict())
        elif isinstance(event, events.Examined):
            _say(event.findings)
    return DONE


def _limit_threads(number: int) -> None:
    import torch
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(number)
    threadpool_limits(number)


def _tell(wanted: argparse.Namespace, out: Output, steps: Iterable[events.Event]) -> int:
    gate = ""
    for event in steps:
        if isinstance(event, events.Checked):
            gate = event.gate
            event = replace(event, findings=tuple(map(_with_rows, event.findings)))
        if wanted.json:
            out.say(event.as_dict())
        elif isinstance(event, events.Checked):
            _say(event.findings)
            sys.stdout.write(f"{event.rows} rows, {event.gate}\n")
    return PROBLEM if gate == "blocked" else DONE


def _with_rows(finding: Mapping[str, Any]) -> dict[str, Any]:
    """With the first rows that it is about by file and line alone."""
    rows = [{"file": place["file"], "line": place["line"]} for place in finding["places"]]
    return {**finding, "rows": rows}


def sources(wanted: argparse.Namespace) -> list[Any]:
    """The files to check, each with the split that it is for."""
    from training.validation import Source

    train = wanted.train or wanted.train_option
    files = {"train": train, "valid": wanted.valid, "test": wanted.test}
    return [
        Source(
            split,
            path,
            Path(path).name,
            wanted.encoding,
            wanted.delimiter,
            wanted.format,
            {"yes": True, "no": False}.get(wanted.header),
        )
        for split, path in files.items()
        if path
    ]


def _say(findings: Iterable[Mapping[str, Any]]) -> None:
    """For a person to read: one line a finding, with its first places."""
    for finding in findings:
        entry, values = TABLE[finding["code"]], {**finding["values"], "count": finding["count"]}
        places = ", ".join(f"{place['file']}:{place['line']}" for place in finding["places"][:5])
        text = f"{fill(entry.found, values)} {fill(entry.remedy, values)}"
        sys.stdout.write(
            f"{finding['severity']}: {entry.title} ({finding['count']}): {text} {places}\n"
        )
