"""Why a finding matters: what happens to a model that is trained on the data as it is."""

from django.utils.translation import gettext_noop as _

REASONS: dict[str, str] = {
    "base.language": _(
        "A base model that does not know the words can hardly tell the texts apart. Another one will do much better."
    ),
    "base.language_partly": _(
        "What the base model does not know, it cannot understand; training makes up for only a part of that."
    ),
    "data.empty_text": _("A row without a text teaches nothing."),
    "data.long": _("Whatever comes after the limit is not read, neither in training nor later."),
    "data.small": _("With so few rows, the scores depend on chance as much as on the model."),
    "data.truncated": _(
        "Whatever comes after the limit is not read, neither in training nor later."
    ),
    "label.alike": _(
        "Two names for one thing are two labels for the model: it has to guess between them, and learns each from a "
        "part of the rows."
    ),
    "label.contradictory": _(
        "The model is told two truths about one text and can learn neither; in the test, one of the two counts as a "
        "mistake whatever it says."
    ),
    "label.few": _(
        "From a handful of rows a model learns those rows, not what they have in common."
    ),
    "label.long": _("A whole text as a label is usually a column that was mistaken for another."),
    "label.modest": _("More rows of these labels are the surest way to better answers for them."),
    "label.single": _("A label with one row cannot be learnt and tested: it is in one part alone."),
    "label.skewed": _("The model may do well by hardly ever naming the rare labels."),
    "label.suspect": _(
        "Wrong labels teach wrong answers, and in the test they make a good model look worse than it is."
    ),
    "label.thin": _("Few rows make shaky answers, and the test has too few to tell."),
    "label.uneven": _("The model leans towards the frequent labels."),
    "label.untested": _("The test says nothing about how well these labels are found."),
    "label.untrained": _(
        "The model never gives these labels, so all their rows count as mistakes."
    ),
    "leak.exact": _(
        "The model has seen the answer. The scores are better than what you will get on new texts."
    ),
    "leak.near": _(
        "The model has seen almost the same text with its answer. The scores are better than what you will get on "
        "new texts."
    ),
    "row.duplicate": _(
        "Texts that are there several times count more than others, and only cost training time."
    ),
    "row.near": _(
        "Almost the same text again and again weighs more than others, and makes the data look larger than it is."
    ),
    "row.near_partial": _(
        "Texts that are almost the same may have been missed. If they are in both training and test, the scores are "
        "too good."
    ),
    "split.shares": _("The test then asks for other things than the model was trained on."),
    "text.language": _("Texts in a language that few rows are in are learnt badly, if at all."),
    "text.personal": _(
        "Whoever gets the model or this data gets the personal data too, and the model does not need it."
    ),
}
