"""Question answering: the answer stands in a context, or is written freely. Offsets count Unicode code points."""

from __future__ import annotations

from collections.abc import Mapping

from training.tasks.shape import Column, Flaw, Parsed, Task, Variant

EXTRACTIVE, GENERATIVE = "extractive", "generative"


def _(text: str) -> str:
    """Marks a text for translation by the site."""
    return text


def read_extractive(values: Mapping[str, str]) -> Parsed:
    """The answer stands in the context; none means: not answerable."""
    context, question, answer = values["context"], values["question"], values["answer_text"]
    flaws = [
        Flaw("data.empty_text", role, question)
        for role in ("context", "question")
        if not values[role].strip()
    ]
    place, flaw = located(context, answer, values["answer_start"])
    if flaw:
        flaws.append(flaw)
    kept = (context, question, answer, str(place) if answer else "")
    if any(flaw.code != "answer.moved" for flaw in flaws):
        return Parsed(kept, "", flaws=tuple(flaws))
    return Parsed(kept, f"{question}\x1f{context}", flaws=tuple(flaws))


def located(context: str, answer: str, start: str) -> tuple[int, Flaw | None]:
    """Where the answer begins; -1 with a flaw where it does not stand in the context."""
    if not answer:
        return -1, None
    given = int(start) if start.strip().isdecimal() else -1
    if given >= 0 and context.startswith(answer, given):
        return given, None
    found = context.find(answer)
    if found < 0:
        return -1, Flaw("answer.missing", "answer_text", answer)
    if given >= 0:
        return found, Flaw("answer.moved", "answer_start", start, {"found": found})
    return found, None


TASK = Task(
    name="question-answering",
    title=_("Question answering"),
    description=_("Find the answer to a question in a text."),
    icon="circle-question-mark",
    columns=(
        Column(
            "context",
            _("Context"),
            _(
                "The text in which the answer stands; leave it out for answers that are written freely."
            ),
            required=False,
            guesses=("context", "passage", "paragraph", "document", "上下文", "段落", "文章"),
        ),
        Column(
            "question",
            _("Question"),
            _("What is asked."),
            guesses=("question", "query", "问题"),
        ),
        Column(
            "answer_text",
            _("Answer"),
            _("The answer, word for word as in the context. Empty: not answerable."),
            guesses=("answer_text", "answer text", "answer", "response", "答案", "回答"),
        ),
        Column(
            "answer_start",
            _("Start of the answer"),
            _("Counted in characters from 0; found by itself where it is missing."),
            required=False,
            guesses=("answer_start", "answer start", "start"),
        ),
    ),
    variants=(
        Variant(
            name=EXTRACTIVE,
            title=_("The answer stands in the context"),
            needs=("context", "question", "answer_text"),
            keeps=("context", "question", "answer_text", "answer_start"),
            parse=read_extractive,
        ),
        Variant(
            name=GENERATIVE,
            title=_("The answer is written freely"),
            needs=("question", "answer_text"),
            keeps=("question", "answer_text"),
            key=("question",),
            target="answer_text",
        ),
    ),
    text_role="question",
    label_role="answer_text",
)
