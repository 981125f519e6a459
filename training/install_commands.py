"""The commands about base models: install, verify-base."""

from __future__ import annotations

import argparse
from contextlib import closing
from typing import Any

from training import arguments, catalogue, events
from training.terminal import Output, bases, prepare_torch

DONE = 0


def add(commands: Any) -> None:
    one = arguments.add(commands, "install", install, "Put a base model onto this machine.")
    arguments.add_paths(one, "base")
    one.add_argument("--out", default="", help="folder of the base models")
    one = arguments.add(
        commands, "verify-base", verify, "Check a base model's files and let it answer."
    )
    arguments.add_paths(one, "base")
    one.add_argument("--out", default="", help="folder of the base models")


def install(wanted: argparse.Namespace, out: Output) -> int:
    prepare_torch()
    from training import install as installing

    folder = wanted.out or bases() or "bases"
    base = catalogue.find(wanted.base, folder)
    with closing(installing.install(base, folder)) as steps:
        out.tell(steps)
    return DONE


def verify(wanted: argparse.Namespace, out: Output) -> int:
    prepare_torch()
    from training import install as installing

    files, answer = installing.verify(wanted.base, wanted.out or bases())
    out.say(events.Answered(wanted.base, files, answer).as_dict())
    return DONE
