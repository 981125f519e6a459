"""Answer every row of a CSV file with this model.

    python predict.py in.csv out.csv

Needs transformers and torch (see requirements.txt), fetches nothing, and stands alone: this folder is all there is.
The output holds every column of the input, then those that the model adds.
Texts are written as they came in: one that begins with =, +, - or @ may be run as a formula by a spreadsheet program.

From Python:  Model("this/folder").predict(["a text", "another"]), or [{"role": "a text", …}] for several inputs

A model that compares two texts also searches: for every row of in.csv the nearest texts of a list,

    python predict.py in.csv out.csv --list candidates.csv --most 3

From Python:  Model("this/folder").nearest("a text", ["a candidate", "another", …], 3)
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from training.coding.sequence import cells, columns
from training.files.core import Loaded
from training.files.sequence import Model

NEAREST = 3  # texts of a list that a row gets
CHUNK = 4096  # rows read, answered and written at a time


class BadFile(Exception):
    """The input file cannot be used; says where and what to do."""


def places(
    header: Sequence[str], model: Loaded, named: Mapping[str, str], roles: Sequence[str] = ()
) -> dict[str, int]:
    """role -> place of its column; the only column is taken for the only input whatever its name.

    `roles`, where not all inputs are needed.
    """
    wanted = {role: named.get(role) or model.column(role) for role in roles or model.inputs}
    if len(header) == 1 and len(wanted) == 1 and not named:
        return dict.fromkeys(wanted, 0)
    spare = model.about.get("optional") or ()
    wanted = {role: name for role, name in wanted.items() if name in header or role not in spare}
    for role, column in wanted.items():
        if column not in header:
            option = "--column NAME" if len(wanted) == 1 else f"--column {role}=NAME"
            raise BadFile(
                f"No column “{column}” in the header ({', '.join(header)}). "
                f"Name the one that holds the {role.replace('_', ' ')} with {option}."
            )
    return {role: header.index(column) for role, column in wanted.items()}


def named_columns(given: Sequence[str], model: Loaded) -> dict[str, str]:
    """ "role=NAME", or the name alone for a model with one input."""
    named = {}
    for item in given:
        role, equals, column = item.partition("=")
        if not equals or role not in model.inputs:
            role, column = model.inputs[0], item
        named[role] = column
    return named


def added(header: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """Names of the new columns; one that the file has already gets a trailing underscore."""
    names: list[str] = []
    for name in wanted:
        while name in header or name in names:
            name += "_"
        names.append(name)
    return names


def full_rows(reader: Any, width: int) -> Iterator[list[str]]:
    """The rows that are not blank, short ones filled up."""
    for row in reader:
        if len(row) > width:
            raise BadFile(
                f"Line {reader.line_num}: {len(row)} cells where the header has {width}. "
                "Put texts with a comma in double quotes, or name the delimiter with --delimiter."
            )
        if row:
            yield row + [""] * (width - len(row))


def answer_rows(
    model: Loaded,
    header: Sequence[str],
    rows: Iterator[list[str]],
    target: Any,
    given: Sequence[str] = (),
    form: tuple[Any, Any] = (columns, cells),
) -> int:
    """Writes the rows as CSV to `target` with the answers added; returns their number.

    `form` names the new columns and fills them.
    """
    found = places(header, model, named_columns(given, model))
    named, filled = form
    writer = csv.writer(target)
    writer.writerow([*header, *added(header, named(model.about))])
    count = 0
    while chunk := list(islice(rows, CHUNK)):
        records = [{role: row[place] for role, place in found.items()} for row in chunk]
        for row, answer in zip(chunk, model.predict(records), strict=True):
            writer.writerow([*row, *filled(answer, model.about)])
        count += len(chunk)
    return count


def search_rows(
    model: Any,
    candidates: Sequence[str],
    header: Sequence[str],
    rows: Iterator[list[str]],
    target: Any,
    given: Sequence[str] = (),
    most: int = NEAREST,
) -> int:
    """Writes the rows as CSV to `target` with the nearest candidates added; returns their number."""
    role, most = model.inputs[0], max(1, min(most, len(candidates)))
    place = places(header, model, named_columns(given, model), [role])[role]
    names = [
        f"{name}_{number + 1}" for number in range(most) for name in ("nearest", model.ranks_by)
    ]
    writer, count = csv.writer(target), 0
    writer.writerow([*header, *added(header, names)])
    known = model.vectors(candidates) if hasattr(model, "vectors") else None
    for row in rows:
        found = model.nearest(row[place], candidates, most, known)
        cells = [(item["text"], f"{item[model.ranks_by]:.6f}") for item in found]
        writer.writerow([*row, *(cell for pair in cells for cell in pair)])
        count += 1
    return count


def listed(path: str, model: Any, wanted: argparse.Namespace) -> list[str]:
    """The texts to search among, each once: those of the second input's column, or of the only one."""
    with Path(path).open(encoding=wanted.encoding, newline="") as source:
        header, rows = read_rows(source, wanted.delimiter)
        return list_of(header, rows, model, wanted.column)


def list_of(
    header: Sequence[str], rows: Iterable[Sequence[str]], model: Any, given: Sequence[str]
) -> list[str]:
    if not getattr(model, "searches", False):
        raise BadFile("This model does not say of two texts that they belong together.")
    role = model.inputs[1]
    named = named_columns(given, model)
    place = places(header, model, named, [role])[role] if len(header) > 1 else 0
    found = list(dict.fromkeys(row[place] for row in rows if row[place].strip()))
    if not found:
        raise BadFile("The list holds no text to search among.")
    return found


def read_rows(source: Iterable[str], delimiter: str) -> tuple[list[str], Iterator[list[str]]]:
    """The header of a CSV file, and its rows."""
    csv.field_size_limit(2**31 - 1)
    reader = csv.reader(source, delimiter=delimiter)
    header = next(reader, None)
    if not header:
        raise BadFile("The file is empty: a header line with column names was expected.")
    return header, full_rows(reader, len(header))


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("input", help="CSV file with a header line")
    parser.add_argument("output", help="CSV file to write")
    parser.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="[ROLE=]NAME",
        help="column that holds an input",
    )
    parser.add_argument("--list", metavar="FILE", help="CSV file of texts to search among")
    parser.add_argument(
        "--most", type=int, default=NEAREST, help=f"texts of the list that a row gets ({NEAREST})"
    )
    parser.add_argument("--encoding", default="utf-8-sig", help="of the input (utf-8)")
    parser.add_argument("--delimiter", default=",", help="of the input (a comma)")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    wanted = arguments(argv)
    model = Model(Path(__file__).resolve().parent)
    try:
        candidates = listed(wanted.list, model, wanted) if wanted.list else []
        with (
            Path(wanted.input).open(encoding=wanted.encoding, newline="") as source,
            Path(wanted.output).open("w", encoding="utf-8", newline="") as target,
        ):
            header, rows = read_rows(source, wanted.delimiter)
            if wanted.list:
                given = header, rows, target, wanted.column, wanted.most
                count = search_rows(model, candidates, *given)
            else:
                count = answer_rows(model, header, rows, target, wanted.column)
    except UnicodeDecodeError as error:
        sys.stderr.write(f"{wanted.input} is not {wanted.encoding} ({error}). Try --encoding.\n")
        return 2
    except (BadFile, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stderr.write(f"{count} rows answered, written to {wanted.output}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
