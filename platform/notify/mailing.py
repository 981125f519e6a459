"""News as mail: plain text, with a link that ends mail of its kind without signing in."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import override

from accounts.models import User
from notify.models import Choice, News
from notify.signing import off_token
from notify.words import told


def send(news: News, user: User) -> None:
    """Raises what the mail backend raises."""
    language = Choice.objects.filter(user=user).values_list("language", flat=True).first()
    with override(language or settings.LANGUAGE_CODE):
        message = written(news, user)
    message.send()


def written(news: News, user: User) -> EmailMessage:
    """In the language of the moment. The headers are those by which mail programs show their own way to unsubscribe."""
    words = told(news.kind, news.values)
    off = settings.SITE_URL + reverse("notices-off", args=[off_token(user, news.told.topic)])
    values = {
        "words": words,
        "url": settings.SITE_URL + news.path if news.path else "",
        "off": off,
        "choices": settings.SITE_URL + reverse("notices-settings"),
    }
    headers = {
        "List-Unsubscribe": f"<{off}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    return EmailMessage(
        subject=" ".join(words.title.split()),
        body=render_to_string("notify/mail.txt", values),
        to=[user.email],
        headers=headers,
    )
