"""What settings and efforts are called on pages; their ids are those of training.spec."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

SETTINGS = {
    "epochs": gettext_noop("Epochs"),
    "learning_rate": gettext_noop("Learning rate"),
    "head_learning_rate": gettext_noop("Head learning rate"),
    "batch_size": gettext_noop("Batch size"),
    "max_length": gettext_noop("Maximum length"),
    "warmup": gettext_noop("Warm-up"),
    "weight_decay": gettext_noop("Weight decay"),
    "dropout": gettext_noop("Dropout"),
    "clip": gettext_noop("Gradient clipping"),
    "schedule": gettext_noop("Schedule"),
    "patience": gettext_noop("Patience"),
    "probe_head": gettext_noop("Probed head"),
    "long_text": gettext_noop("Long texts"),
    "class_weights": gettext_noop("Label weights"),
    "matching": gettext_noop("Two texts"),
    "method": gettext_noop("Method"),
    "rank": gettext_noop("Adapter rank"),
    "alpha": gettext_noop("Adapter scale"),
    "max_new_tokens": gettext_noop("Longest answer"),
    "tested": gettext_noop("Test rows in writing"),
    # Not “Precision”: on these pages that is the metric.
    "precision": gettext_noop("Number format"),
}


ON_OFF = {True: gettext_noop("On"), False: gettext_noop("Off")}


def setting_title(name: str) -> str:
    return _(SETTINGS.get(name, name))


def setting_value(value: Any) -> Any:
    return _(ON_OFF[value]) if isinstance(value, bool) else value
