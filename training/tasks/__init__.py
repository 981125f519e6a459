"""The tasks, by the name that they have everywhere."""

from training.tasks import (
    dialogue,
    ner,
    question_answering,
    relation_extraction,
    summarization,
    text_classification,
    text_matching,
    translation,
)
from training.tasks.shape import Task

TASKS: dict[str, Task] = {
    "text-classification": text_classification.TASK,
    "text-matching": text_matching.TASK,
    "ner": ner.TASK,
    "relation-extraction": relation_extraction.TASK,
    "question-answering": question_answering.TASK,
    "translation": translation.TASK,
    "summarization": summarization.TASK,
    "dialogue": dialogue.TASK,
}
