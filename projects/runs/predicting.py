"""A prediction with the model of a run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import compress
from typing import Any

from billing import metering
from projects.runs import folders, storing
from projects.runs.models import Run
from projects.runs.selectors import artifact_of
from projects.serving import client
from training.coding.relation import PLACES, untagged
from training.problems import Problem

INPUTS = 64  # at once
LETTERS = 10_000  # characters of a text
LONGER = {"context": 20_000, "source": 20_000, "messages": 40_000}  # of these roles
MESSAGES = "messages"
# Instead of a second text: a list in which the texts are found that belong to the first one.
CANDIDATES, MOST = "candidates", "most"
LIST, LIST_LETTERS = 500, 100_000  # texts of all lists together, and their characters
NEAREST = 10  # of them in an answer, where nothing else is asked
SPEAKERS = ("system", "user", "assistant")


def roles(run: Run) -> tuple[str, ...]:
    """What a prediction is made from; of a run from before there were others, a text."""
    return tuple(((run.report or {}).get("details") or {}).get("inputs") or ("text",))


def required(run: Run) -> tuple[str, ...]:
    """Places may be given by marks in the text instead."""
    return tuple(role for role in roles(run) if role not in PLACES)


def longest(role: str) -> int:
    return LONGER.get(role, LETTERS)


def searches(run: Run) -> bool:
    """Whether the model says of two texts that they belong together, so that one can be looked up in a list."""
    report = run.report or {}
    alone = (report.get("details") or {}).get("head") == "pair"
    return alone or "ranking" in (report.get("metrics") or {})


def predict(run: Run, inputs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One answer an input, as `training.coding` gives it; probabilities of labels fall.

    An input has a text for each of `roles`; `messages` may be a list of turns. With `candidates`, a list of texts, in
    place of the second of two texts the answer is {"nearest": …}. Raises Problem(`predict.*`, `run.unfinished`,
    `artifact.expired`, `artifact.gone`, `serving.unavailable`, `quota.*`).
    """
    if not 1 <= len(inputs) <= INPUTS:
        raise Problem("predict.inputs", limit=INPUTS, found=len(inputs))
    kinds = [CANDIDATES in given for given in inputs]
    if any(kinds):
        _check_lists(run, [given[CANDIDATES] for given in inputs if CANDIDATES in given])
    own = roles(run)
    records = [_record(own, given, number) for number, given in enumerate(inputs, 1)]
    artifact = artifact_of(run)
    storing.check_kept(artifact)
    folder = folders.artifact_folder(artifact)
    if not folder.is_dir():
        raise Problem("artifact.gone", name=folder.name)
    where = {"run_id": run.pk, "project_id": run.project_id}
    with metering.used(run.project.workspace, predictions=len(records), **where) as use:
        # The model takes pairs, or texts with a list, in one call.
        answers = {
            kind: client.predict(folder, [*compress(records, map(kind.__eq__, kinds))])
            for kind in set(kinds)
        }
        use.tokens = sum(map(client.tokens_of, answers.values()))
    found = {kind: iter(answer) for kind, answer in answers.items()}
    return [_sorted(next(found[kind])) for kind in kinds]


def _check_lists(run: Run, lists: Sequence[Sequence[str]]) -> None:
    if not searches(run):
        raise Problem("predict.no_search")
    texts = [text for each in lists for text in each]
    length = sum(map(len, texts))
    usable = all(lists) and all(text.strip() and _is_clean(text) for text in texts)
    if not usable or len(texts) > LIST or length > LIST_LETTERS:
        limits = {"limit": LIST, "letters": LIST_LETTERS}
        raise Problem("predict.candidates", found=len(texts), length=length, **limits)


def _record(own: Sequence[str], given: Mapping[str, Any], number: int) -> dict[str, Any]:
    """The input as the model takes it: a text for every role, or for the first one and a list."""
    if CANDIDATES in given:
        record: dict[str, Any] = {own[0]: _text(given.get(own[0], ""))}
        _check(record[own[0]], longest(own[0]), number)
        return {**record, CANDIDATES: list(given[CANDIDATES]), MOST: given.get(MOST) or NEAREST}
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
    if not text.strip() or len(text) > limit or not _is_clean(text):
        raise Problem("predict.text", limit=limit, number=number, length=len(text.strip()))


def _is_clean(text: str) -> bool:
    try:
        return b"\0" not in text.encode("utf-8")
    except UnicodeEncodeError:
        return False


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
