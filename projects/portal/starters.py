"""Templates: what a project can be begun with, data included."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import User, Workspace
from projects import services
from projects.datasets import services as data
from projects.datasets.samples import SAMPLES, Sample
from projects.models import Project
from training.problems import Problem


@dataclass(frozen=True)
class Starter:
    """`samples`: language -> name of a sample; the task is that of the sample."""

    name: str
    title: Any
    text: Any
    asked: Any  # an example of what goes in
    answer: Any  # … and of what comes out
    icon: str
    samples: dict[str, str]

    @property
    def sample(self) -> Sample:
        """In the reader's language where there is one."""
        key = "zh" if (get_language() or "").startswith("zh") else "en"
        return SAMPLES[self.samples.get(key) or next(iter(self.samples.values()))]

    @property
    def task(self) -> str:
        return self.sample.task

    @property
    def languages(self) -> list[str]:
        return list(self.samples)


def _table(*starters: Starter) -> dict[str, Starter]:
    return {starter.name: starter for starter in starters}


STARTERS: dict[str, Starter] = _table(
    Starter(
        "support-intents",
        _("What a customer wants"),
        _("Sorts messages to a shop by what is to be done: refund, cancel, change an address …"),
        _("I was charged twice, I want my money back."),
        _("refund_request"),
        "message-circle-question-mark",
        {"en": "support-tickets", "zh": "support-tickets-zh"},
    ),
    Starter(
        "sentiment",
        _("Sentiment of reviews"),
        _("Tells praise from complaint and from neither, irony included."),
        _("Great, it broke on the second day."),
        _("negative"),
        "smile",
        {"en": "product-reviews", "zh": "product-reviews-zh"},
    ),
    Starter(
        "ticket-routing",
        _("Ticket routing"),
        _("Brings a ticket to the team that answers it."),
        _("The invoice names the wrong company."),
        _("billing"),
        "route",
        {"en": "ticket-routing", "zh": "ticket-routing-zh"},
    ),
    Starter(
        "invoice-entities",
        _("Fields of invoices"),
        _("Finds supplier, number, date, due date and amount in the text of an invoice."),
        _("Invoice 2031 of Norfield Ltd, due 14 May 2026: 1,240.00 EUR"),
        _("number, supplier, due date, amount"),
        "receipt-text",
        {"en": "invoice-fields", "zh": "invoice-fields-zh"},
    ),
    Starter(
        "news-topics",
        _("News by topic"),
        _("Sorts headlines into politics, business, sport, science, culture and the like."),
        _("Central bank leaves rates unchanged"),
        _("business"),
        "newspaper",
        {"en": "news-topics", "zh": "news-topics-zh"},
    ),
    Starter(
        "comment-topics",
        _("Topics of comments"),
        _("Several topics a comment: what hotel guests speak of."),
        _("Lovely staff, but the room was loud."),
        _("staff, noise"),
        "tags",
        {"en": "hotel-comments"},
    ),
    Starter(
        "order-entities",
        _("Names in messages"),
        _("Finds products, places, dates, persons and amounts in messages to a shop."),
        _("Send the lamp to Maria in Leeds by Friday."),
        _("product, person, place, date"),
        "highlighter",
        {"en": "shop-messages", "zh": "shop-messages-zh"},
    ),
    Starter(
        "same-question",
        _("The same question?"),
        _("Tells whether two questions ask for the same, to answer each once."),
        _("Where is my parcel? / When will it arrive?"),
        _("duplicate"),
        "git-compare",
        {"en": "faq-pairs", "zh": "faq-pairs-zh"},
    ),
    Starter(
        "summaries",
        _("Short summaries"),
        _("Says in one sentence what notes of a meeting or a chat come to."),
        _("Notes of twenty lines"),
        _("one sentence"),
        "text-align-start",
        {"en": "notes-and-chats", "zh": "notes-and-chats-zh"},
    ),
    Starter(
        "shop-answers",
        _("Answers of a shop"),
        _("Answers customers' questions in the shop's own words."),
        _("Can I return it without the box?"),
        _("Yes, within 30 days …"),
        "bot-message-square",
        {"en": "shop-questions"},
    ),
)  # fmt: skip


def starter_of(name: str) -> Starter:
    """Raises Problem(`spec.choice`)."""
    found = STARTERS.get(name)
    if found is None:
        raise Problem("spec.choice", field="template", value=name, choices=", ".join(STARTERS))
    return found


@transaction.atomic
def begin(*, workspace: Workspace, user: User, starter: Starter) -> Project:
    """A project with the sample in it, whose check is under way. Raises Problem(`quota.*`, `site.paused`,
    `workspace.suspended`)."""
    sample = starter.sample
    project = services.create_project(
        workspace=workspace, user=user, name=str(starter.title), task=sample.task
    )
    data.add_sample(project=project, user=user, name=sample.name)
    return project
