"""Dialogue: whole conversations, or an instruction and its response; always kept as a list of messages."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from training.tasks import writing
from training.tasks.shape import Column, Flaw, Parsed, Row, Task, Variant

MESSAGES, PAIRS = "messages", "pairs"
ROLES = ("system", "user", "assistant")


def _(text: str) -> str:
    """Marks a text for translation by the site."""
    return text


def read_messages(values: Mapping[str, str]) -> Parsed:
    """`messages` as JSON."""
    messages = values["messages"]
    if not messages.strip():
        return Parsed((messages,), "", flaws=(Flaw("data.empty_text", "messages"),))
    turns = _read(messages)
    if reason := fault_of(turns):
        flaw = Flaw("messages.broken", "messages", messages, {"reason": reason})
        return Parsed((messages,), "", flaws=(flaw,))
    return _parsed(turns)


def read_pairs(values: Mapping[str, str]) -> Parsed:
    """An instruction and its response become a conversation of two turns."""
    prompt, response = values["prompt"], values["response"]
    flaws = [] if prompt.strip() else [Flaw("data.empty_text", "prompt", response)]
    if not response.strip():
        flaws.append(Flaw("label.empty", "response", prompt))
    if flaws:
        return Parsed((prompt,), "", flaws=tuple(flaws))
    return _parsed(
        [{"role": "user", "content": prompt}, {"role": "assistant", "content": response}]
    )


def _parsed(turns: list[dict[str, Any]]) -> Parsed:
    kept = json.dumps(turns, ensure_ascii=False)
    return Parsed((kept,), "\x1f".join(turn["content"] for turn in turns))


def _read(messages: str) -> list[dict[str, Any]]:
    """The messages with nothing but role and content; [] for what is no list of them."""
    try:
        found = json.loads(messages)
        return [{"role": item["role"], "content": item["content"]} for item in found]
    except (ValueError, TypeError, KeyError, RecursionError):
        return []


def fault_of(turns: Sequence[Mapping[str, Any]]) -> str:
    """Why a conversation cannot be learnt from; empty when it can."""
    if not turns:
        return _("it is no list of messages with role and content")
    if any(turn["role"] not in ROLES for turn in turns):
        return _("a role is not system, user or assistant")
    if any(not isinstance(turn["content"], str) for turn in turns):
        return _("a content is no text")
    answers = [turn for turn in turns if turn["role"] == "assistant"]
    if not any(turn["content"].strip() for turn in answers):
        return _("the assistant never says anything")
    return ""


# --- learning -------------------------------------------------------------------------------------------------------

SAID = "said"  # the turn that should be written, beside the `messages` before it


def asks(row: Row) -> Row:
    """One answer of the conversation, which one by the number of the row, and what was said before it."""
    turns = json.loads(row.values["messages"])
    places = [
        place
        for place, turn in enumerate(turns)
        if place and turn["role"] == "assistant" and turn["content"].strip()
    ]
    place = places[row.row % len(places)] if places else len(turns) - 1
    before = json.dumps(turns[:place], ensure_ascii=False)
    values = {**row.values, "messages": before, SAID: turns[place]["content"]}
    return Row(row.row, row.file, row.line, values)


def simple(
    train: Sequence[Row], test: Sequence[Row], about: Mapping[str, Any], seed: int
) -> dict[str, Any]:
    """The commonest answer, and that to the most alike words of a user."""
    return writing.commonest(
        [_last(asks(row)) for row in train],
        [_last(row) for row in test],
        about,
        seed,
        "messages",
        SAID,
    )


def _last(row: Row) -> Row:
    """With the last turn alone in place of the conversation."""
    turns = json.loads(row.values["messages"])
    return Row(
        row.row,
        row.file,
        row.line,
        {**row.values, "messages": turns[-1]["content"] if turns else ""},
    )


def shown(row: Row, answer: Mapping[str, Any]) -> tuple[str, str, str]:
    turns = json.loads(row.values["messages"])
    lines = [f"{turn['role']}: {turn['content']}" for turn in turns]
    return "\n".join(lines), row.values[SAID], str(answer["text"])


LEARNER = replace(
    writing.learner(
        "messages",
        SAID,
        summary={"perplexity": "perplexity", "rougeL": "rougeL", "bleu": "bleu"},
        main="rougeL",
        simple=simple,
    ),
    shown=shown,
    asks=asks,
)

TASK = Task(
    name="dialogue",
    title=_("Dialogue"),
    description=_("A chat that answers in the way you taught it."),
    icon="messages-square",
    columns=(
        Column(
            "messages",
            _("Messages"),
            _("The conversation as a list of role and content."),
            required=False,
            guesses=("messages", "conversation", "conversations", "dialog", "dialogue", "对话"),
        ),
        Column(
            "prompt",
            _("Instruction"),
            _("What the user says."),
            required=False,
            guesses=("prompt", "instruction", "input", "question", "user", "指令", "问题", "输入"),
        ),
        Column(
            "response",
            _("Response"),
            _("What the model should answer."),
            required=False,
            guesses=(
                "response",
                "output",
                "answer",
                "completion",
                "assistant",
                "回答",
                "回复",
                "输出",
            ),
        ),
    ),
    variants=(
        Variant(
            name=MESSAGES,
            title=_("Whole conversations"),
            needs=("messages",),
            keeps=("messages",),
            example=(
                '[{"role": "user", "content": "Are you open?"}, {"role": "assistant", "content": "Until six."}]',
            ),
            parse=read_messages,
            learner=LEARNER,
        ),
        Variant(
            name=PAIRS,
            title=_("Instruction and response"),
            needs=("prompt", "response"),
            keeps=("messages",),
            example=(
                "Are you open?",
                "Until six.",
            ),
            parse=read_pairs,
            stored=MESSAGES,
        ),
    ),
    text_role="messages",
    label_role="messages",
)
