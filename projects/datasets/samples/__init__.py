"""The product's own sample data sets, for a newcomer who has no data at hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Sample:
    name: str  # as in URLs and in SAMPLES
    title: str | Promise
    description: str | Promise
    task: str  # a key of training.tasks.TASKS
    file: Path
    language: str  # BCP 47
    columns: dict[str, str]  # role -> column


def path(sample: Sample) -> Path:
    return sample.file


SAMPLES: dict[str, Sample] = {
    "support-tickets": Sample(
        name="support-tickets",
        title=_("Support tickets"),
        description=_(
            "490 messages to an online shop in English, each with one of 8 intents: what the customer wants done."
        ),
        task="text-classification",
        file=FOLDER / "support_tickets.csv",
        language="en",
        columns={"text": "message", "label": "intent"},
    ),
    "product-reviews": Sample(
        name="product-reviews",
        title=_("Product reviews"),
        description=_(
            "420 short reviews of all sorts of products in English: positive, negative or neutral, irony included."
        ),
        task="text-classification",
        file=FOLDER / "product_reviews.csv",
        language="en",
        columns={"text": "review", "label": "sentiment"},
    ),
    "planted-faults": Sample(
        name="planted-faults",
        title=_("A file with faults"),
        description=_(
            "195 rows of a messy export, with faults put in on purpose, to see what a check finds. "
            "Made for looking at, not for a good model."
        ),
        task="text-classification",
        file=FOLDER / "planted_faults.csv",
        language="en",
        columns={"text": "ticket text", "label": "topic"},
    ),
}
