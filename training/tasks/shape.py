"""What a task is: data and functions, no torch. Every file in this package ends in `TASK = Task(…)`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Column:
    """A role that a column of the user's file can play."""

    role: str
    title: str  # translatable
    help: str
    required: bool = True
    # Lower-case header names that are taken for this role without asking.
    guesses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """One row of data: `values` by role, and the place in the user's file that it came from."""

    row: int  # id within the version: 0, 1, 2 …
    file: str
    line: int  # 1-based line of the file on which the row begins
    values: Mapping[str, str]


@dataclass(frozen=True)
class Task:
    name: str
    title: str
    description: str
    icon: str  # a lucide name
    columns: tuple[Column, ...]
    head: str  # sequence, pair, token, span, seq2seq, causal …: all that backbone needs to know
    # rows -> the list of labels, sorted; [] for tasks without labels
    labels: Callable[[Sequence[Row]], list[str]]
    # (tokenizer, rows, max_length) -> {"input_ids": list[list[int]], "attention_mask"?, …}; a tokenizer is passed in
    encode: Callable[[Any, Sequence[Row], int], dict[str, list[Any]]]
    # (rows, labels) -> targets as an int array of shape (rows,), -1 where the label is not among `labels`
    targets: Callable[[Sequence[Row], Sequence[str]], Any]
    # (logits (rows, labels) float array, labels) -> one prediction a row, as plain data for JSON
    decode: Callable[[Any, Sequence[str]], list[dict[str, Any]]]
    # (targets, probabilities, labels) -> metrics as in the report
    score: Callable[[Any, Any, Sequence[str]], dict[str, Any]]
    main_metric: str = "macro.f1"  # by which the best checkpoint is chosen
    available: bool = True


@dataclass(frozen=True)
class Coming:
    """A task that is announced but cannot be chosen yet."""

    name: str
    title: str
    description: str
    icon: str
    available: bool = field(default=False, init=False)
