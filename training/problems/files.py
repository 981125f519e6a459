"""What can be wrong with a file and its columns."""

from training.problems.entry import AMBER, BLOCKING, INFO, Entry
from training.problems.entry import gettext_noop as _

ENTRIES: dict[str, Entry] = {
    # --- files --------------------------------------------------------------------------
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
    # --- columns ------------------------------------------------------------------------
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
}
