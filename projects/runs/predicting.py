"""A prediction with the model of a run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from projects.runs import folders
from projects.runs.models import Run
from projects.runs.selectors import artifact_of
from projects.serving import client
from training.coding.relation import PLACES, untagged
from training.problems import Problem

INPUTS = 64  # at once
LETTERS = 10_000  # characters of a text
LONGER = {"context": 20_000, "source": 20_000, "messages": 40_000}  # of these roles
MESSAGES = "messages"
SPEAKERS = ("system", "user", "assistant")


def roles(run: Run) -> tuple[str, ...]:
    """What a prediction is made from; of a run from before there were others, a text."""
    return tuple(((run.report or {}).get("details") or {}).get("inputs") or ("text",))


def required(run: Run) -> tuple[str, ...]:
    """Places may be given by marks in the text instead."""
    return tuple(role for role in roles(run) if role not in PLACES)


def longest(role: str) -> int:
    return LONGER.get(role, LETTERS)


def predict(run: Run, inputs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One answer an input, as `training.coding` gives it; probabilities of labels fall.

    An input has a text for each of `roles`; `messages` may be a list of turns. Raises Problem(`predict.*`,
    `run.unfinished`, `artifact.gone`, `serving.unavailable`).
    """
    if not 1 <= len(inputs) <= INPUTS:
        raise Problem("predict.inputs", limit=INPUTS, found=len(inputs))
    own = roles(run)
    records = [_record(own, given, number) for number, given in enumerate(inputs, 1)]
    folder = folders.artifact_folder(artifact_of(run))
    if not folder.is_dir():
        raise Problem("artifact.gone", name=folder.name)
    return [_sorted(output) for output in client.predict(folder, records)]


def _record(own: Sequence[str], given: Mapping[str, Any], number: int) -> dict[str, str]:
    """The input as the model takes it: a text for every role."""
    record = {role: _text(given.get(role, "")) for role in own}
    for role in own:
        if role not in PLACES:
            _check(record[role], longest(role), number)
    if PLACES[0] in own:
        _check_places(record, number)
    if MESSAGES in own:
        record[MESSAGES] = _conversation(given[MESSAGES], number)
    return record


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _check(text: str, limit: int, number: int) -> None:
    """Also a lone surrogate or a NUL makes a text unfit: neither JSON nor a tokenizer takes them as text."""
    if not text.strip() or len(text) > limit or not _encodable(text) or "\x00" in text:
        raise Problem("predict.text", limit=limit, number=number, length=len(text.strip()))


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _check_places(record: Mapping[str, str], number: int) -> None:
    try:
        _plain, (a, b, c, d) = untagged(record)
        right = a < b and c < d
    except ValueError:
        right = False
    if not right:
        raise Problem("predict.marks", number=number)


def _conversation(given: Any, number: int) -> str:
    """As JSON. A text that is no list of turns is what the user says."""
    turns = given
    if isinstance(given, str):
        try:
            turns = json.loads(given)
        except (ValueError, RecursionError):
            turns = given
    if not isinstance(turns, list):
        turns = [{"role": "user", "content": str(given)}]
    if not all(map(_is_turn, turns)) or not turns or turns[-1]["role"] != "user":
        raise Problem("predict.messages", number=number)
    kept = [{"role": turn["role"], "content": turn["content"]} for turn in turns]
    return json.dumps(kept, ensure_ascii=False)


def _is_turn(turn: Any) -> bool:
    given = turn if isinstance(turn, Mapping) else {}
    content = given.get("content")
    return given.get("role") in SPEAKERS and isinstance(content, str) and bool(content.strip())


def _sorted(output: dict[str, Any]) -> dict[str, Any]:
    if "probabilities" not in output:
        return output
    by_share = sorted(output["probabilities"].items(), key=lambda item: (-item[1], item[0]))
    return {**output, "probabilities": dict(by_share)}
