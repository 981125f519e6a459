"""Forms about projects. They read; the services decide."""

from django import forms
from django.utils.translation import gettext_lazy as _

from projects.services import NAME_LIMIT


class ProjectForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=NAME_LIMIT,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
        help_text=_("What the model is for, such as “Support tickets by topic”."),
    )
    # Free text on purpose: which tasks there are is said by the service, with the same words for pages and API.
    task = forms.CharField(label=_("Task"))
