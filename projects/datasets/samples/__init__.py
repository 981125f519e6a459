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
    variant: str = ""  # of the task, where the columns do not tell it
    split: str = "random"  # as in training.splits.SPLIT_BY


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
    "hotel-comments": Sample(
        name="hotel-comments",
        title=_("Hotel comments"),
        description=_(
            "238 comments of hotel guests in English, each with one or several of 8 topics that it speaks about."
        ),
        task="text-classification",
        file=FOLDER / "hotel_comments.csv",
        language="en",
        columns={"text": "comment", "label": "topics"},
        variant="multi",
    ),
    "shop-messages": Sample(
        name="shop-messages",
        title=_("Messages to a shop"),
        description=_(
            "320 messages to an outdoor shop in English, with products, places, dates, persons and amounts marked."
        ),
        task="ner",
        file=FOLDER / "shop_messages.csv",
        language="en",
        columns={"text": "text", "entities": "entities"},
    ),
    "faq-pairs": Sample(
        name="faq-pairs",
        title=_("Pairs of questions"),
        description=_(
            "380 pairs of customers' questions in English: the same one in other words, or a different one."
        ),
        task="text-matching",
        file=FOLDER / "faq_pairs.csv",
        language="en",
        columns={"text_a": "question1", "text_b": "question2", "label": "label"},
    ),
    "passages": Sample(
        name="passages",
        title=_("Questions on short passages"),
        description=_(
            "169 questions on 36 short texts in English; the answer stands in the text, or there is none."
        ),
        task="question-answering",
        file=FOLDER / "passages.csv",
        language="en",
        columns={
            "context": "context",
            "question": "question",
            "answer_text": "answer",
            "answer_start": "answer_start",
            "group": "title",
        },
        split="group",
    ),
    "relations": Sample(
        name="relations",
        title=_("People, firms and products"),
        description=_(
            "214 pairs in English sentences about invented people, firms and products: how are the two related?"
        ),
        task="relation-extraction",
        file=FOLDER / "relations.csv",
        language="en",
        columns={"text": "sentence", "label": "relation", "group": "sentence_no"},
        variant="markers",
        split="group",
    ),
    "shop-translations": Sample(
        name="shop-translations",
        title=_("Messages of a web shop"),
        description=_(
            "260 short texts of a web shop in English, with their translation into Chinese."
        ),
        task="translation",
        file=FOLDER / "shop_translations.csv",
        language="en",
        columns={
            "source": "english",
            "target": "chinese",
        },
    ),
    "notes-and-chats": Sample(
        name="notes-and-chats",
        title=_("Notes and chats"),
        description=_(
            "100 meeting notes and chat logs in English, each with a summary of one sentence."
        ),
        task="summarization",
        file=FOLDER / "notes_and_chats.csv",
        language="en",
        columns={
            "source": "text",
            "target": "summary",
        },
    ),
    "shop-questions": Sample(
        name="shop-questions",
        title=_("Questions to a shop"),
        description=_(
            "176 questions to a shop in English with the shop's answer, and a shorter one that is as good."
        ),
        task="question-answering",
        file=FOLDER / "shop_questions.csv",
        language="en",
        columns={"question": "question", "answer_text": "answer", "references": "answer_2"},
        variant="generative",
    ),
    "shop-chats": Sample(
        name="shop-chats",
        title=_("Chats of a wool shop"),
        description=_(
            "105 chats in English whose assistant is brief, asks for the order number and signs with the shop's name."
        ),
        task="dialogue",
        file=FOLDER / "shop_chats.csv",
        language="en",
        columns={
            "messages": "messages",
            "group": "plot",
        },
        split="group",
    ),
    "passages-zh": Sample(
        name="passages-zh",
        title=_("Questions on short passages, Chinese"),
        description=_(
            "114 questions on 24 short texts in Chinese; the answer stands in the text, or there is none."
        ),
        task="question-answering",
        file=FOLDER / "passages_zh.csv",
        language="zh",
        columns={
            "context": "context",
            "question": "question",
            "answer_text": "answer",
            "answer_start": "answer_start",
            "group": "title",
        },
        split="group",
    ),
    "notes-and-chats-zh": Sample(
        name="notes-and-chats-zh",
        title=_("Notes and chats, Chinese"),
        description=_(
            "80 meeting notes and chat logs in Chinese, each with a summary of one sentence."
        ),
        task="summarization",
        file=FOLDER / "notes_and_chats_zh.csv",
        language="zh",
        columns={"source": "text", "target": "summary"},
    ),
    "faq-pairs-zh": Sample(
        name="faq-pairs-zh",
        title=_("Pairs of questions, Chinese"),
        description=_(
            "310 pairs of customers' questions in Chinese: the same one in other words, or a different one."
        ),
        task="text-matching",
        file=FOLDER / "faq_pairs_zh.csv",
        language="zh",
        columns={
            "text_a": "question1",
            "text_b": "question2",
            "label": "label",
        },
    ),
    "shop-messages-zh": Sample(
        name="shop-messages-zh",
        title=_("Messages to a shop, Chinese"),
        description=_(
            "300 messages to a shop in Chinese, with products, places, dates, persons and amounts marked."
        ),
        task="ner",
        file=FOLDER / "shop_messages_zh.csv",
        language="zh",
        columns={
            "text": "text",
            "entities": "entities",
        },
    ),
    "support-tickets-zh": Sample(
        name="support-tickets-zh",
        title=_("Support tickets, Chinese"),
        description=_("180 messages to an online shop in Chinese, each with one of 6 topics."),
        task="text-classification",
        file=FOLDER / "support_tickets_zh.csv",
        language="zh",
        columns={
            "text": "text",
            "label": "label",
        },
    ),
    "shop-chats-zh": Sample(
        name="shop-chats-zh",
        title=_("Chats of a wool shop, Chinese"),
        description=_(
            "102 chats in Chinese whose assistant is brief, asks for the order number and signs with the shop's name."
        ),
        task="dialogue",
        file=FOLDER / "shop_chats_zh.csv",
        language="zh",
        columns={
            "messages": "messages",
            "group": "plot",
        },
        split="group",
    ),
    "product-reviews-zh": Sample(
        name="product-reviews-zh",
        title=_("Product reviews, Chinese"),
        description=_("104 short reviews in Chinese: good, bad or neither, irony included."),
        task="text-classification",
        file=FOLDER / "product_reviews_zh.csv",
        language="zh",
        columns={"text": "评论", "label": "情感"},
    ),
    "ticket-routing": Sample(
        name="ticket-routing",
        title=_("Tickets by team"),
        description=_("120 tickets in English, each with one of 5 teams that answers it."),
        task="text-classification",
        file=FOLDER / "ticket_routing.csv",
        language="en",
        columns={"text": "ticket", "label": "team"},
    ),
    "ticket-routing-zh": Sample(
        name="ticket-routing-zh",
        title=_("Tickets by team, Chinese"),
        description=_("100 tickets in Chinese, each with one of 5 teams that answers it."),
        task="text-classification",
        file=FOLDER / "ticket_routing_zh.csv",
        language="zh",
        columns={"text": "工单", "label": "团队"},
    ),
    "news-topics": Sample(
        name="news-topics",
        title=_("Headlines by topic"),
        description=_("132 invented headlines in English on 6 topics."),
        task="text-classification",
        file=FOLDER / "news_topics.csv",
        language="en",
        columns={"text": "headline", "label": "topic"},
    ),
    "news-topics-zh": Sample(
        name="news-topics-zh",
        title=_("Headlines by topic, Chinese"),
        description=_("120 invented headlines in Chinese on 6 topics."),
        task="text-classification",
        file=FOLDER / "news_topics_zh.csv",
        language="zh",
        columns={"text": "标题", "label": "类别"},
    ),
    "invoice-fields": Sample(
        name="invoice-fields",
        title=_("Texts of invoices"),
        description=_(
            "300 invoices, reminders and receipts in English, with supplier, number, dates and amount marked."
        ),
        task="ner",
        file=FOLDER / "invoice_fields.csv",
        language="en",
        columns={"text": "text", "entities": "entities"},
    ),
    "invoice-fields-zh": Sample(
        name="invoice-fields-zh",
        title=_("Texts of invoices, Chinese"),
        description=_(
            "240 invoices, reminders and receipts in Chinese, with supplier, number, dates and amount marked."
        ),
        task="ner",
        file=FOLDER / "invoice_fields_zh.csv",
        language="zh",
        columns={"text": "文本", "entities": "实体"},
    ),
}
