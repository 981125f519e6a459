"""The box in which a model is tried: what is typed into it, and how its answer is shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from projects.datasets.editors import Mark, hue, segments, titles
from projects.runs import finding, predicting, results, triples
from projects.runs.models import Run
from projects.runs.predicting import MESSAGES, PLACES
from projects.runs.results import Result
from projects.runs.results.texts import turns_of
from projects.selectors import task_of
from training.problems import Problem

SHOWN = 8  # probabilities
LINES = {"question": 2, "context": 7, "source": 5}  # of the box of a role
SAMPLE = 80  # characters of an example on its button
MARKS = ("<e1>…</e1>", "<e2>…</e2>")
TURNS = 200  # of a conversation
LETTERS = 25_000  # of a text that is shown with marks in it


@dataclass(frozen=True)
class Widget:
    """`form`: templates/runs/try/_<form>.html. `answer`: templates/runs/answers/_<answer>.html."""

    form: str
    answer: str
    help: Any

    @property
    def answer_template(self) -> str:
        return f"runs/answers/_{self.answer}.html"


_TEXT = gettext_lazy("Type a text as it will come, and see what the model says.")
# By the name of the view of the results.
WIDGETS = {
    "single": Widget("texts", "label", _TEXT),
    "several": Widget("texts", "labels", _TEXT),
    "pairs": Widget("texts", "label", gettext_lazy("Type two texts, and see how they belong.")),
    "scores": Widget("texts", "score", gettext_lazy("Type two texts, and see how alike they are.")),
    "entities": Widget("texts", "entities", _TEXT),
    "relations": Widget(
        "relation", "label", gettext_lazy("Mark two things in a text, and see how they are related.")
    ),
    "answers": Widget(
        "texts", "answer", gettext_lazy("Give a text and a question about it.")
    ),
    "texts": Widget("texts", "text", _TEXT),
}  # fmt: skip
CHAT = Widget("chat", "chat", gettext_lazy("Talk to the model as its users will."))
NEAREST = Widget("texts", "nearest", "")
TRIPLES = Widget("relation", "triples", "")
OTHER = Widget("texts", "raw", _TEXT)


def widget_of(result: Result) -> Widget:
    if MESSAGES in result.inputs:
        return CHAT
    return WIDGETS.get(results.view_of(result).name, OTHER)


def box(run: Run, result: Result, examples: list[dict[str, str]]) -> dict[str, Any]:
    """What the form needs."""
    named = titles(task_of(run.project))
    boxes = [
        {
            "role": role,
            "title": _(named.get(role, role)),
            "lines": LINES.get(role, 3),
            "most": predicting.longest(role),
        }
        for role in predicting.required(run)
    ]
    return {
        "widget": widget_of(result),
        "boxes": boxes,
        "places": [role for role in result.inputs if role in PLACES],
        "examples": [_example(given) for given in examples],
        "marks": MARKS,
        "finders": list(triples.finders(run)) if PLACES[0] in result.inputs else [],
        "chat": Chat((), ""),
        "finding": finding.box(run, result),
    }


def _example(given: Mapping[str, str]) -> dict[str, str]:
    """`label`: what stands on its button; `values`: what it fills in, as JSON."""
    if MESSAGES in given:
        turns = turns_of(given[MESSAGES])
        said = next((turn["content"] for turn in turns if turn["role"] == "user"), "")
        system = next((turn["content"] for turn in turns if turn["role"] == "system"), "")
        given = {"text": said, "system": system}
        label = said
    else:
        label = " · ".join(
            value for role, value in given.items() if role not in (*PLACES, "context")
        )
    return {"label": label[:400], "values": json.dumps(given, ensure_ascii=False)}


# --- answers ----------------------------------------------------------------------------------------------------------


def answer(run: Run, result: Result, data: Mapping[str, str]) -> dict[str, Any]:
    """What the model says to what was typed. Raises Problem (see predicting.predict)."""
    if data.get("finder"):
        return _triples(run, data)
    if data.get("form") == "nearest":
        return {"widget": NEAREST, **finding.answer(run, result, data)}
    given = {role: str(data.get(role) or "").strip() for role in predicting.required(run)}
    # Places count from the beginning of the text as it is.
    if any(data.get(role) for role in PLACES if role in result.inputs):
        given["text"] = _lines(str(data.get("text") or ""))
        given |= {role: str(data.get(role) or "") for role in PLACES}
    output = predicting.predict(run, [given])[0]
    widget = widget_of(result)
    return {"widget": widget, "output": output, "given": given} | _SHOWN[widget.answer](
        result, given, output
    )


def _triples(run: Run, data: Mapping[str, str]) -> dict[str, Any]:
    """All relations of a text, between what a model of entities finds in it."""
    text = _lines(str(data.get("text") or ""))
    found = triples.of_text(run, triples.chosen(run, str(data["finder"])), text)
    names = sorted({one["label"] for one in found["things"]})
    marks = [
        Mark(one["start"], one["end"], one["label"], hue(names, one["label"]))
        for one in found["things"]
    ]
    return {"widget": TRIPLES, "segments": segments(text, marks, LETTERS), **found}


def _lines(text: str) -> str:
    """A form sends CR LF for the line break that the browser counts as one character."""
    return text.replace("\r\n", "\n")


def _label(result: Result, given: Mapping[str, str], output: Mapping[str, Any]) -> dict[str, Any]:
    shares = list(output["probabilities"].items())
    return {"shares": shares[:SHOWN], "others": max(0, len(shares) - SHOWN)}


def _labels(result: Result, given: Mapping[str, str], output: Mapping[str, Any]) -> dict[str, Any]:
    """`shares`: (label, probability, its threshold, whether it is given)."""
    scores = result.metrics.get("per_label") or {}
    shares = [
        (label, share, (scores.get(label) or {}).get("threshold"), label in output["labels"])
        for label, share in output["probabilities"].items()
    ]
    shares.sort(key=lambda one: (not one[3], -one[1]))
    most = max(SHOWN, len(output["labels"]))
    return {"shares": shares[:most], "others": max(0, len(shares) - most)}


def _entities(
    result: Result, given: Mapping[str, str], output: Mapping[str, Any]
) -> dict[str, Any]:
    marks = [
        Mark(one["start"], one["end"], one["label"], hue(result.labels, one["label"]))
        for one in output["entities"]
    ]
    return {"segments": segments(given["text"], marks, LETTERS)}


def _answer(result: Result, given: Mapping[str, str], output: Mapping[str, Any]) -> dict[str, Any]:
    marks = []
    if output["answer"]:
        marks = [Mark(output["start"], output["end"], _("Answer"), 1)]
    return {"segments": segments(given["context"], marks, 1200)}


def _nothing(result: Result, given: Mapping[str, str], output: Mapping[str, Any]) -> dict[str, Any]:
    return {"raw": json.dumps(output, ensure_ascii=False, indent=2)}


_SHOWN: dict[str, Any] = {
    "label": _label,
    "labels": _labels,
    "entities": _entities,
    "answer": _answer,
}  # fmt: skip
_SHOWN |= dict.fromkeys(("score", "text", "raw", "chat"), _nothing)


# --- a conversation ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Chat:
    """What was said so far; `system` leads it."""

    turns: tuple[dict[str, str], ...]
    system: str

    @property
    def as_json(self) -> str:
        return json.dumps(list(self.turns), ensure_ascii=False)

    def messages(self) -> list[dict[str, str]]:
        lead = [{"role": "system", "content": self.system}] if self.system else []
        return [*lead, *self.turns]


def read_chat(data: Mapping[str, str]) -> Chat:
    """The conversation so far; what is no conversation counts as none."""
    given = str(data.get("history") or "")
    turns = turns_of(given)[-TURNS:] if given.startswith("[") else []
    return Chat(tuple(turns), str(data.get("system") or "").strip())


def say(run: Run, chat: Chat, text: str) -> Chat:
    """The conversation with what is said and what the model answers. Raises Problem."""
    if not text.strip():
        raise Problem("predict.text", limit=predicting.longest(MESSAGES), number=1, length=0)
    turns = (*chat.turns, {"role": "user", "content": text.strip()})
    asked = Chat(turns, chat.system)
    said = predicting.predict(run, [{MESSAGES: asked.messages()}])[0]
    return Chat((*turns, {"role": "assistant", "content": str(said["text"])}), chat.system)
