"""What can be wrong with texts that wait for a label."""

from training.problems.entry import BLOCKING, Entry
from training.problems.entry import gettext_noop as _

ENTRIES: dict[str, Entry] = {
    "pool.version": Entry(
        BLOCKING,
        _("There is nothing to label these texts by yet"),
        _("A data version in which every text has one label out of a list."),
        _("The newest data of this project is not of that kind, or there is none."),
        _("Upload some rows with labels first; a few of each label are enough."),
    ),
    "pool.empty": Entry(
        BLOCKING,
        _("No new text in the file"),
        _("At least one text that this project does not have yet."),
        _(
            "{copies} copies of known texts, {empty} rows without a text, {faulty} that cannot be read."
        ),
        _("Look at which column holds the texts, or upload another file."),
    ),
    "pool.unread": Entry(
        BLOCKING,
        _("The file is still being read"),
        _("A file that has been read to its end."),
        _("It has not been read yet, or it could not be."),
        _("Wait until it is read; where that failed, upload it again."),
    ),
    "pool.row": Entry(
        BLOCKING,
        _("There is no such text"),
        _("The number of a text that waits here."),
        _("There is no text number {row}."),
        _("Ask for the next texts again."),
    ),
    "pool.taken": Entry(
        BLOCKING,
        _("Somebody else has this text"),
        _("A text that is open, and in front of nobody else."),
        _("Text number {row} was answered, or is in front of somebody else."),
        _("Go on with the next one; nothing of the other answer was lost."),
    ),
    "pool.run": Entry(
        BLOCKING,
        _("This model cannot make suggestions"),
        _("A run of this project that has succeeded, with data of the same kind."),
        _("“{run}” is none."),
        _("Choose another run, or go on without suggestions."),
    ),
}
