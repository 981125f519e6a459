"""What can be wrong with what was kept of a training on its way."""

from training.problems.entry import AMBER, BLOCKING, INFO, Entry
from training.problems.entry import gettext_noop as _

# Reasons, in the words that are translated.
DAMAGED = _("Its last state is missing or damaged.")
OTHERS = _("Its data, base model or settings are others.")
ENOUGH = _("It has as many epochs as were asked for, or more.")
UNKEPT = _("Its last state was not kept: that of the newest finished run of a project is.")
UNFINISHED = _("It has not succeeded.")
FULL = _("It has as many epochs as a run may have.")
GONE = _("the files are gone")

ENTRIES: dict[str, Entry] = {
    "train.checkpoint_broken": Entry(
        AMBER,
        _("A saved state could not be used"),
        _("States of the training that are as they were written."),
        _(
            "The newest one is not ({reason}); training went on from the one before, at step {step}."
        ),
        _("Nothing to do: only time was lost. Have the storage looked at if it happens again."),
    ),
    "train.checkpoints_lost": Entry(
        AMBER,
        _("The saved states could not be used"),
        _("A state of the training that is as it was written."),
        _("There is none any more ({reason}); training began again."),
        _("Nothing to do: only time was lost. Have the storage looked at if it happens again."),
    ),
    "train.checkpoint_unsaved": Entry(
        AMBER,
        _("The state of the training could not be saved"),
        _("Room on the disk, and a storage that can be written to."),
        _("The system said: {reason}. Training goes on; after an interruption it would lose time."),
        _("Make room on the disk, or have the storage looked at."),
    ),
    "train.resumed_elsewhere": Entry(
        INFO,
        _("Training went on under other conditions"),
        _("The same versions and the same hardware from the first step to the last."),
        _("These are others since step {step}: {names}."),
        _("Nothing to do. Trained in one go, the figures may differ in the last digits."),
    ),
    "train.continues": Entry(
        BLOCKING,
        _("This training cannot be continued"),
        _("The last state of a finished run of the same data, base model and settings."),
        _("{reason}"),
        _("Train again from the start, with the number of epochs that you want in all."),
    ),
    "run.again": Entry(
        BLOCKING,
        _("This run cannot be repeated"),
        _("A run that has succeeded, whose data and base model are still here."),
        _("This run is {status}."),
        _("Wait for its end, or start a new run."),
    ),
    "run.epochs": Entry(
        BLOCKING,
        _("Epochs cannot be added to this run"),
        _("A succeeded run with one seed whose last state was kept."),
        _("{reason}"),
        _("Train again from the start, with the number of epochs that you want in all."),
    ),
    "run.limit_stays": Entry(
        BLOCKING,
        _("The limit of your plan is still the same"),
        _("A plan that allows a run more than {limit}."),
        _("The run was ended at that limit, and would be again."),
        _(
            "Ask for a larger plan; what the run had come to is kept for a month. Or train again with less."
        ),
    ),
    "run.paused": Entry(
        BLOCKING,
        _("This run is not paused"),
        _("A run that is paused."),
        _("This one is {status}."),
        _("Look at the page of the run."),
    ),
}
