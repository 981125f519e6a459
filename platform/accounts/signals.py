"""What the parts above hear of people: billing gives a new workspace its plan."""

from django.dispatch import Signal

# Sent with `workspace` and `user` inside the transaction that makes the workspace; an error undoes it.
workspace_created = Signal()
