"""What can be wrong with the wish for a draft."""

from __future__ import annotations

from training.problems.entry import BLOCKING, Entry
from training.problems.entry import gettext_noop as _

ENTRIES: dict[str, Entry] = {
    "draft.setting": Entry(
        BLOCKING,
        _("A draft does not know this setting"),
        _("Of the settings only these: {known}."),
        _("“{field}” is set, and would change nothing: a draft is not trained step by step."),
        _("Leave it out, or choose another effort."),
    ),
    "draft.task": Entry(
        BLOCKING,
        _("No draft for this task"),
        _("Answers that a linear model can give: labels, scores or marked words."),
        _("A model for {task} has to point out or write its answers, which has to be trained."),
        _("Choose another effort; “quick” is the fastest."),
    ),
}
