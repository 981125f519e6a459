"""What can be told: the topics that people choose by, and the kinds of news with their words.

Words are templates over the news's values; they are translated when somebody reads them (words.told), then filled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy, gettext_noop


@dataclass(frozen=True)
class Topic:
    title: Any
    help: Any
    mail: bool  # without a choice of the person


@dataclass(frozen=True)
class Kind:
    topic: str
    tone: str  # good, bad, warn, info
    icon: str
    title: str
    text: str = ""
    mail: bool = True


TOPICS: dict[str, Topic] = {
    "run": Topic(
        gettext_lazy("Runs that end"),
        gettext_lazy("A run that you have started has succeeded or failed."),
        mail=True,
    ),
    "data": Topic(
        gettext_lazy("Checks of data that end"),
        gettext_lazy("A file that you have sent is ready, or needs changes."),
        mail=False,
    ),
    "plan": Topic(
        gettext_lazy("Limits of the plan that come near"),
        gettext_lazy(
            "For those who may change the plan: most or all of a limit is used, a trial ends."
        ),
        mail=True,
    ),
    "tips": Topic(
        gettext_lazy("First steps"),
        gettext_lazy(
            "A welcome, a word on your first model, and one when you have been away for two weeks."
        ),
        mail=True,
    ),
    "bills": Topic(
        gettext_lazy("Invoices"),
        gettext_lazy("For those who pay: an invoice was issued, was paid, or is late."),
        mail=True,
    ),
    "site": Topic(
        gettext_lazy("Troubles of the site"),
        gettext_lazy(
            "For owners: a webhook was switched off. For operators: the disk is nearly full, files were lost."
        ),
        mail=True,
    ),
}
HOOKED = ("run", "data", "plan", "bills")  # topics that a webhook can be told of
PING = "ping"

KINDS: dict[str, Kind] = {
    "run.succeeded": Kind(
        "run",
        "good",
        "circle-check",
        gettext_noop("Run {number} of “{project}” has succeeded"),
        gettext_noop("It took {duration}. The report and the model are ready."),
    ),
    "run.failed": Kind(
        "run", "bad", "circle-alert", gettext_noop("Run {number} of “{project}” has failed")
    ),
    "run.cancelled": Kind(
        "run",
        "info",
        "ban",
        gettext_noop("Run {number} of “{project}” was cancelled"),
        mail=False,
    ),
    "data.ready": Kind(
        "data",
        "good",
        "circle-check",
        gettext_noop("“{file}” is ready"),
        gettext_noop("The check has made version {version} of the data of “{project}”."),
    ),
    "data.blocked": Kind(
        "data",
        "warn",
        "triangle-alert",
        gettext_noop("“{file}” needs changes"),
        gettext_noop("The check of the data for “{project}” has found what stops training."),
    ),
    "data.failed": Kind(
        "data",
        "bad",
        "circle-alert",
        gettext_noop("The check of “{file}” has failed"),
        gettext_noop("Something failed on our side; the file for “{project}” is still there."),
    ),
    "quota.near": Kind(
        "plan",
        "warn",
        "gauge",
        gettext_noop("“{workspace_name}” comes near a limit of its plan"),
        # xgettext:no-python-format
        gettext_noop("{meter}: {share} % of what the plan {plan} allows is used."),
    ),
    "quota.reached": Kind(
        "plan",
        "bad",
        "gauge",
        gettext_noop("“{workspace_name}” has reached a limit of its plan"),
        gettext_noop("{meter}: all that the plan {plan} allows is used. {offer}"),
    ),
    "trial.ending": Kind(
        "plan",
        "warn",
        "hourglass",
        gettext_noop("The trial of “{workspace_name}” ends soon"),
        gettext_noop("The plan {trial} ends on {date}; the plan {plan} comes back then."),
    ),
    "trial.ended": Kind(
        "plan",
        "info",
        "hourglass",
        gettext_noop("The trial of “{workspace_name}” has ended"),
        gettext_noop("The plan {plan} counts again. Nothing was deleted."),
    ),
    "tips.welcome": Kind(
        "tips",
        "info",
        "sparkles",
        gettext_noop("Welcome to Attune"),
        gettext_noop(
            "“{workspace_name}” is yours. A template gives you a project with data in one click; the first model takes "
            "a few minutes, and its page says honestly how good it is."
        ),
    ),
    "tips.first_model": Kind(
        "tips",
        "good",
        "party-popper",
        gettext_noop("Your first model is there"),
        gettext_noop(
            "“{project}” has a model now. Try it with sentences of your own, read its worst mistakes, and label what "
            "it gets wrong: that is the shortest way to a better one."
        ),
    ),
    "tips.inactive": Kind(
        "tips",
        "info",
        "coffee",
        gettext_noop("Your data is still here"),
        gettext_noop(
            "Nothing has happened in “{workspace_name}” for two weeks. If something stood in the way, the templates "
            "show the whole path with data that works."
        ),
    ),
    "invoice.created": Kind(
        "bills",
        "info",
        "receipt-text",
        gettext_noop("Invoice {number} over {total_text}"),
        gettext_noop("For “{workspace_name}”. {due_text} are to be paid by {due_day}."),
    ),
    "invoice.paid": Kind(
        "bills",
        "good",
        "circle-check",
        gettext_noop("Invoice {number} is paid"),
        gettext_noop("Thank you: {total_text} for “{workspace_name}”."),
    ),
    "invoice.overdue": Kind(
        "bills",
        "warn",
        "clock-alert",
        gettext_noop("Invoice {number} is overdue"),
        gettext_noop(
            "{due_text} for “{workspace_name}” were to be paid by {due_day}. If it stays open, the workspace "
            "becomes read-only."
        ),
    ),
    "invoice.declined": Kind(
        "bills",
        "bad",
        "credit-card",
        gettext_noop("The card was declined for invoice {number}"),
        gettext_noop(
            "{due_text} for “{workspace_name}” could not be collected. Pay the invoice on its page, or change the card."
        ),
    ),
    "invoice.read_only": Kind(
        "bills",
        "bad",
        "lock",
        gettext_noop("“{workspace_name}” is read-only now"),
        gettext_noop(
            "Invoice {number} was not paid. Everything can be seen and downloaded; nothing new can be started or "
            "uploaded. Nothing is deleted."
        ),
    ),
    "invoice.refund_failed": Kind(
        "bills",
        "bad",
        "circle-alert",
        gettext_noop("The refund {number} did not arrive"),
        gettext_noop("The bank has sent {total_text} back. It has to be sent another way."),
    ),
    "webhook.off": Kind(
        "site",
        "warn",
        "unplug",
        gettext_noop("A webhook of “{workspace_name}” was switched off"),
        gettext_noop("{url} could not be reached again and again. Switch it on when it answers."),
    ),
    "disk.low": Kind(
        "site",
        "bad",
        "hard-drive",
        gettext_noop("The disk of the site is nearly full"),
        gettext_noop("{free} are free. New runs and uploads are refused below {least}."),
    ),
    "files.lost": Kind(
        "site",
        "bad",
        "file-x",
        gettext_noop("Files that the site should have are missing"),
        gettext_noop("{count} of them, such as {example}. A backup may still have them."),
    ),
    "ledger.wrong": Kind(
        "site",
        "bad",
        "scale",
        gettext_noop("The ledger does not add up"),
        gettext_noop("{count} sums differ from the entries, such as {example}. See the log."),
    ),
    PING: Kind(
        "site",
        "info",
        "webhook",
        gettext_noop("A test of a webhook"),
        gettext_noop("Sent by hand, to see whether it arrives."),
        mail=False,
    ),
}
