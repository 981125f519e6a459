"""The one table of what can be wrong on the user's side: what was expected, what was found, what to do.

`Problem(code, **values)` is theirs (data, a choice, no memory for this size). Anything else that is raised is ours.
Texts are templates over the values; the site translates the template, then fills it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


def gettext_noop(text: str) -> str:
    """Marks a text for translation by the site; this package knows no Django."""
    return text


_ = gettext_noop

BLOCKING, RED, AMBER, INFO = "blocking", "red", "amber", "info"


@dataclass(frozen=True)
class Entry:
    """Severity is of a finding in data; a raised Problem always stops what was asked for."""

    severity: str
    title: str
    expected: str
    found: str
    remedy: str


class Problem(Exception):
    """A fault on the user's side. `values` fill the texts of TABLE[code] and are plain JSON."""

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code)
        self.code = code
        self.values = values

    def __str__(self) -> str:
        entry = TABLE[self.code]
        return f"{fill(entry.found, self.values)} {fill(entry.remedy, self.values)}"


class _Lenient(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"


def fill(template: str, values: dict[str, Any]) -> str:
    """The text with its values; a value that is missing shows as '…' rather than hiding the message."""
    return template.format_map(_Lenient(values))


TABLE: dict[str, Entry] = {
    # --- choices -------------------------------------------------------------------------------------------------
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
    # --- requests and uploads --------------------------------------------------------------------------------------
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
    # --- projects and imports --------------------------------------------------------------------------------------
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
    # --- plans ---------------------------------------------------------------------------------------------------
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
        _("The plan {plan} allows {limit} bytes of storage."),
        _("{used} bytes are in use and {wanted} more are needed."),
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
    # --- files ---------------------------------------------------------------------------------------------------
    "file.missing": Entry(
        BLOCKING,
        _("File not found"),
        _("The path of a file that exists."),
        _("There is no file “{file}”."),
        _("Check the path and try again."),
    ),
    "file.empty": Entry(
        BLOCKING,
        _("The file is empty"),
        _("A table with a header line and at least one row."),
        _("The file has no content."),
        _("Choose another file; perhaps the export did not finish."),
    ),
    "file.binary": Entry(
        BLOCKING,
        _("Not a text table"),
        _("A CSV or TSV file: plain text with one row a line."),
        _("This is a {kind}."),
        _("Export your table as CSV and upload that file."),
    ),
    "file.excel": Entry(
        BLOCKING,
        _("A spreadsheet, not a CSV file"),
        _("A CSV or TSV file."),
        _("This is an {kind}."),
        _("Open it, choose “Save as”, pick “CSV UTF-8”, and upload the new file."),
    ),
    "file.compressed": Entry(
        BLOCKING,
        _("A compressed file"),
        _("A CSV or TSV file that is not packed."),
        _("This is a {kind}."),
        _("Unpack it and upload the CSV file that is inside."),
    ),
    "file.lfs": Entry(
        BLOCKING,
        _("Only a pointer to the data"),
        _("The data file itself."),
        _("This is a Git LFS pointer: a note of where the data lies, not the data."),
        _("Run “git lfs pull” and upload the real file."),
    ),
    "file.html": Entry(
        BLOCKING,
        _("A web page, not a table"),
        _("A CSV or TSV file."),
        _("This is a web page, often the sign-in page of the site that it was downloaded from."),
        _("Sign in there, download the file again, and check that it opens as a table."),
    ),
    "file.json": Entry(
        BLOCKING,
        _("A JSON file, not a table"),
        _("A CSV or TSV file."),
        _("This looks like JSON."),
        _("Export your data as CSV and upload that file."),
    ),
    "file.encoding": Entry(
        BLOCKING,
        _("Unknown encoding"),
        _("An encoding such as UTF-8, GB18030 or Windows-1252."),
        _("“{encoding}” is not an encoding that can be read."),
        _("Choose an encoding from the list, or save the file as UTF-8."),
    ),
    "file.encoding_guessed": Entry(
        INFO,
        _("The encoding was guessed"),
        _("A file saved as UTF-8."),
        _("{file} is not UTF-8; it was read as {encoding}."),
        _(
            "Look at a few accented or Chinese characters in the preview. If they look wrong, choose another encoding."
        ),
    ),
    "file.delimiter": Entry(
        BLOCKING,
        _("Not a separator"),
        _("One character, such as a comma, a semicolon or a tab."),
        _("The separator is “{delimiter}”."),
        _("Choose one character that stands between the columns of your file."),
    ),
    "file.header": Entry(
        AMBER,
        _("Perhaps there is no header line"),
        _("A first line with the names of the columns."),
        _("The first line of {file} looks like data; it was read as the names of the columns."),
        _("If it is data, add a line with column names above it and upload the file again."),
    ),
    # --- columns -------------------------------------------------------------------------------------------------
    "column.missing": Entry(
        BLOCKING,
        _("Column not found"),
        _("A column named “{column}”."),
        _("The file has these columns: {columns}."),
        _("Choose one of them, or correct the name in the file."),
    ),
    "column.unmapped": Entry(
        BLOCKING,
        _("A column is not chosen"),
        _("A column for each part that the task needs."),
        _("No column was chosen for “{role}”. The file has these columns: {columns}."),
        _("Choose the column that holds it."),
    ),
    "column.role": Entry(
        BLOCKING,
        _("Unknown part"),
        _("One of: {roles}."),
        _("“{role}” is not a part of this task."),
        _("Use one of: {roles}."),
    ),
    "column.same": Entry(
        BLOCKING,
        _("One column, two parts"),
        _("A column of its own for each part."),
        _("The column “{column}” was chosen for {roles}."),
        _("Choose different columns."),
    ),
    "column.single": Entry(
        BLOCKING,
        _("Only one column"),
        _("At least two columns: the text and its label."),
        _("The file has one column, “{column}”."),
        _(
            "Add the missing column. If there are several columns in the file, choose the right separator."
        ),
    ),
    "column.duplicate": Entry(
        BLOCKING,
        _("Two columns with one name"),
        _("Each column name once."),
        _("“{column}” is the name of more than one column."),
        _("Rename one of them in the file."),
    ),
    "column.repeated": Entry(
        INFO,
        _("Two columns with one name"),
        _("Each column name once."),
        _("“{column}” is the name of more than one column; the later ones were numbered."),
        _("Nothing to do if you do not need them."),
    ),
    "column.unnamed": Entry(
        INFO,
        _("A column without a name"),
        _("A name for every column."),
        _("A column has no name; it is called “{column}” here."),
        _("Nothing to do, or name it in the file."),
    ),
    "column.too_many": Entry(
        BLOCKING,
        _("Too many columns"),
        _("At most {limit} columns."),
        _("The first line has {found} columns."),
        _("Check the separator, or remove columns that are not needed."),
    ),
    "column.long_name": Entry(
        BLOCKING,
        _("A column name is too long"),
        _("A name of at most {limit} characters."),
        _("A name with {found} characters begins “{column}”."),
        _("Check that the first line holds the column names and nothing else."),
    ),
    "column.empty": Entry(
        BLOCKING,
        _("The text column is empty"),
        _("A text in at least some rows."),
        _("Every cell of “{column}” is empty."),
        _("Choose the column that holds the texts."),
    ),
    # --- rows ----------------------------------------------------------------------------------------------------
    "row.none": Entry(
        BLOCKING,
        _("No rows"),
        _("At least one row below the header."),
        _("{file} has no rows that can be used."),
        _("Add rows with a text and a label."),
    ),
    "row.extra": Entry(
        BLOCKING,
        _("Rows with too many cells"),
        _("As many cells in a row as there are columns."),
        _(
            "Some rows have more cells than the header: a separator inside a text that stands without quotes."
        ),
        _("Put such texts in double quotes, or export the file again from a spreadsheet."),
    ),
    "row.short": Entry(
        AMBER,
        _("Rows with too few cells"),
        _("As many cells in a row as there are columns."),
        _("Some rows have fewer cells than the header; the missing ones were read as empty."),
        _("Check these rows. A line break inside a text needs double quotes around the text."),
    ),
    "row.trailing": Entry(
        INFO,
        _("Empty cells at the end of rows"),
        _("As many cells in a row as there are columns."),
        _("Some rows end in empty cells behind the last column; they were left out."),
        _("Nothing to do."),
    ),
    "row.blank": Entry(
        INFO,
        _("Empty rows"),
        _("Rows with content."),
        _("Some rows hold nothing; they were left out."),
        _("Nothing to do."),
    ),
    "row.undecodable": Entry(
        BLOCKING,
        _("Characters that cannot be read"),
        _("Text in one encoding from beginning to end."),
        _("Some bytes are no {encoding}; the first is {bytes}, byte {position} of line {line}."),
        _("Choose another encoding, or save the file as UTF-8 and correct the lines below."),
    ),
    "row.nul": Entry(
        BLOCKING,
        _("NUL characters"),
        _("Plain text."),
        _("Some cells hold NUL characters, which are no part of a text."),
        _("Remove them in the program that made the file and export it again."),
    ),
    "row.quote": Entry(
        BLOCKING,
        _("A quote is never closed"),
        _("A closing double quote for each opening one."),
        _(
            "From line {line} on a double quote is open and never closed: the rest reads as one cell."
        ),
        _('Close the quote, or write quotes inside a text twice ("").'),
    ),
    "row.long_cell": Entry(
        BLOCKING,
        _("A cell is too long"),
        _("At most {limit} characters in a cell."),
        _("A cell is longer than that."),
        _("Cut the text into several rows, or check that no quote is left open."),
    ),
    # --- labels --------------------------------------------------------------------------------------------------
    "label.classes": Entry(
        BLOCKING,
        _("Too few labels to learn from"),
        _("At least two different labels with two rows each."),
        _("{found} of the labels have two rows or more."),
        _("Add rows, or choose the column that holds the labels."),
    ),
    "label.too_many": Entry(
        BLOCKING,
        _("Very many labels"),
        _("At most {limit} different labels."),
        _(
            "The column “{column}” has {found} different values in {rows} rows. Did you choose the right column?"
        ),
        _("Choose the column that holds the labels."),
    ),
    "label.empty": Entry(
        AMBER,
        _("Rows without a label"),
        _("A label in every row."),
        _("Some rows have no label; they are left out."),
        _("Add the labels, or leave these rows out."),
    ),
    "label.single": Entry(
        AMBER,
        _("Labels with one row only"),
        _("At least two rows for a label."),
        _("Some labels have one row; it is used for training and the label cannot be tested."),
        _("Add rows for these labels, or merge them into others."),
    ),
    "label.few": Entry(
        RED,
        _("Labels with very few rows"),
        _("At least 10 rows for a label, better 50."),
        _("Some labels have fewer than 10 rows in the training data."),
        _("Add rows for these labels, or merge them into others."),
    ),
    "label.thin": Entry(
        AMBER,
        _("Labels with few rows"),
        _("At least 20 rows for a label, better 50."),
        _("Some labels have fewer than 20 rows in the training data."),
        _("More rows for these labels will probably help."),
    ),
    "label.skewed": Entry(
        RED,
        _("Very uneven labels"),
        _("Labels of similar size."),
        _("“{most}” has {ratio} times as many rows as “{least}”."),
        _("Add rows for the rare labels, and judge the model by macro F1 rather than by accuracy."),
    ),
    "label.uneven": Entry(
        AMBER,
        _("Uneven labels"),
        _("Labels of similar size."),
        _("“{most}” has {ratio} times as many rows as “{least}”."),
        _("Look at macro F1 and at each label, not only at accuracy."),
    ),
    "label.alike": Entry(
        AMBER,
        _("Labels that look alike"),
        _("One way of writing each label."),
        _(
            "Some labels differ only in case, spaces or look-alike characters. They count as different labels."
        ),
        _("If they mean the same, write them in one way in the file."),
    ),
    "label.long": Entry(
        AMBER,
        _("Very long labels"),
        _("Short names as labels."),
        _("Some labels are longer than {limit} characters. Did you choose the right column?"),
        _("Choose the column that holds the labels."),
    ),
    "label.untrained": Entry(
        RED,
        _("Labels that training lacks"),
        _("Every label of the other files in the training file too."),
        _(
            "Some labels stand only in the validation or test file; the model can never answer them."
        ),
        _("Add such rows to the training file, or correct the labels."),
    ),
    # --- data ----------------------------------------------------------------------------------------------------
    "data.empty_text": Entry(
        AMBER,
        _("Rows without a text"),
        _("A text in every row."),
        _("Some rows have no text; they are left out."),
        _("Add the texts, or leave these rows out."),
    ),
    "data.small": Entry(
        RED,
        _("Very little data"),
        _("At least 20 rows, better 200."),
        _("There are {found} rows."),
        _("A model can be trained, but its test result will mean little. Add rows."),
    ),
    "data.duplicate": Entry(
        AMBER,
        _("Texts that stand there more than once"),
        _("Each text once."),
        _("Some rows repeat an earlier row. Copies are kept on the same side of the split."),
        _("Remove the copies if they are there by mistake."),
    ),
    "data.conflict": Entry(
        AMBER,
        _("Same text, different labels"),
        _("One label for a text."),
        _("Some texts stand there with more than one label."),
        _("Decide which label is right and correct the others."),
    ),
    "data.long": Entry(
        AMBER,
        _("Very long texts"),
        _(
            "Texts of at most about {limit} tokens ({limit} Chinese characters or {words} English words)."
        ),
        _("Some texts are longer; what is behind that is not read by most models."),
        _("Make sure that what matters stands at the beginning, or cut the texts."),
    ),
    # --- leaks ---------------------------------------------------------------------------------------------------
    "leak.text": Entry(
        RED,
        _("Test texts that stand in the training data"),
        _("Texts in the validation and test files that the model has not seen."),
        _(
            "Some texts of the {split} file stand in the {other} file too. The result will look better than it is."
        ),
        _("Remove these rows from one of the files."),
    ),
    # --- base models ---------------------------------------------------------------------------------------------
    "base.unknown": Entry(
        BLOCKING,
        _("Unknown base model"),
        _("One of: {known}."),
        _("“{base}” is not in the catalogue."),
        _("Choose one of: {known}."),
    ),
    "base.missing": Entry(
        BLOCKING,
        _("The base model is not here"),
        _("The files of “{base}” on this machine."),
        _("They were not found."),
        _(
            "Put its folder at {folder}, choose another base model, or let the operator allow downloads."
        ),
    ),
    "base.broken": Entry(
        BLOCKING,
        _("The base model is incomplete"),
        _("A folder with config.json, a tokenizer and safetensors weights."),
        _("“{base}” has no {missing}."),
        _("Fetch the files again."),
    ),
    "base.language": Entry(
        RED,
        _("The base model does not know this language"),
        _("A base model for the language of your texts."),
        _("{share} % of the text is unknown to “{base}”; it sees only placeholders there."),
        _("Choose a base model that was made for this language."),
    ),
    "base.language_partly": Entry(
        AMBER,
        _("Parts of the text are unknown to the base model"),
        _("A base model for the language of your texts."),
        _(
            "{share} % of the text is unknown to “{base}”, or written in a script that it was hardly trained on."
        ),
        _("Compare with a base model that was made for this language."),
    ),
    # --- runs ----------------------------------------------------------------------------------------------------
    "base.task": Entry(
        BLOCKING,
        _("The base model is not made for this task"),
        _("A base model for the task of the project."),
        _("“{base}” is not offered for {task}."),
        _("Choose another base model."),
    ),
    "run.version": Entry(
        BLOCKING,
        _("Choose a version of the data"),
        _("A version of this project's data."),
        _("The one named is not there."),
        _("Choose one of the versions of this project, or add data first."),
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
    "run.unfinished": Entry(
        BLOCKING,
        _("There is no model yet"),
        _("A run that has succeeded."),
        _("This run is {status}."),
        _("Wait for its end, or choose another run."),
    ),
    "artifact.mismatch": Entry(
        BLOCKING,
        _("The saved model does not answer as the trained one did"),
        _("The same labels, and probabilities within 0.001, after loading the model again."),
        _("They differ by up to {difference}."),
        _("Start the run again. If it happens again, tell the operator of this site."),
    ),
    "artifact.gone": Entry(
        BLOCKING,
        _("The file is not here any more"),
        _("The files that the run has left."),
        _("“{name}” is missing."),
        _("Train again to get it back."),
    ),
    # --- predictions -----------------------------------------------------------------------------------------------
    "serving.unavailable": Entry(
        BLOCKING,
        _("Predictions are not available right now"),
        _("The process that serves models."),
        _("It does not answer."),
        _("Try again in a few seconds; it starts with the site."),
    ),
    "predict.inputs": Entry(
        BLOCKING,
        _("Nothing to predict, or too much at once"),
        _("Between 1 and {limit} inputs."),
        _("{found} were sent."),
        _("Send at most {limit} at once."),
    ),
    "predict.text": Entry(
        BLOCKING,
        _("The text cannot be used"),
        _("A text of 1 to {limit} characters."),
        _("Text {number} has {length}."),
        _("Shorten it, or type one."),
    ),
    # --- what was written ----------------------------------------------------------------------------------------
    "version.broken": Entry(
        BLOCKING,
        _("The dataset version cannot be read"),
        _("A dataset version as it was written."),
        _("The file is damaged or is none."),
        _("Import the data again."),
    ),
    "artifact.broken": Entry(
        BLOCKING,
        _("The model folder is damaged"),
        _("Every file as it was written."),
        _("{found}"),
        _("Download or train the model again."),
    ),
    # --- training ------------------------------------------------------------------------------------------------
    "train.no_test": Entry(
        BLOCKING,
        _("No test rows"),
        _("At least one test row, to measure the model on."),
        _("There is none."),
        _("Give a test file with rows, or none at all: then a part of the data is put aside."),
    ),
    "train.diverged": Entry(
        BLOCKING,
        _("The training went astray"),
        _("A loss that is a number."),
        _(
            "At step {step} of {steps} it was none, for the third time (learning rate {learning_rate})."
        ),
        _("Choose a smaller learning rate, or leave the choice to us."),
    ),
    "train.memory": Entry(
        BLOCKING,
        _("Not enough memory"),
        _("Memory for {batch_size} rows of up to {max_length} tokens in one step."),
        _("It did not suffice."),
        _("Choose a smaller batch size, a shorter maximum length or a smaller base model."),
    ),
    "train.truncated": Entry(
        INFO,
        _("Long texts are cut"),
        _("Texts of up to {max_length} tokens."),
        _("{rows} rows are longer; the model sees their beginning."),
        _("Raise the maximum length if the end of the texts matters."),
    ),
    "train.stopped_early": Entry(
        INFO,
        _("Stopped early"),
        _("A better validation score within the patience."),
        _("There was none after epoch {best}; {epochs} of {planned} epochs were run."),
        _("Nothing to do: the best epoch is kept."),
    ),
    "train.no_gain": Entry(
        INFO,
        _("Training did not help"),
        _("A better validation score than that of the base's own vectors."),
        _("No epoch reached it; the model is the one from before training."),
        _("More rows, or more even labels, usually help."),
    ),
    "predict.file": Entry(
        BLOCKING,
        _("The file cannot be labelled"),
        _("A CSV file with a header line and a column of texts."),
        _("{found}"),
        _("Name the column that holds the texts with --column NAME."),
    ),
    "artifact.missing": Entry(
        BLOCKING,
        _("No model here"),
        _("A run folder or a model folder with attune.json."),
        _("“{folder}” holds none."),
        _("Name the folder of a finished run, or the unpacked download."),
    ),
    # --- serving -------------------------------------------------------------------------------------------------
    "serving.inputs": Entry(
        BLOCKING,
        _("Nothing that can be read"),
        _("A list of 1 to {most} inputs, each with a “text”."),
        _("{found}"),
        _("Send for example: {example}"),
    ),
}
