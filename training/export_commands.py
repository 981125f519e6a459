"""The command that writes a dataset version as a file of another kind, without any model."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from training import arguments, exports
from training.exports import EXPORTS


def add(commands: Any) -> None:
    one = arguments.add(
        commands, "export-data", export_data, "A dataset version as a file that others read."
    )
    arguments.add_paths(one, "version", "output")
    one.add_argument("--format", default="csv", choices=EXPORTS, help="of the file")
    one.add_argument("--split", default="", choices=("train", "valid", "test"), help="that alone")
    how = one.add_mutually_exclusive_group()
    text = "formulas become harmless text; on by itself for CSV"
    how.add_argument("--safe", dest="safe", action="store_true", default=None, help=text)
    how.add_argument("--raw", dest="safe", action="store_false", help="every cell as it stands")


def export_data(wanted: argparse.Namespace, out: Any) -> int:
    """The file appears whole or not at all; `-` is standard output."""
    export = exports.chosen(wanted.version, wanted.format)
    parts = exports.pieces(wanted.version, export, safe=wanted.safe, split=wanted.split)
    if wanted.output == "-":
        sys.stdout.writelines(parts)
        return 0
    target = Path(wanted.output)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            file.writelines(parts)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    out.say({"event": "exported", "format": export.name, "file": wanted.output})
    return 0
