"""Arguments that several commands share."""

from __future__ import annotations

import argparse
from typing import Any

from training import options


def add(commands: Any, name: str, run: Any, text: str) -> argparse.ArgumentParser:
    found: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    found.set_defaults(run=run)
    return found


def add_paths(parser: argparse.ArgumentParser, *names: str) -> None:
    for name in names:
        parser.add_argument(name)


def add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--task", default="text-classification", help="name of the task")
    parser.add_argument("--valid", default="", help="CSV file to choose the best epoch on")
    parser.add_argument("--test", default="", help="CSV file to measure the model on")
    parser.add_argument(
        "--column", action="append", default=[], metavar="ROLE=NAME", help="e.g. text=Message"
    )
    parser.add_argument("--encoding", default="", help="of the files, where detection is wrong")
    parser.add_argument("--delimiter", default="", help="of the files, where detection is wrong")
    parser.add_argument("--format", default="", help="of the files, where detection is wrong")
    parser.add_argument("--header", choices=("yes", "no"), help="whether the first row is a header")
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--base", default="", help="base model; empty: the usual one for the task")


def add_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="events as JSON lines")
    parser.add_argument("--out", default="", help="folder to write version.parquet into")


def add_train(parser: argparse.ArgumentParser) -> None:
    """The file to learn from, as an argument of its own or, as `fit` takes it, as an option."""
    one = parser.add_mutually_exclusive_group(required=True)
    one.add_argument("train", nargs="?", help="CSV file to learn from")
    one.add_argument("--train", dest="train_option", help="the same")


def add_choices(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--effort", default="balanced", help="quick, balanced or thorough")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help=", ".join(options.OPTIONS)
    )
    parser.add_argument(
        "--search",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="search for better settings: trials=20, minutes=30, names=learning_rate,epochs, "
        "pruner=asha, hyperband or none",
    )
