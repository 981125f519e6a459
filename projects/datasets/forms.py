"""How the file is read and which column plays which role, from the preview page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from projects.datasets.models import Upload
from projects.datasets.selectors import upload_in
from projects.models import Project
from training import table
from training.tasks.shape import Column

ROLE = "column-"  # before the name of a role's field
DELIMITERS = ((",", _("Comma")), (";", _("Semicolon")), ("\t", _("Tab")), ("|", _("Bar")))


class UploadForm(forms.Form):
    file = forms.FileField(label=_("File"), allow_empty_file=True)


class ReadingForm(forms.Form):
    """Encoding and delimiter; empty means: as detected."""

    encoding = forms.ChoiceField(label=_("Encoding"), required=False)
    delimiter = forms.ChoiceField(label=_("Columns are separated by"), required=False)

    def __init__(self, data: Mapping[str, Any], found: table.Preview | None) -> None:
        super().__init__(data)
        encoding = found.encoding if found and not data.get("encoding") else ""
        delimiter = found.delimiter if found and not data.get("delimiter") else ""
        self._choices("encoding", encoding, [(name, name.upper()) for name in table.ENCODINGS])
        self._choices("delimiter", delimiter, list(DELIMITERS))

    def _choices(self, name: str, detected: str, choices: list[tuple[str, Any]]) -> None:
        said = dict(choices).get(detected, detected.upper())
        first = _("Detected: %(found)s") % {"found": said} if detected else _("Detect")
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101
        field.choices = [("", first), *choices]


class ColumnsForm(forms.Form):
    """One select a role."""

    def __init__(
        self, data: Mapping[str, Any] | None, roles: tuple[Column, ...], header: list[str]
    ) -> None:
        super().__init__(data)
        from django.utils.translation import gettext

        for role in roles:
            choices = [("", gettext("Choose a column"))] + [(name, name) for name in header]
            self.fields[ROLE + role.role] = forms.ChoiceField(
                label=gettext(role.title),
                help_text=gettext(role.help),
                required=False,
                choices=choices,
            )

    def columns(self) -> dict[str, str]:
        """role -> column as sent; the service checks them."""
        return {name.removeprefix(ROLE): str(self.data.get(name) or "") for name in self.fields}


@dataclass(frozen=True)
class Choice:
    """What the preview page's URL or form says."""

    encoding: str
    delimiter: str
    valid: Upload | None
    test: Upload | None


def read_choice(data: Mapping[str, Any], project: Project) -> Choice:
    """Raises Problem(`import.upload`)."""
    return Choice(
        encoding=str(data.get("encoding") or "")[:40],
        delimiter=str(data.get("delimiter") or "")[:4],
        valid=upload_in(project, data["valid"]) if data.get("valid") else None,
        test=upload_in(project, data["test"]) if data.get("test") else None,
    )
