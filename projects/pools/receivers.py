"""A row that was labelled here and is taken out of the draft elsewhere waits for a label again."""

from __future__ import annotations

from typing import Any

from django.db.models.signals import pre_delete
from django.dispatch import receiver

from projects.datasets.models import RowEdit
from projects.pools import labelling


@receiver(pre_delete, sender=RowEdit)
def reopen(sender: Any, instance: RowEdit, **kwargs: Any) -> None:
    if instance.kind == RowEdit.Kind.ADD:
        labelling.reopen_row(instance)
