"""What can be wrong with a base model, a choice for training, or a training."""

from training.problems.entry import AMBER, BLOCKING, INFO, RED, Entry
from training.problems.entry import gettext_noop as _

ENTRIES: dict[str, Entry] = {
    # --- base models --------------------------------------------------------------------
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
        _("The files of this base model are not on this server."),
        _("Let the operator install it, put its folder at {folder}, or choose another base model."),
    ),
    "base.broken": Entry(
        BLOCKING,
        _("The base model is incomplete"),
        _("A folder with config.json, a tokenizer and safetensors weights."),
        _("“{base}” has no {missing}."),
        _("Fetch the files again."),
    ),
    "prompt.field": Entry(
        BLOCKING,
        _("The prompt does not fit the data"),
        _("A text with at least one of {known} in it, and no other name in braces."),
        _("“{field}” is missing, or is no column of this task."),
        _("Write the prompt with {known}, or leave it empty for the usual one."),
    ),
    "search.no_valid": Entry(
        BLOCKING,
        _("A search needs validation rows"),
        _("Rows that are neither trained on nor tested on, by which settings are compared."),
        _("This version of the data has none."),
        _(
            "Add rows, or divide the data so that some are for validation, or train without a search."
        ),
    ),
    "search.nothing": Entry(
        BLOCKING,
        _("There is nothing left to search"),
        _("At least one setting that is left open."),
        _("All settings that could be searched are set."),
        _("Leave some of the advanced settings empty, or train without a search."),
    ),
    "search.other": Entry(
        BLOCKING,
        _("The folder holds another search"),
        _("A search of the same data and settings, which would go on, or an empty folder."),
        _("“{folder}” has one of other data or settings."),
        _("Choose another folder."),
    ),
    "search.failed": Entry(
        BLOCKING,
        _("Every trial of the search failed"),
        _("At least one trial that comes to its end."),
        _("{trials} trials failed: {reasons}."),
        _(
            "Choose a smaller base model or a shorter maximum length, or set a lower learning rate or batch size."
        ),
    ),
    "base.client": Entry(
        BLOCKING,
        _("A package client is missing"),
        _("The program “{client}”, which fetches “{base}”."),
        _("It is not on this machine."),
        _("Let the operator install it (npm comes with Node.js), or choose another base model."),
    ),
    "base.download": Entry(
        BLOCKING,
        _("The base model could not be downloaded"),
        _("“{package}”, fetched by {client}."),
        _("It said: {told}"),
        _("See to the network and to the settings of {client}, then try again."),
    ),
    "base.checksum": Entry(
        BLOCKING,
        _("The download is not what it should be"),
        _("“{package}” with the sha256 {wanted}."),
        _("It has {found}. Nothing of it was used."),
        _(
            "Try again. If it stays so, the package was changed: don't use it, and tell the operator of this site."
        ),
    ),
    "base.archive": Entry(
        BLOCKING,
        _("The archive cannot be used"),
        _("A package with the files of a model, all of them below one folder."),
        _("In “{archive}”: {found}"),
        _("Name the folder inside the package, or use another package."),
    ),
    "base.changed": Entry(
        BLOCKING,
        _("A file of the base model has changed"),
        _("Every file of “{base}” as it was installed."),
        _("“{file}” is another."),
        _("Remove the folder of the base model, then install it again."),
    ),
    "base.entry": Entry(
        BLOCKING,
        _("This base model cannot be added"),
        _("{field}: {wanted}."),
        _("{field} is “{value}”."),
        _("Correct it and try again."),
    ),
    "base.kind": Entry(
        BLOCKING,
        _("The base model is of another kind"),
        _("A base model that can learn the task of the project."),
        _("“{base}” cannot learn it."),
        _("Choose another base model."),
    ),
    "base.unread": Entry(
        BLOCKING,
        _("The base model was made for other languages"),
        _("A base model for the language of your texts."),
        _("“{base}” was made for: {languages}."),
        _("Choose another base model."),
    ),
    "base.memory": Entry(
        BLOCKING,
        _("The base model is too large for this machine"),
        _("About {wanted} of memory to train it."),
        _("This machine has {found}."),
        _("Choose a smaller base model."),
    ),
    "base.language": Entry(
        RED,
        _("The base model does not know this language"),
        _("A base model for the language of your texts."),
        # xgettext:no-python-format
        _("{share} % of the text is unknown to “{base}”; it sees only placeholders there."),
        _("Choose a base model that was made for this language."),
    ),
    "base.language_partly": Entry(
        AMBER,
        _("Parts of the text are unknown to the base model"),
        _("A base model for the language of your texts."),
        _(
            # xgettext:no-python-format
            "{share} % of the text is unknown to “{base}”, or written in a script that it was hardly trained on."
        ),
        _("Compare with a base model that was made for this language."),
    ),
    "base.task": Entry(
        BLOCKING,
        _("The base model is not made for this task"),
        _("A base model for the task of the project."),
        _("“{base}” is not offered for {task}."),
        _("Choose another base model."),
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
    "artifact.expired": Entry(
        BLOCKING,
        _("The model is not kept any more"),
        _("A model that is not older than the plan of the workspace keeps models."),
        _("It was removed on {at}. Its report is still there."),
        _("Train again to get it back, or ask for a plan that keeps models longer."),
    ),
    # --- predictions --------------------------------------------------------------------
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
    "predict.candidates": Entry(
        BLOCKING,
        _("The list cannot be searched"),
        _("1 to {limit} texts, none of them empty, with at most {letters} characters together."),
        _("The list has {found} texts with {length} characters together."),
        _("Paste one text a line; for a longer list use predict.py of the download with --list."),
    ),
    "predict.no_search": Entry(
        BLOCKING,
        _("This model does not search lists"),
        _(
            "A model of two texts, with a score or with two labels, of which one says that they belong together."
        ),
        _("The model of this run is another one."),
        _("Send every pair by itself, or train a model with such labels."),
    ),
    "predict.marks": Entry(
        BLOCKING,
        _("Two things have to be marked"),
        _(
            "<e1> and </e1> around the first thing, <e2> and </e2> around the second, or their four places."
        ),
        _("Text {number} has no such marks."),
        _("Mark both, each with at least one character."),
    ),
    "predict.messages": Entry(
        BLOCKING,
        _("The conversation cannot be answered"),
        _(
            "Messages with a role (system, user or assistant) and a content, the last from the user."
        ),
        _("Conversation {number} is not like that."),
        _("Send a list of messages that ends with a question of the user."),
    ),
    # --- what was written ---------------------------------------------------------------
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
    # --- training -----------------------------------------------------------------------
    "train.no_test": Entry(
        BLOCKING,
        _("No test rows"),
        _("At least one test row, to measure the model on."),
        _("There is none."),
        _("Give a test file with rows, or none at all: then a part of the data is put aside."),
    ),
    "matching.labels": Entry(
        BLOCKING,
        _("Too many labels for texts that are read by themselves"),
        _("Two labels: one for texts that belong together, one for all others."),
        _("There are {found}."),
        _("Let the two texts be read together (the setting “matching” on “cross”)."),
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
    "train.smaller_batch": Entry(
        INFO,
        _("Smaller batches for want of memory"),
        _("Memory for {before} rows at once."),
        _(
            "It did not suffice at step {step}: {rows} rows are read at once, and {together} such batches make a step."
        ),
        _("Nothing to do: the steps are as large as before, only slower."),
    ),
    "train.stepped_back": Entry(
        INFO,
        _("Training went back once it went astray"),
        _("A loss that is a number and stays near where it began."),
        _(
            "At step {step} it was not; training went on from step {back}, with half the learning rate "
            "({learning_rate})."
        ),
        _("Choose a smaller learning rate if it happens again."),
    ),
    "train.seeds": Entry(
        INFO,
        _("Trained several times"),
        _("The best of {count} trainings on the validation rows."),
        _("It is the one with the seed {seed}."),
        _("Nothing to do: mean and deviation of all of them stand in the report."),
    ),
    "train.said_otherwise": Entry(
        INFO,
        _("Training texts were translated there and back"),
        _("Another way to say each training text."),
        _("{rows} of {all} texts came back otherwise; half of the time they are read so."),
        _("Nothing to do."),
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
    # --- serving ------------------------------------------------------------------------
    "serving.inputs": Entry(
        BLOCKING,
        _("Nothing that can be read"),
        _("A list of 1 to {most} inputs, each with a “text”."),
        _("{found}"),
        _("Send for example: {example}"),
    ),
}
