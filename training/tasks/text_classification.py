"""Text classification: one label a text."""

from training.tasks.shape import Coming

TASK = Coming("text-classification", "Text classification", "", "tags")
