"""Problems of the machine that trains: more was asked of it than it has, or than a plan allows."""

from __future__ import annotations

from training.problems.entry import BLOCKING, Entry
from training.problems.entry import gettext_noop as _

# Reasons, in the words that are translated.
NO_GPU = _("This machine has no GPU that could hold it.")
NO_LIBRARY = _("The library bitsandbytes is not installed here.")

ENTRIES: dict[str, Entry] = {
    "train.quantize": Entry(
        BLOCKING,
        _("The base cannot be held in fewer bits here"),
        _("A GPU, and the library bitsandbytes, which comes with Attune's extra “gpu”."),
        _("{reason}"),
        _(
            "Leave this setting empty and choose a smaller base model, or let the operator install what is missing."
        ),
    ),
    "train.no_way_back": Entry(
        BLOCKING,
        _("There is no translation there and back"),
        _(
            "Two translation models on this machine: from {language} into another language, and back."
        ),
        _("Those that are here: {here}."),
        _(
            "Let the operator install the two of a pair, such as opus-mt-en-zh and opus-mt-zh-en, or choose another "
            "augmentation."
        ),
    ),
    "train.devices": Entry(
        BLOCKING,
        _("So many devices are not there"),
        _("At most {found} devices, as many as this machine has for training."),
        _("{wanted} are asked for."),
        _("Choose {found} or fewer, or leave the choice to us."),
    ),
}
