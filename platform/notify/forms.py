"""Forms about notifications. They read; the services check."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from notify.kinds import HOOKED, TOPICS


class ChoiceForm(forms.Form):
    topics = forms.MultipleChoiceField(
        label=_("Mail me about"),
        required=False,
        choices=[(name, topic.title) for name, topic in TOPICS.items()],
        widget=forms.CheckboxSelectMultiple,
    )
    language = forms.ChoiceField(
        label=_("Language of the mail"), required=False, choices=settings.LANGUAGES
    )


class WebhookForm(forms.Form):
    url = forms.CharField(
        label=_("Address"),
        max_length=500,
        help_text=_("Begins with https:// and can be reached from the internet."),
        widget=forms.URLInput(attrs={"placeholder": "https://example.org/attune"}),
    )
    topics = forms.MultipleChoiceField(
        label=_("Tell it about"),
        initial=list(HOOKED[:1]),
        choices=[(name, TOPICS[name].title) for name in HOOKED],
        widget=forms.CheckboxSelectMultiple,
    )
