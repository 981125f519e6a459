"""Forms about people. They read and check; the services do."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.validators import validate_email
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiToken, Role, User, Workspace


class WorkspaceForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=Workspace._meta.get_field("name").max_length)


class TokenForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=ApiToken._meta.get_field("name").max_length,
        help_text=_("What it is for, such as “nightly upload”."),
    )
    days = forms.TypedChoiceField(
        label=_("Expires"),
        coerce=int,
        initial=365,
        choices=[
            (30, _("in 30 days")),
            (90, _("in 90 days")),
            (365, _("in a year")),
            (0, _("never")),
        ],
    )

    def expires_at(self) -> datetime | None:
        days = self.cleaned_data["days"]
        return timezone.now() + timedelta(days=days) if days else None


class OperatorForm(forms.Form):
    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=User._meta.get_field("email").max_length,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_email(self) -> str:
        email = self.cleaned_data["email"].lower()
        if User.objects.filter(email__iexact=email).exists():
            raise forms.ValidationError(
                _("This address has an account. Sign in with it, then open this link again.")
            )
        return email

    def clean(self) -> None:
        password, email = self.cleaned_data.get("password"), self.cleaned_data.get("email", "")
        if password:
            try:
                validate_password(password, User(email=email))
            except forms.ValidationError as error:
                self.add_error("password", error)


# What a role is for, beside its name where one is chosen.
ROLE_HELP: dict[str, Any] = {
    Role.OWNER: _("Everything, with the plan, the invoices and the end of the workspace."),
    Role.ADMIN: _("Everything but the plan and the ownership: people, tokens, sign-in, audit."),
    Role.EDITOR: _("Projects, data, training and downloads."),
    Role.ANNOTATOR: _("Looks at projects and labels rows; trains and changes nothing else."),
    Role.VIEWER: _("Looks at everything and tries models; changes nothing."),
    Role.BILLING: _("The plan, the usage and the invoices; no projects."),
}


class RoleField(forms.ChoiceField):
    """One of the roles that whoever asks may give."""

    def __init__(self, known: Sequence[str]) -> None:
        super().__init__(
            label=_("Role"), choices=[(role, Role(role).label) for role in known], required=True
        )


class InviteForm(forms.Form):
    """By mail where there are addresses, else as a link."""

    emails = forms.CharField(
        label=_("E-mail addresses"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "name@example.org"}),
        help_text=_("One a line. Everybody gets a link of their own by mail."),
    )
    days = forms.TypedChoiceField(
        label=_("Valid for"),
        coerce=int,
        initial=7,
        choices=[(1, _("a day")), (7, _("a week")), (30, _("30 days"))],
    )
    uses = forms.TypedChoiceField(
        label=_("How many people can use the link"),
        coerce=int,
        initial=1,
        choices=[(1, _("one")), (5, "5"), (25, "25")],
    )

    def __init__(self, known: Sequence[str], data: Any = None) -> None:
        super().__init__(data, initial={"role": Role.EDITOR})
        self.fields["role"] = RoleField([role for role in known if role != Role.OWNER])

    def clean_emails(self) -> list[str]:
        found = [part.lower() for part in re.split(r"[\s,;]+", self.cleaned_data["emails"]) if part]
        for email in found:
            validate_email(email)
        return list(dict.fromkeys(found))


class MemberForm(forms.Form):
    guest = forms.BooleanField(
        label=_("Guest"),
        required=False,
        help_text=_("Sees only the projects that are shared with this person."),
    )

    def __init__(self, known: Sequence[str], data: Any = None, initial: Any = None) -> None:
        super().__init__(data, initial=initial)
        self.fields["role"] = RoleField(known)


class RulesForm(forms.Form):
    needs_two_factors = forms.BooleanField(
        label=_("All members need two factors"),
        required=False,
        help_text=_(
            "Whoever has no authenticator app and no passkey is asked to set one up "
            "before anything of this workspace is shown."
        ),
    )


class DomainForm(forms.Form):
    domain = forms.RegexField(
        r"^@?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$",
        label=_("Domain"),
        max_length=253,
        widget=forms.TextInput(attrs={"placeholder": "example.org"}),
    )
    sign_on = forms.BooleanField(
        label=_("Only through the sign-on"),
        required=False,
        help_text=_(
            "Passwords and passkeys of people at this domain are refused; owners keep theirs."
        ),
    )

    def __init__(self, known: Sequence[str], data: Any = None) -> None:
        super().__init__(data, initial={"role": Role.VIEWER})
        self.fields["role"] = RoleField([role for role in known if role != Role.OWNER])
