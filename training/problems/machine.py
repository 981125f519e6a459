"""Problems of the machine that trains: more was asked of it than it has, or than a plan allows."""

from __future__ import annotations

from training.problems.entry import BLOCKING, Entry
from training.problems.entry import gettext_noop as _

ENTRIES: dict[str, Entry] = {
    "train.devices": Entry(
        BLOCKING,
        _("So many devices are not there"),
        _("At most {found} devices, as many as this machine has for training."),
        _("{wanted} are asked for."),
        _("Choose {found} or fewer, or leave the choice to us."),
    ),
    "quota.devices": Entry(
        BLOCKING,
        _("More devices than your plan allows"),
        _("The plan {plan} allows {limit} devices for one run."),
        _("{wanted} are asked for."),
        _("Choose fewer devices, or ask for a larger plan."),
    ),
}
