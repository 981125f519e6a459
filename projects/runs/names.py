"""What settings, scores and baselines are called on pages; their ids are those of training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from web.templatetags.attune import DASH, percent

SETTINGS = {
    "epochs": gettext_noop("Epochs"),
    "learning_rate": gettext_noop("Learning rate"),
    "head_learning_rate": gettext_noop("Head learning rate"),
    "batch_size": gettext_noop("Batch size"),
    "max_length": gettext_noop("Maximum length"),
    "warmup": gettext_noop("Warm-up"),
    "weight_decay": gettext_noop("Weight decay"),
    "dropout": gettext_noop("Dropout"),
    "clip": gettext_noop("Gradient clipping"),
    "schedule": gettext_noop("Schedule"),
    "patience": gettext_noop("Patience"),
    "optimizer": gettext_noop("Optimizer"),
    "layer_decay": gettext_noop("Decay by layer"),
    "accumulation": gettext_noop("Batches in a step"),
    "devices": gettext_noop("Devices"),
    "sharding": gettext_noop("Divided among devices"),
    "checkpointing": gettext_noop("Save memory"),
    "label_smoothing": gettext_noop("Label smoothing"),
    "max_steps": gettext_noop("Most steps"),
    "stop_metric": gettext_noop("Score to stop by"),
    "min_gain": gettext_noop("Least gain"),
    "probe_head": gettext_noop("Probed head"),
    "long_text": gettext_noop("Long texts"),
    "class_weights": gettext_noop("Label weights"),
    "trained": gettext_noop("What is trained"),
    "top_layers": gettext_noop("Top layers"),
    "focal": gettext_noop("Focal loss"),
    "oversampling": gettext_noop("Oversampling"),
    "pooling": gettext_noop("Pooling"),
    "few_shot": gettext_noop("Few-shot learning"),
    "augmentation": gettext_noop("Augmentation"),
    "augment_share": gettext_noop("Words changed"),
    "matching": gettext_noop("Two texts"),
    "method": gettext_noop("Method"),
    "rank": gettext_noop("Adapter rank"),
    "alpha": gettext_noop("Adapter scale"),
    "virtual_tokens": gettext_noop("Virtual tokens"),
    "quantize": gettext_noop("Bits of the base"),
    "max_new_tokens": gettext_noop("Longest answer"),
    "packing": gettext_noop("Packing"),
    "tested": gettext_noop("Test rows in writing"),
    "seeds": gettext_noop("Seeds to try"),
    # Not “Precision”: on these pages that is the metric.
    "precision": gettext_noop("Number format"),
}


# Under which headings they are asked for, in the order of training.options.
GROUPS = (
    (
        gettext_noop("How long and how fast"),
        (
            "epochs",
            "learning_rate",
            "head_learning_rate",
            "batch_size",
            "accumulation",
            "max_steps",
            "schedule",
            "warmup",
            "patience",
            "stop_metric",
            "min_gain",
        ),
    ),
    (
        gettext_noop("What is read and written"),
        ("max_length", "long_text", "matching", "packing", "max_new_tokens", "tested"),
    ),
    (
        gettext_noop("What is trained"),
        (
            "trained",
            "top_layers",
            "layer_decay",
            "probe_head",
            "pooling",
            "method",
            "rank",
            "alpha",
            "virtual_tokens",
            "quantize",
        ),
    ),
    (
        gettext_noop("Against learning by heart"),
        ("dropout", "weight_decay", "label_smoothing", "clip"),
    ),
    (gettext_noop("Few rows"), ("few_shot", "augmentation", "augment_share")),
    (gettext_noop("Rare labels"), ("class_weights", "focal", "oversampling")),
    (
        gettext_noop("How it is computed"),
        ("optimizer", "precision", "devices", "sharding", "checkpointing", "seeds", "seed"),
    ),
)

ON_OFF = {True: gettext_noop("On"), False: gettext_noop("Off")}
# What can be chosen of training.spec.OPTIONS; a name that is not here is one that experts know it by.
CHOICES = {
    "auto": gettext_noop("Chosen at the start"),
    "linear": gettext_noop("Falls evenly"),
    "cosine": gettext_noop("Falls in a curve (cosine)"),
    "constant": gettext_noop("Stays the same"),
    "head": gettext_noop("The beginning"),
    "head_tail": gettext_noop("The beginning and the end"),
    "windows": gettext_noop("All of it, in windows"),
    "mean": gettext_noop("The mean of all tokens"),
    "first": gettext_noop("The first token"),
    "on": gettext_noop("On"),
    "off": gettext_noop("Off"),
    "none": gettext_noop("None"),
    "dropout": gettext_noop("Words left out"),
    "mask": gettext_noop("Words masked"),
    "swap": gettext_noop("Words swapped"),
    "neighbours": gettext_noop("Words replaced by near ones"),
    "mixup": gettext_noop("Rows mixed (mix-up)"),
    "back_translation": gettext_noop("Translated there and back"),
    "cross": gettext_noop("Read together"),
    "bi": gettext_noop("Each read by itself"),
    "all": gettext_noop("Everything"),
    "layers": gettext_noop("All but the embeddings"),
    "top": gettext_noop("The top layers and the head"),
    "head_only": gettext_noop("The head alone"),
    "gradual": gettext_noop("More with each epoch, from the top"),
    "adamw": "AdamW",
    "sgd": gettext_noop("SGD with momentum"),
    "adafactor": "Adafactor",
    "lion": "Lion",
    "lora": gettext_noop("Few weights (LoRA)"),
    "dora": gettext_noop("Few weights (DoRA)"),
    "rslora": gettext_noop("Few weights (rsLoRA)"),
    "ia3": gettext_noop("Few factors (IA3)"),
    "prompt": gettext_noop("Virtual tokens before each text (prompt tuning)"),
    "prefix": gettext_noop("Virtual tokens in every layer (prefix tuning)"),
    "full": gettext_noop("All weights"),
    "8bit": gettext_noop("8 bits a weight"),
    "4bit": gettext_noop("4 bits a weight"),
    "fsdp": gettext_noop("A part on each (FSDP)"),
}


SEARCH = {
    "search": gettext_noop("Search"),
    "search.trials": gettext_noop("Settings to try, at most"),
    "search.minutes": gettext_noop("Minutes of searching, at most"),
    "search.parallel": gettext_noop("Trials at the same time"),
}


def setting_title(name: str) -> str:
    return _(SETTINGS.get(name) or SEARCH.get(name, name))


def setting_value(value: Any) -> Any:
    if isinstance(value, bool):
        return _(ON_OFF[value])
    if value in CHOICES:
        return _(CHOICES[value])
    return str(FIGURES[value].title) if value in FIGURES else value


SHARE, HUNDRED, NUMBER = "share", "hundred", "number"  # 0 to 1, shown as percent · 0 to 100 · any


@dataclass(frozen=True)
class Figure:
    """A score: what it is called, what it says, and how its number is written. `lower`: less is better."""

    title: Any
    hint: Any = ""
    form: str = SHARE
    lower: bool = False


FIGURES = {
    "accuracy": Figure(gettext_lazy("Accuracy"), gettext_lazy("share of rows that are right")),
    "macro_f1": Figure(gettext_lazy("Macro F1"), gettext_lazy("every label counts the same")),
    "micro_f1": Figure(gettext_lazy("Micro F1"), gettext_lazy("all labels counted as one")),
    "official_f1": Figure(
        gettext_lazy("Official F1"), gettext_lazy("mean over relations, without “Other”")
    ),
    "f1": Figure(gettext_lazy("F1"), gettext_lazy("words in common with the right answer")),
    "exact_match": Figure(
        gettext_lazy("Exact match"), gettext_lazy("share of answers that are the same")
    ),
    "subset_accuracy": Figure(
        gettext_lazy("Exactly right"), gettext_lazy("share of rows with exactly the right labels")
    ),
    "hamming_loss": Figure(
        gettext_lazy("Hamming loss"),
        gettext_lazy("share of wrong decisions; lower is better"),
        lower=True,
    ),
    "lrap": Figure(
        gettext_lazy("Ranking (LRAP)"), gettext_lazy("whether true labels come before others")
    ),
    "pearson": Figure(
        gettext_lazy("Pearson"), gettext_lazy("1 where both scores rise and fall together"), NUMBER
    ),
    "spearman": Figure(
        gettext_lazy("Spearman"),
        gettext_lazy("1 where both put the rows in the same order"),
        NUMBER,
    ),
    "mse": Figure(
        gettext_lazy("Mean squared error"),
        gettext_lazy("large misses count most; lower is better"),
        NUMBER,
        True,
    ),
    "mae": Figure(
        gettext_lazy("Mean absolute error"),
        gettext_lazy("how far off on average; lower is better"),
        NUMBER,
        True,
    ),
    "bleu": Figure("BLEU", gettext_lazy("runs of words in common, 0 to 100"), HUNDRED),
    "chrf": Figure("chrF", gettext_lazy("runs of characters in common, 0 to 100"), HUNDRED),
    "rouge1": Figure("ROUGE-1", gettext_lazy("words in common, 0 to 100"), HUNDRED),
    "rouge2": Figure("ROUGE-2", gettext_lazy("pairs of words in common, 0 to 100"), HUNDRED),
    "rougeL": Figure(
        "ROUGE-L", gettext_lazy("words in common in the same order, 0 to 100"), HUNDRED
    ),
    "perplexity": Figure(
        gettext_lazy("Perplexity"),
        gettext_lazy("how much the right text surprises the model; lower is better"),
        NUMBER,
        True,
    ),
    "loss": Figure(
        gettext_lazy("Loss"),
        gettext_lazy("how far off the model is; lower is better"),
        NUMBER,
        True,
    ),
    "length_ratio": Figure(
        gettext_lazy("Length"),
        gettext_lazy("1 where the texts are as long as the references"),
        NUMBER,
    ),
    "distinct_1": Figure(
        gettext_lazy("Different words"), gettext_lazy("low where it repeats itself")
    ),
    "distinct_2": Figure(
        gettext_lazy("Different word pairs"), gettext_lazy("low where it repeats itself")
    ),
    "copied_share": Figure(
        gettext_lazy("Copied"), gettext_lazy("runs of three words that stand in the source")
    ),
    "roc_auc": Figure("ROC AUC", gettext_lazy("0.5 is guessing, 1 is perfect"), NUMBER),
    "average_precision": Figure(
        gettext_lazy("Average precision"),
        gettext_lazy("1 where all that is right comes first"),
        NUMBER,
    ),
    "mcc": Figure("MCC", gettext_lazy("0 is guessing, 1 is all right"), NUMBER),
    "recall_at_1": Figure("Recall@1", gettext_lazy("found in the first place")),
    "recall_at_5": Figure("Recall@5", gettext_lazy("found among the first five")),
    "recall_at_10": Figure("Recall@10", gettext_lazy("found among the first ten")),
    "mrr": Figure(
        "MRR", gettext_lazy("1 where the first one is right, ½ where the second is"), NUMBER
    ),
    "ndcg_at_10": Figure(
        "nDCG@10", gettext_lazy("the right ones first: 1 is the best order"), NUMBER
    ),
    "log_loss": Figure(
        gettext_lazy("Log loss"),
        gettext_lazy("being sure and wrong costs most; lower is better"),
        NUMBER,
        True,
    ),
}
# Where a head means something else by it.
OF_HEAD = {
    ("token", "micro_f1"): Figure(
        gettext_lazy("Entity F1"), gettext_lazy("start, end and label have to be right")
    ),
    ("token", "macro_f1"): Figure(
        gettext_lazy("Macro F1"), gettext_lazy("every kind of entity counts the same")
    ),
}
BASELINES = {
    "majority": gettext_lazy("Always the most frequent answer"),
    "tfidf": gettext_lazy("Word counts (TF-IDF) with a linear model"),
    "dictionary": gettext_lazy("A dictionary of the training rows"),
    "overlap": gettext_lazy("The sentence with most words of the question"),
    "lead": gettext_lazy("The first three sentences"),
    "copy": gettext_lazy("The input as it is"),
    "words": gettext_lazy("Words in common (TF-IDF), without a model"),
    "base": gettext_lazy("The base model before fine-tuning"),
    "model": gettext_lazy("Your fine-tuned model"),
    "draft": gettext_lazy("Your draft"),
}


def figure(name: str, head: str = "") -> Figure:
    """A score that is not known here is called what the engine calls it."""
    found = OF_HEAD.get((head, name)) or FIGURES.get(name)
    return found or Figure(name.replace("_", " "), form=NUMBER)


def figure_value(value: Any, form: str = SHARE) -> str:
    """The number as pages write it; a dash where there is none."""
    if value is None or isinstance(value, str):
        return DASH
    if form == SHARE:
        return percent(value)
    return number_format(
        round(float(value), 1 if form == HUNDRED else 3), 1 if form == HUNDRED else 3
    )


def baseline_title(name: str) -> str:
    return str(BASELINES.get(name, name))
