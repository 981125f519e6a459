"""What can be wrong with what a row says of its text, with changes and with splits."""

from training.problems.entry import AMBER, BLOCKING, INFO, Entry
from training.problems.entry import gettext_noop as _

ENTRIES: dict[str, Entry] = {
    # --- marks in a text ----------------------------------------------------------------
    "span.unread": Entry(
        AMBER,
        _("Marks that cannot be read"),
        _("A list of start, end and label for each marked span."),
        _("Some cells hold something else; their rows are left out."),
        _('Write them as [{{"start": 0, "end": 5, "label": "name"}}], counted in characters.'),
    ),
    "span.range": Entry(
        AMBER,
        _("Marks outside their text"),
        _("A start and an end inside the text, counted in characters from 0."),
        _("A mark goes from {start} to {end} in a text of {length} characters."),
        _("Count characters, not bytes or words, and count line breaks as one."),
    ),
    "span.overlap": Entry(
        AMBER,
        _("Marks that overlap"),
        _("Spans that do not overlap."),
        _("Some spans share characters; a model learns one label for each word."),
        _("Keep the more important span of the two."),
    ),
    "span.markers": Entry(
        AMBER,
        _("Texts without both marks"),
        _("<e1> and </e1> around the one thing, <e2> and </e2> around the other, each once."),
        _("Some texts lack a mark or have it twice; their rows are left out."),
        _("Add the marks to these rows."),
    ),
    "tags.length": Entry(
        AMBER,
        _("Not one tag for each token"),
        _("As many tags as tokens."),
        _("A row has {tokens} tokens and {tags} tags."),
        _("Correct these rows; a space inside a token counts as two tokens."),
    ),
    "answer.missing": Entry(
        AMBER,
        _("Answers that do not stand in their context"),
        _("The answer word for word in the context."),
        _("Some answers are not found in their context; their rows are left out."),
        _(
            "Copy the answer out of the context, or leave the context out and train on free answers."
        ),
    ),
    "answer.moved": Entry(
        INFO,
        _("Answers that begin elsewhere"),
        _("The place where the answer begins, counted in characters from 0."),
        _("Some places were wrong and were corrected: the answer was found at {found}."),
        _("Nothing to do."),
    ),
    "references.unread": Entry(
        AMBER,
        _("Further references that cannot be read"),
        _("A text, or a JSON list of texts."),
        _(
            "Some cells look like a list and are none; their rows count with their first reference alone."
        ),
        _(
            'Write them as ["one text", "another text"], or give each reference a column of its own.'
        ),
    ),
    "score.number": Entry(
        AMBER,
        _("Scores that are no numbers"),
        _("A number, such as 0.8 or 3."),
        _("Some scores cannot be read as a number; their rows are left out."),
        _("Write them with a point and without units."),
    ),
    "messages.broken": Entry(
        AMBER,
        _("Conversations that cannot be read"),
        _("A list of messages, each with a role (system, user or assistant) and a content."),
        _("Some cells hold something else; their rows are left out. The first: {reason}."),
        _(
            'Write them as [{{"role": "user", "content": "Hi"}}, {{"role": "assistant", "content": "Hello"}}].'
        ),
    ),
    # --- changes ------------------------------------------------------------------------
    "edit.unknown": Entry(
        BLOCKING,
        _("A change that is not known"),
        _("One of: {known}."),
        _("A change is called “{op}”."),
        _("Correct the name of the change."),
    ),
    "edit.broken": Entry(
        BLOCKING,
        _("A change that cannot be read"),
        _("All that the change “{op}” needs."),
        _("In a change “{op}” something is missing or wrong: {field}."),
        _("Correct the change; the page about the API says what each needs."),
    ),
    "edit.row": Entry(
        BLOCKING,
        _("There is no such row"),
        _("The number of a row of this version."),
        _("Version {version} has no row {row}."),
        _("Load the page again."),
    ),
    "edit.kind": Entry(
        BLOCKING,
        _("Not an answer that is known"),
        _("set, drop, accept, reject or skip."),
        _("The answer is “{kind}”."),
        _("Correct the name of the answer."),
    ),
    "edit.role": Entry(
        BLOCKING,
        _("A value that these rows do not have"),
        _("One of: {known}."),
        _("“{role}” is none of them."),
        _("Correct the name."),
    ),
    "edit.value": Entry(
        BLOCKING,
        _("This cannot be saved"),
        _("{expected}"),
        _("{role}: {kind} (“{value}”)."),
        _("Correct it and save once more; what you typed is still there."),
    ),
    "edit.nothing": Entry(
        BLOCKING,
        _("Nothing has been changed"),
        _("At least one row that is changed, left out or added."),
        _("The draft of version {version} is empty."),
        _("Change something first."),
    ),
    "edit.applied": Entry(
        BLOCKING,
        _("A version was made of this already"),
        _("An answer that is still in the draft."),
        _("This one is part of a version."),
        _("Change the row in that version."),
    ),
    # --- splits -------------------------------------------------------------------------
    "split.unknown": Entry(
        AMBER,
        _("Splits that are not known"),
        _("One of: {known}."),
        _(
            "Some rows say something else in the split column; they are split like rows that say nothing."
        ),
        _("Correct the words, or choose no column for the split."),
    ),
    "split.reserved": Entry(
        INFO,
        _("Rows that stand in the project's test set"),
        _("Training rows that the test does not ask for."),
        _("Some rows have a text of the test set; they were left out of the training rows."),
        _("Nothing to do."),
    ),
    "split.column": Entry(
        BLOCKING,
        _("Nothing to split by"),
        _("A column for the {split}."),
        _("The rows are to be split by {split}, but no column was chosen for that."),
        _("Choose the column, or let the rows be split at random."),
    ),
    "split.shares": Entry(
        AMBER,
        _("Splits that are made up differently"),
        _("Label shares that differ by at most {points} points between the splits."),
        _(
            "Some labels have a share in the {split} rows that differs by more from that in the training rows."
        ),
        _("If the rows were not chosen at random, let them be split for you."),
    ),
    # --- a second look ------------------------------------------------------------------
    "row.near": Entry(
        AMBER,
        _("Rows that are almost the same"),
        _("Each text once."),
        _("{count} rows are nearly the same as an earlier row of their split."),
        _(
            "Leave them out if they are there by mistake; many of them make the data look larger than it is."
        ),
    ),
    "label.suspect": Entry(
        AMBER,
        _("Labels that are probably wrong"),
        _("The label that a person would give."),
        _(
            "A simple model that has not seen these {count} rows gives them another label. "
            "It finds {accuracy} per cent of the labels in this data."
        ),
        _("Look through them, the most suspicious first, and correct what is wrong."),
    ),
    "text.personal": Entry(
        AMBER,
        _("Likely personal data"),
        _("Texts without data about people that the model does not need."),
        _("{what}: found in {count} rows."),
        _("Mask them, or make sure that you may use them; a model can repeat what it has read."),
    ),
}
