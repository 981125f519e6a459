"""What can be wrong with rows, labels and splits."""

from training.problems.entry import AMBER, BLOCKING, INFO, RED, Entry
from training.problems.entry import gettext_noop as _

ENTRIES: dict[str, Entry] = {
    # --- rows ---------------------------------------------------------------------------
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
    "row.json": Entry(
        RED,
        _("Entries that are no JSON"),
        _("JSON that is whole."),
        _("Some entries cannot be read as JSON; they were left out."),
        _("Correct these lines, or export the file again."),
    ),
    "row.shape": Entry(
        RED,
        _("Entries of another form"),
        _("Entries as the format has them, with: {needs}."),
        _("Some entries have another form; they were left out."),
        _("Correct these entries, or choose another format."),
    ),
    "row.tags": Entry(
        RED,
        _("Lines with another number of columns"),
        _("As many columns in each line as in the others: the word first, its tag last."),
        _("Line {line} has {found} columns and not {expected}. Such sentences were left out."),
        _("Correct these lines."),
    ),
    "row.new_field": Entry(
        AMBER,
        _("Fields that come late"),
        _("Each field somewhere among the first 2,000 rows."),
        _(
            "Some entries have fields that the first ones lack; these fields were left out: {fields}."
        ),
        _("Nothing to do if you do not need them; else move such an entry to the beginning."),
    ),
    "row.formula": Entry(
        AMBER,
        _("Formulas without a result"),
        _("Formulas with their results saved in the file."),
        _("Some cells hold a formula whose result is not in the file; they were read as empty."),
        _("Open the file in Excel or LibreOffice, save it, and upload it again."),
    ),
    "row.half": Entry(
        AMBER,
        _("Halves of characters"),
        _("Whole characters."),
        _("Some cells hold half of a character; it was read as �."),
        _("Check these rows in the program that made the file. Most often an emoji was cut."),
    ),
    # --- labels -------------------------------------------------------------------------
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
        RED,
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
    "label.modest": Entry(
        INFO,
        _("Labels with fewer than 50 rows"),
        _("From 50 rows a label on, its scores can be relied on."),
        _("Some labels have fewer than 50 rows in the training data."),
        _("Nothing has to be done; more rows make the model better and its scores surer."),
    ),
    "label.none": Entry(
        BLOCKING,
        _("Nothing to learn"),
        _("At least one label with two rows."),
        _("{found} of the labels have two rows or more."),
        _("Mark more rows, or choose the column that holds what was marked."),
    ),
    "label.untested": Entry(
        AMBER,
        _("Labels that the test lacks"),
        _("Rows of every label in the test file."),
        _("Some labels of the training data have no row in the test file; they get no score."),
        _("Add such rows to the test file, or leave the test rows to be chosen for you."),
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
    # --- data ---------------------------------------------------------------------------
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
    "row.duplicate": Entry(
        AMBER,
        _("Texts that stand there more than once"),
        _("Each text once."),
        _("Some rows repeat an earlier row. Copies are kept on the same side of the split."),
        _("Remove the copies if they are there by mistake."),
    ),
    "label.contradictory": Entry(
        RED,
        _("Same text, different labels"),
        _("One label for a text."),
        _("Some texts stand there with more than one label."),
        _("Decide which label is right and correct the others."),
    ),
    "data.truncated": Entry(
        RED,
        _("Many texts are too long"),
        _(
            "Texts of at most about {limit} tokens ({limit} Chinese characters or {words} English words)."
        ),
        _(
            "{share} per cent of the texts are longer; what is behind that is not read by most models."
        ),
        _("Make sure that what matters stands at the beginning, or cut the texts."),
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
    "row.near_partial": Entry(
        AMBER,
        _("The search for almost equal texts is not complete"),
        _("Texts that are either almost the same or clearly different."),
        _(
            "After {pairs} comparisons of texts that only look alike at first sight the search was cut short. "
            "There may be more almost equal texts than this report lists, in two splits too."
        ),
        _(
            "Often the rows share a long piece, such as a header, a signature or a form: take it out of the texts and "
            "add the data again. If they are alike by nature, nothing has to be done."
        ),
    ),
    # --- leaks --------------------------------------------------------------------------
    "leak.exact": Entry(
        RED,
        _("Texts that stand in two splits"),
        _("Validation and test rows that the model has not seen in training."),
        _(
            "{count} rows of the {split} split ({share} %) have a text that stands in the {other} split too. "
            "The result will look better than it is."
        ),
        _("Remove these rows from one of the two, or move them to the training rows."),
    ),
    "leak.near": Entry(
        RED,
        _("Texts that are almost the same in two splits"),
        _("Validation and test rows that the model has not seen in training."),
        _(
            "{count} rows of the {split} split ({share} %) are nearly the same as one of the {other} split. "
            "The result will look better than it is."
        ),
        _("Remove these rows from one of the two, or move them to the training rows."),
    ),
}
