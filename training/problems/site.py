"""What can be wrong with a choice, a request, a project or a plan."""

from training.problems.entry import BLOCKING, Entry
from training.problems.entry import gettext_noop as _

ENTRIES: dict[str, Entry] = {
    # --- choices ------------------------------------------------------------------------
    "spec.unknown": Entry(
        BLOCKING,
        _("Unknown setting"),
        _("One of: {known}."),
        _("“{field}” is not a setting."),
        _("Remove it or correct its name."),
    ),
    "spec.choice": Entry(
        BLOCKING,
        _("Not one of the choices"),
        _("{field} is one of: {choices}."),
        _("{field} is “{value}”."),
        _("Choose one of: {choices}."),
    ),
    "spec.range": Entry(
        BLOCKING,
        _("Out of range"),
        _("{field} lies between {low} and {high}."),
        _("{field} is “{value}”."),
        _("Enter a number between {low} and {high}."),
    ),
    # --- requests and uploads -----------------------------------------------------------
    "request.anonymous": Entry(
        BLOCKING,
        _("Sign in first"),
        _("Files are taken from people who are signed in, or with an API token."),
        _("This request came without a valid session or token."),
        _("Sign in and send the file again."),
    ),
    "request.length": Entry(
        BLOCKING,
        _("The length of the request is missing"),
        _("A Content-Length header that tells the size of the body before it is sent."),
        _("The request has none."),
        _("Send the file with a client that tells its length, such as a browser or curl."),
    ),
    "request.too_large": Entry(
        BLOCKING,
        _("Too large"),
        _("At most {limit} bytes."),
        _("{size} bytes were sent."),
        _("Send less at once."),
    ),
    "upload.too_large": Entry(
        BLOCKING,
        _("The file is too large"),
        _("A file of at most {limit_text}."),
        _("This one has {size_text}."),
        _("Upload a smaller file, or split it."),
    ),
    "upload.missing": Entry(
        BLOCKING,
        _("No file was sent"),
        _("One file in the field “file”."),
        _("{count} files came."),
        _("Choose one file and send it again."),
    ),
    "upload.gone": Entry(
        BLOCKING,
        _("The file is no longer there"),
        _("The uploaded file in the store of this site."),
        _("“{name}” is not there any more."),
        _("Upload it again."),
    ),
    "disk.full": Entry(
        BLOCKING,
        _("Not enough space on the disk"),
        _("{wanted} bytes of free space."),
        _("{free} bytes are free."),
        _("Ask the operator of this site to make room, then send the file again."),
    ),
    # --- projects and imports -----------------------------------------------------------
    "project.name": Entry(
        BLOCKING,
        _("The name will not do"),
        _("A name of 1 to {limit} characters."),
        _("“{name}”."),
        _("Enter another name."),
    ),
    "project.task": Entry(
        BLOCKING,
        _("This task cannot be chosen"),
        _("One of: {known}."),
        _("“{task}”."),
        _("Choose one of: {known}."),
    ),
    "project.busy": Entry(
        BLOCKING,
        _("A run is active"),
        _("A project without queued or running runs."),
        _("{count} runs are queued or running."),
        _("Stop them, wait until they have ended, and delete the project then."),
    ),
    "project.confirm": Entry(
        BLOCKING,
        _("The name does not match"),
        _("The project's name, “{name}”, typed as it is written."),
        _("“{typed}”."),
        _("Type the name of the project to delete it."),
    ),
    "import.column": Entry(
        BLOCKING,
        _("A column is not in the file"),
        _("For “{role}” one of the columns: {known}."),
        _("“{column}”."),
        _("Choose a column of the file."),
    ),
    "import.column_twice": Entry(
        BLOCKING,
        _("One column for two roles"),
        _("A column of its own for each role."),
        _("“{column}” was chosen for {roles}."),
        _("Choose different columns."),
    ),
    "import.role": Entry(
        BLOCKING,
        _("Unknown role"),
        _("One of: {known}."),
        _("“{role}” is no role of this task."),
        _("Use one of: {known}."),
    ),
    "import.upload": Entry(
        BLOCKING,
        _("Not a file of this project"),
        _("The id of an upload of this project."),
        _("“{upload}”."),
        _("Upload the file to this project first."),
    ),
    # --- plans --------------------------------------------------------------------------
    "quota.projects": Entry(
        BLOCKING,
        _("No project left in your plan"),
        _("The plan {plan} allows {limit} projects."),
        _("{used} projects are in use."),
        _("Delete a project that you no longer need, or ask for a larger plan."),
    ),
    "quota.rows": Entry(
        BLOCKING,
        _("More rows than your plan allows"),
        _("The plan {plan} allows {limit} rows a dataset."),
        _("This one has {wanted} rows."),
        _("Upload fewer rows, or ask for a larger plan."),
    ),
    "quota.storage": Entry(
        BLOCKING,
        _("No storage left in your plan"),
        _("The plan {plan} allows {limit_text} of storage."),
        _("{used_text} are in use and {wanted_text} more are needed."),
        _("Delete data or runs that you no longer need, or ask for a larger plan."),
    ),
    "quota.runs": Entry(
        BLOCKING,
        _("All places for runs are taken"),
        _("The plan {plan} allows {limit} runs at the same time."),
        _("{used} runs are queued or running."),
        _("Wait until a run has ended, or stop one."),
    ),
    "quota.minutes": Entry(
        BLOCKING,
        _("No training minutes left this month"),
        _("The plan {plan} allows {limit} training minutes a month."),
        _("{used} minutes are used."),
        _("Wait for the first of next month, or ask for a larger plan."),
    ),
}
