"""The settings of a run: their bounds and what each is for. Plain data, read by forms, API, command line and docs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Option:
    """One setting of the 'Advanced' part: its bounds hold in the form, the API and the command line alike."""

    name: str
    kind: type  # int, float, bool or str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    explain: str = ""  # one line, translatable
    heads: tuple[str, ...] = ()  # that know it; empty: all
    only: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # choice -> heads that have it

    def fits(self, head: str) -> bool:
        return not self.heads or head in self.heads

    def of(self, head: str) -> Option:
        """With the choices that this head has."""
        able = tuple(one for one in self.choices if head in self.only.get(one, (head,)))
        return replace(self, choices=able)


def _(text: str) -> str:
    """Marks a text for translation by the site."""
    return text


# Figures of an epoch; which of them there are is said by the task.
METRICS = (
    "loss",
    "accuracy",
    "macro_f1",
    "micro_f1",
    "official_f1",
    "f1",
    "exact_match",
    "pearson",
    "spearman",
)
READING = ("sequence", "token", "relation", "span")  # heads over an encoder
# None as a value means: chosen by effort, base and data. Shown in this order.
OPTIONS: dict[str, Option] = {
    option.name: option
    for option in (
        Option("epochs", int, 1, 50, explain=_("How often the model sees every training row.")),
        Option(
            "learning_rate", float, 1e-7, 1e-2, explain=_("Size of a step for the pretrained part.")
        ),
        Option(
            "head_learning_rate",
            float,
            1e-6,
            1e-1,
            explain=_("Size of a step for the new head."),
            heads=READING,
        ),
        Option("batch_size", int, 1, 512, explain=_("Rows in one training step.")),
        Option(
            "max_length", int, 8, 8192, explain=_("Longest text in tokens; what is longer is cut.")
        ),
        Option(
            "warmup",
            float,
            0,
            0.5,
            explain=_("Share of the steps in which the learning rate rises."),
        ),
        Option("weight_decay", float, 0, 1, explain=_("Pull of the weights towards zero.")),
        Option(
            "dropout",
            float,
            0,
            0.9,
            explain=_("Share of the head's inputs that are left out at random."),
            heads=READING,
        ),
        Option(
            "clip",
            float,
            0.01,
            100,
            explain=_("Longest gradient; longer ones are shortened to it."),
        ),
        Option(
            "schedule",
            str,
            choices=("linear", "cosine", "constant"),
            explain=_("How the learning rate falls after warm-up."),
        ),
        Option(
            "patience",
            int,
            1,
            50,
            explain=_(
                "Epochs without a better validation score before training stops; never before half of all "
                "epochs while nothing is better than the start."
            ),
        ),
        Option(
            "optimizer",
            str,
            choices=("adamw", "sgd", "adafactor", "lion"),
            explain=_(
                "How a gradient becomes a step. Adafactor and Lion keep less in memory than AdamW; SGD has momentum."
            ),
        ),
        Option(
            "layer_decay",
            float,
            0.3,
            1,
            explain=_(
                "The learning rate of each layer against that of the layer above it; 1: the same for all."
            ),
        ),
        Option(
            "accumulation",
            int,
            1,
            128,
            explain=_(
                "Batches whose gradients make one step together: large steps in little memory."
            ),
        ),
        Option(
            "devices",
            int,
            1,
            64,
            explain=_(
                "GPUs of this machine that train together; each step stays the same, its rows are shared out."
            ),
        ),
        Option(
            "sharding",
            str,
            choices=("none", "fsdp"),
            explain=_(
                "Of several devices each keeps all of the model, or a part of its weights, gradients and what the "
                "optimizer remembers (FSDP): for models that are too large to be trained otherwise."
            ),
            heads=("text",),
        ),
        Option(
            "checkpointing",
            bool,
            explain=_(
                "Compute inner results again instead of keeping them: less memory, and about a third slower."
            ),
        ),
        Option(
            "label_smoothing",
            float,
            0,
            0.5,
            explain=_("Share of each label's certainty that is spread evenly over all labels."),
            heads=("sequence", "token", "relation"),
        ),
        Option(
            "max_steps",
            int,
            0,
            1_000_000,
            explain=_("Training ends after so many steps, whatever the epochs; 0: no limit."),
        ),
        Option(
            "trained",
            str,
            choices=("all", "layers", "top", "head_only", "gradual"),
            explain=_(
                "Which part of the model learns; what does not is faster, and forgets nothing."
            ),
            heads=READING,
        ),
        Option(
            "top_layers",
            int,
            1,
            48,
            explain=_("How many layers learn where only the top layers do."),
            heads=READING,
        ),
        Option(
            "stop_metric",
            str,
            choices=("auto", *METRICS),
            explain=_(
                "The validation score by which epochs are compared; it has to be one of the task's."
            ),
            heads=(*READING, "pair"),
        ),
        Option(
            "min_gain",
            float,
            0,
            0.5,
            explain=_(
                "How much the validation score has to rise to count as better for the patience; 0: by its noise."
            ),
        ),
        Option(
            "probe_head",
            bool,
            explain=_("Start the head from a linear model over the base's own vectors."),
            heads=("sequence", "relation"),
        ),
        Option(
            "long_text",
            str,
            choices=("auto", "head", "head_tail", "windows"),
            explain=_(
                "What is read of a text that is too long: its beginning, both ends, or all in windows."
            ),
            heads=("sequence",),
        ),
        Option(
            "class_weights",
            bool,
            explain=_("Count rows of rare labels more."),
            heads=("sequence", "relation"),
        ),
        Option(
            "focal",
            float,
            0,
            5,
            explain=_(
                "Focal loss: how much less rows count that the model is sure of already; 0: all the same."
            ),
            heads=("sequence", "relation"),
        ),
        Option(
            "oversampling",
            bool,
            explain=_("Show rows of rare labels more often, and of common ones less."),
            heads=("sequence", "relation"),
        ),
        Option(
            "pooling",
            str,
            choices=("auto", "mean", "first"),
            explain=_(
                "What stands for a text: the mean of its tokens, or its first one. Automatic: as the base was made, or "
                "what does better on validation rows."
            ),
            heads=("sequence", "pair"),
        ),
        Option(
            "few_shot",
            str,
            choices=("auto", "on", "off"),
            explain=_(
                "Learn from pairs of rows which have the same label, then fit a linear head. Automatic: tried with few "
                "rows a label, and kept if it does better on validation rows."
            ),
            heads=("sequence",),
        ),
        Option(
            "augmentation",
            str,
            choices=(
                "auto",
                "none",
                "dropout",
                "mask",
                "swap",
                "neighbours",
                "mixup",
                "back_translation",
            ),
            explain=_(
                "Change training rows a little each time they are read. For small sets. Back-translation needs two "
                "translation models on this machine, there and back, and says every text otherwise once."
            ),
            heads=("sequence",),
        ),
        Option(
            "augment_share",
            float,
            0.01,
            0.5,
            explain=_("Share of a text's words that augmentation changes."),
            heads=("sequence",),
        ),
        Option(
            "matching",
            str,
            choices=("auto", "cross", "bi"),
            explain=_(
                "Read two texts together (for many rows), or each by itself (for few rows, and long lists)."
            ),
            heads=("pair",),
        ),
        Option(
            "method",
            str,
            choices=("auto", "lora", "dora", "rslora", "ia3", "prompt", "prefix", "full"),
            explain=_(
                "Train all weights, or few beside the base. Those of LoRA and its relatives are put into it at the "
                "end; a prompt or a prefix, virtual tokens before each text, stays beside it."
            ),
            only={"prefix": ("text",)},
        ),
        Option("rank", int, 1, 256, explain=_("Size of the LoRA adapter.")),
        Option("alpha", int, 1, 512, explain=_("How much the LoRA adapter counts.")),
        Option(
            "virtual_tokens", int, 1, 256, explain=_("Length of a prompt or prefix, in tokens.")
        ),
        Option(
            "quantize",
            str,
            choices=("none", "8bit", "4bit"),
            explain=_(
                "Hold the frozen base in fewer bits while few weights are trained beside it: a quarter or an eighth of "
                "the memory. On a GPU alone."
            ),
            heads=("text",),
        ),
        Option(
            "max_new_tokens",
            int,
            1,
            2048,
            explain=_("Longest text that the model writes, in tokens."),
            heads=("text",),
        ),
        Option(
            "packing",
            bool,
            explain=_(
                "Put several short rows into one row of tokens. For a GPU and many short rows."
            ),
            heads=("text",),
        ),
        Option(
            "tested",
            int,
            10,
            100_000,
            explain=_("Test rows that are answered in writing; the loss is measured on more."),
            heads=("text",),
        ),
        Option(
            "seeds",
            int,
            1,
            10,
            explain=_(
                "Trainings that differ in their seed alone: the best on validation is kept, and their spread is told."
            ),
            heads=(*READING, "pair"),
        ),
        Option(
            "precision",
            str,
            choices=("auto", "fp32", "bf16"),
            explain=_("Number format while training."),
        ),
    )
}
