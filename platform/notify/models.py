"""What is told to people and to other programs, and how far it has come."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User, Workspace
from notify.kinds import KINDS, TOPICS

if TYPE_CHECKING:
    from notify.kinds import Kind


def default_topics() -> list[str]:
    return [name for name, topic in TOPICS.items() if topic.mail]


class News(models.Model):
    """Something that has happened. `key` names it: the same said twice is one row, so that nobody hears it twice."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # None: of the site itself, for operators
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="news", null=True)
    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=30)  # of kinds.KINDS
    values = models.JSONField(default=dict)  # fill the words; are the `data` of a webhook
    path = models.CharField(max_length=300, blank=True)  # of the page that shows it
    audience = models.JSONField(default=list)  # ids of users, as text
    at = models.DateTimeField(auto_now_add=True)
    spread_at = models.DateTimeField(null=True)  # None: nobody was told yet

    class Meta:
        verbose_name = _("news")
        verbose_name_plural = _("news")
        ordering = ["-at"]
        indexes = [
            models.Index(fields=["at"], condition=models.Q(spread_at=None), name="news_unspread")
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def told(self) -> Kind:
        return KINDS[self.kind]


class Notice(models.Model):
    """Some news in the list of one person."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    news = models.ForeignKey(News, models.CASCADE, related_name="notices")
    user = models.ForeignKey(User, models.CASCADE, related_name="notices")
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        ordering = ["-at", "pk"]
        constraints = [models.UniqueConstraint(fields=["news", "user"], name="notice_once")]
        indexes = [
            models.Index(fields=["user", "-at"]),
            models.Index(fields=["user"], condition=models.Q(read_at=None), name="notice_unread"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.news}"


class Choice(models.Model):
    """Of what a person wants mail, and in which language. Without a row: as `default_topics` says."""

    user = models.OneToOneField(User, models.CASCADE, related_name="mail_choice")
    topics = models.JSONField(default=default_topics)
    language = models.CharField(max_length=10, blank=True)  # empty: that of the site

    class Meta:
        verbose_name = _("choice of mail")
        verbose_name_plural = _("choices of mail")

    def __str__(self) -> str:
        return f"{self.user}: {', '.join(self.topics)}"


class Webhook(models.Model):
    """An address of another program that hears a workspace's news. Its secret is derived, not kept: signing.secret."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="webhooks")
    url = models.CharField(_("address"), max_length=500)
    topics = models.JSONField(default=list)
    # Counts up when the secret is changed.
    generation = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    # Deliveries in a row that came to nothing; at sending.GIVE_UP it is switched off.
    failures = models.PositiveIntegerField(default=0)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ["created_at"]

    def __str__(self) -> str:
        return self.url


class Delivery(models.Model):
    """Some news on its way out: as mail to a person, or to a webhook."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DONE = "done", _("Delivered")
        FAILED = "failed", _("Failed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    news = models.ForeignKey(News, models.CASCADE, related_name="deliveries")
    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries", null=True)
    user = models.ForeignKey(User, models.CASCADE, related_name="deliveries", null=True)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    # The fencing number: whoever raises it tries, and a second worker finds it raised.
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField()
    status = models.PositiveIntegerField(null=True)  # of HTTP, of the last answer
    said = models.CharField(
        max_length=500, blank=True
    )  # the beginning of that answer, or what went wrong
    seconds = models.FloatField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["news", "webhook"], name="webhook_once"),
            models.UniqueConstraint(fields=["news", "user"], name="mail_once"),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], condition=models.Q(state="waiting"), name="delivery_due"
            ),
            models.Index(fields=["webhook", "-created_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.news} → {self.webhook or self.user}"
