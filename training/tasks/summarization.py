"""Summarisation: a long text, and what of it should be kept."""

from __future__ import annotations

from training.tasks import writing
from training.tasks.shape import Column, Task, Variant

PAIRS = "pairs"


def _(text: str) -> str:
    """Marks a text for translation by the site."""
    return text


LEARNER = writing.learner(
    "source",
    "target",
    summary={"rougeL": "rougeL", "rouge1": "rouge1", "rouge2": "rouge2"},
    main="rougeL",
    simple=writing.leading,
)

TASK = Task(
    name="summarization",
    title=_("Summarisation"),
    description=_("Long texts in a few sentences."),
    icon="text-align-start",
    columns=(
        Column(
            "source",
            _("Text"),
            _("The long text."),
            guesses=(
                "source",
                "text",
                "document",
                "article",
                "dialogue",
                "content",
                "原文",
                "正文",
                "文章",
            ),
        ),
        Column(
            "target",
            _("Summary"),
            _("What it should become."),
            guesses=(
                "target",
                "summary",
                "highlights",
                "headline",
                "title",
                "abstract",
                "摘要",
                "标题",
            ),
        ),
        writing.further("references", "reference", "summary", "target", "summaries", "摘要"),
    ),
    variants=(
        Variant(
            name=PAIRS,
            title=_("Text and summary"),
            needs=("source", "target"),
            keeps=("source", "target"),
            example=(
                "The printer on the second floor is broken again. Bo will look at it after lunch.",
                "Bo looks at the broken printer.",
            ),
            key=("source",),
            target="target",
            may=(writing.REFERENCES,),
            learner=LEARNER,
        ),
    ),
    text_role="source",
    label_role="target",
)
