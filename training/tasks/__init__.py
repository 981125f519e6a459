"""The tasks, by the name that they have everywhere."""

from training.tasks import text_classification
from training.tasks.shape import Coming, Task


def _(text: str) -> str:
    """Marks a text for translation by the site."""
    return text


TASKS: dict[str, Task | Coming] = {
    "text-classification": text_classification.TASK,
    "text-matching": Coming(
        "text-matching", _("Text matching"), _("Do two texts mean the same?"), "git-compare"
    ),
    "ner": Coming(
        "ner", _("Named entities"), _("Find names, places and amounts in a text."), "highlighter"
    ),
    "relation-extraction": Coming(
        "relation-extraction",
        _("Relations"),
        _("How are two things in a text related?"),
        "waypoints",
    ),
    "question-answering": Coming(
        "question-answering",
        _("Question answering"),
        _("Find the answer to a question in a text."),
        "circle-question-mark",
    ),
    "translation": Coming(
        "translation",
        _("Translation"),
        _("From one language into another, in your own terms."),
        "languages",
    ),
    "summarization": Coming(
        "summarization", _("Summarisation"), _("Long texts in a few sentences."), "text-align-start"
    ),
    "dialogue": Coming(
        "dialogue",
        _("Dialogue"),
        _("A chat that answers in the way you taught it."),
        "messages-square",
    ),
}
