"""Translation: a text, and the same in another language."""

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
    summary={"bleu": "bleu", "chrf": "chrf"},
    main="chrf",
    hits=writing.likeness,
    measure="chrf",
    simple=writing.copied,
)

TASK = Task(
    name="translation",
    title=_("Translation"),
    description=_("From one language into another, in your own terms."),
    icon="languages",
    columns=(
        Column(
            "source",
            _("Original"),
            _("The text that is translated."),
            guesses=("source", "src", "original", "en", "english", "原文", "源文"),
        ),
        Column(
            "target",
            _("Translation"),
            _("What it should become."),
            guesses=("target", "tgt", "translation", "zh", "fr", "de", "译文", "翻译"),
        ),
        writing.further("references", "reference", "target", "translation", "译文"),
    ),
    variants=(
        Variant(
            name=PAIRS,
            title=_("Original and translation"),
            needs=("source", "target"),
            keeps=("source", "target"),
            example=(
                "The parcel is on its way.",
                "Das Paket ist unterwegs.",
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
