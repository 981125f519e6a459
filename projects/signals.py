"""What the parts inside a project hear of it."""

from django.dispatch import Signal

# Sent with `project` inside the transaction that deletes it, before its rows go. A receiver may refuse by raising a
# Problem; it removes files only with transaction.on_commit.
project_deleting = Signal()
