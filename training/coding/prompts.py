"""What a model that writes is asked: a template with {fields} for each task, and a row as turns of a conversation."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

CAUSAL, SEQ2SEQ = "causal", "seq2seq"
MESSAGES = "messages"  # the role whose value is a whole conversation
FIELD = re.compile(r"\{(\w+)\}")

# By task and language. A model of the other kind (seq2seq) reads the text alone unless its template says otherwise.
TEMPLATES: Mapping[str, Mapping[str, str]] = {
    "question-answering": {
        "en": "Answer the question in a few words.\n\n{question}",
        "zh": "请简短地回答问题。\n\n{question}",
    },
    "translation": {
        "en": "Translate the text.\n\n{source}",
        "zh": "请翻译下面的文字。\n\n{source}",
    },
    "summarization": {
        "en": "Summarize the text.\n\n{source}",
        "zh": "请概括下面的文字。\n\n{source}",
    },
    "dialogue": {"en": "", "zh": ""},  # a conversation is its own prompt
}
CONTEXT = {"en": "{context}\n\n", "zh": "{context}\n\n"}  # before a template, where there is one

Turn = dict[str, str]
Fields = Mapping[str, str]


def clean(text: str) -> str:
    """The text without lone surrogates, which no tokenizer takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def default_template(
    task: str, language: str, objective: str = CAUSAL, inputs: Sequence[str] = ()
) -> str:
    """The one in the data's language ("zh…" or any other), for the roles that there are."""
    spoken = "zh" if language.lower().startswith("zh") else "en"
    if objective == SEQ2SEQ:
        return "\n".join(f"{{{role}}}" for role in inputs if role != MESSAGES)
    before = CONTEXT[spoken] if "context" in inputs else ""
    return before + TEMPLATES[task][spoken]


def fields(template: str) -> list[str]:
    """The names in {braces}, each once. Other braces are text."""
    return list(dict.fromkeys(FIELD.findall(template)))


def check_template(template: str, inputs: Sequence[str]) -> None:
    """Raises ValueError with the name of a field that no column fills, or of the first input where none is used."""
    named = fields(template)
    for name in named:
        if name not in inputs:
            raise ValueError(name)
    if not named:
        raise ValueError(inputs[0])


def filled(template: str, values: Fields) -> str:
    """Values are put in as they are: braces in them are not read again."""
    return FIELD.sub(lambda found: values.get(found[1], found[0]), template)


def talk(record: Fields, about: Mapping[str, Any]) -> list[Turn]:
    """The conversation of a record of whole conversations, led by the system prompt of `about` if it has none."""
    turns = _turns(record[MESSAGES])
    found = [{"role": turn["role"], "content": clean(turn["content"])} for turn in turns]
    return with_system(found, about)


def _turns(given: Any) -> list[Turn]:
    """A list of turns, also as JSON; a text that is none is what the user says."""
    try:
        turns = json.loads(given) if isinstance(given, str) else given
        return [{"role": turn["role"], "content": turn["content"]} for turn in turns]
    except (ValueError, TypeError, KeyError):
        return [{"role": "user", "content": str(given)}]


def with_system(turns: Sequence[Turn], about: Mapping[str, Any]) -> list[Turn]:
    system = str(about.get("system") or "")
    if system and (not turns or turns[0]["role"] != "system"):
        return [{"role": "system", "content": clean(system)}, *turns]
    return list(turns)


def asked(record: Fields, about: Mapping[str, Any]) -> list[Turn]:
    """The turns before the answer, for a record with a template."""
    values = {role: clean(record.get(role) or "") for role in about["inputs"]}
    # `form` says that it came out of a template, not out of a talk.
    question = {"role": "user", "content": filled(about["template"], values), "form": "template"}
    return with_system([question], about)


def is_talk(about: Mapping[str, Any]) -> bool:
    return MESSAGES in about["inputs"]


def longest_field(record: Fields, about: Mapping[str, Any]) -> str:
    """The role that is cut first where a record is too long."""
    used = [role for role in fields(about["template"]) if role in about["inputs"]]
    return max(used, key=lambda role: len(record.get(role) or ""), default="")


def without_middle(text: str, keep: int) -> str:
    """`keep` characters of the text: three quarters from its beginning, the rest from its end."""
    if keep >= len(text):
        return text
    if keep < 8:
        return text[: max(0, keep)]
    end = (keep - 3) // 4
    return f"{text[: keep - 3 - end]} … {text[len(text) - end :] if end else ''}"
