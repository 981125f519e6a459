"""Runs: what keeps them from starting, and how they can end."""

from training.problems.entry import BLOCKING, Entry
from training.problems.entry import gettext_noop as _

ENTRIES: dict[str, Entry] = {
    "run.task": Entry(
        BLOCKING,
        _("Models of this kind cannot be trained yet"),
        _("A task and a kind of data for which training is there."),
        _("For this project only the data side is there so far."),
        _("The data stays; it can be trained on as soon as the training is there."),
    ),
    "run.version": Entry(
        BLOCKING,
        _("Choose a version of the data"),
        _("A version of this project's data."),
        _("The one named is not there."),
        _("Choose one of the versions of this project, or add data first."),
    ),
    "run.finder": Entry(
        BLOCKING,
        _("That model finds no entities"),
        _("A finished model for named entities in this workspace."),
        _("There is none of that number."),
        _("Choose one of the list, or mark the two things yourself."),
    ),
    "run.gate": Entry(
        BLOCKING,
        _("The data has serious faults"),
        _("Data without serious faults, or your word that you want to train all the same."),
        _("The check of “{version}” ended red."),
        _("Look at its findings. Tick the box if you want to train with it as it is."),
    ),
    "run.lost": Entry(
        BLOCKING,
        _("Training was interrupted too often"),
        _("A worker that stays alive until the end."),
        _("The worker was lost {attempts} times."),
        _("Start the run again. If it happens again, tell the operator of this site."),
    ),
    "run.memory": Entry(
        BLOCKING,
        _("Training was ended by the operating system"),
        _("Enough free memory for this base model and data."),
        _("Most likely the machine ran out of memory."),
        _("Choose a smaller base model, a smaller batch size or a shorter maximum length."),
    ),
    "run.memory_limit": Entry(
        BLOCKING,
        _("Training needed more memory than your plan allows"),
        _("At most {limit_text} of memory for a run."),
        _("The run came to that limit and was ended; nothing else was harmed."),
        _(
            "Choose a smaller base model, a smaller batch size or a shorter maximum length, or ask for a larger plan."
        ),
    ),
    "run.time_limit": Entry(
        BLOCKING,
        _("The run reached the time limit of your plan"),
        _("At most {minutes} minutes for a run."),
        _("It was not done by then and was ended."),
        _("Choose a lower effort, fewer epochs or less data, or ask for a larger plan."),
    ),
    "run.killed": Entry(
        BLOCKING,
        _("Training was ended from outside"),
        _("A process that may run to its end."),
        _("It was ended by the signal {signal}, most often because the machine ran out of memory."),
        _("Start the run again. If it ends so again, choose a smaller base model or batch size."),
    ),
    "run.gpu": Entry(
        BLOCKING,
        _("The GPU did not work as it should"),
        _("A GPU that answers, with a driver that fits."),
        _("It reported an error in the middle of the training."),
        _("Start the run again. If it happens again, tell the operator of this site."),
    ),
    "run.storage": Entry(
        BLOCKING,
        _("The disk did not work as it should"),
        _("A folder for runs that can be written to."),
        _("Reading or writing failed."),
        _("Tell the operator of this site; start the run again when the disk works."),
    ),
    "run.stuck": Entry(
        BLOCKING,
        _("Training did not move any more"),
        _("A sign of life every few minutes."),
        _("There was none for half an hour, so that it was ended."),
        _("Start the run again. If it happens again, tell the operator of this site."),
    ),
    "run.unfinished": Entry(
        BLOCKING,
        _("There is no model yet"),
        _("A run that has succeeded."),
        _("This run is {status}."),
        _("Wait for its end, or choose another run."),
    ),
}
