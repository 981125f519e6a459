"""How the file is read and which column plays which role, from the preview page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from projects.datasets.models import Upload
from projects.datasets.selectors import Reading, upload_in
from projects.models import Project
from training import table
from training.tasks.shape import BETWEEN, COMMON, Column

ROLE = "column-"  # before the name of a role's field
HEADERS = (("yes", _("Names of the columns")), ("no", _("Data")))
_COMMON = {column.role for column in COMMON}
DELIMITERS = ((",", _("Comma")), (";", _("Semicolon")), ("\t", _("Tab")), ("|", _("Bar")))


class UploadForm(forms.Form):
    file = forms.FileField(label=_("File"), allow_empty_file=True)


class ReadingForm(forms.Form):
    """Format, encoding, separator and header; empty means: as detected."""

    format = forms.ChoiceField(label=_("Format"), required=False)
    encoding = forms.ChoiceField(label=_("Encoding"), required=False)
    delimiter = forms.ChoiceField(label=_("Columns are separated by"), required=False)
    header = forms.ChoiceField(label=_("First row"), required=False)

    def __init__(self, data: Mapping[str, Any], found: table.Preview | None) -> None:
        super().__init__(data)
        encoding = found.encoding if found and not data.get("encoding") else ""
        delimiter = found.delimiter if found and not data.get("delimiter") else ""
        self._choices(
            "format",
            found.format if found and not data.get("format") else "",
            [(name, gettext(known.title)) for name, known in table.FORMATS.items()],
        )
        first = "no" if found and found.headerless else "yes"
        self._choices("header", first if found and not data.get("header") else "", list(HEADERS))
        # What a format has no use for is not asked.
        for name, value in (("encoding", encoding), ("delimiter", delimiter)):
            if found and not value and not data.get(name):
                del self.fields[name]
        if found and "delimiter" not in self.fields:
            del self.fields["header"]
        self._choices("encoding", encoding, [(name, name.upper()) for name in table.ENCODINGS])
        self._choices("delimiter", delimiter, list(DELIMITERS))

    def _choices(self, name: str, detected: str, choices: list[tuple[str, Any]]) -> None:
        said = dict(choices).get(detected, detected.upper())
        first = _("Detected: %(found)s") % {"found": said} if detected else _("Detect")
        if name not in self.fields:
            return
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101
        field.choices = [("", first), *choices]


def parts_in(data: Mapping[str, Any], name: str) -> list[str]:
    return [part for part in sent_in(data, name).split(BETWEEN) if part]


def sent_in(data: Mapping[str, Any], name: str) -> str:
    """The columns of a role with BETWEEN between them, whether they came as one value or as several."""
    found = data.getlist(name) if isinstance(data, QueryDict) else [data.get(name) or ""]
    return BETWEEN.join(str(part) for part in found if part).replace("\r\n", BETWEEN)


class Several(forms.CheckboxSelectMultiple):
    """Takes one value that names several columns as well: so the address has them."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return parts_in(data, name)


class ColumnsForm(forms.Form):
    """One select a role."""

    def __init__(
        self,
        data: Mapping[str, Any] | None,
        roles: tuple[Column, ...],
        header: list[str],
        further: list[str] = [],  # noqa: B006 - only read
    ) -> None:
        """`further`: columns that other files of the upload have, for roles that not every file need have."""
        super().__init__(data)
        for role in roles:
            if role.listed:
                self.fields[ROLE + role.role] = self._listed(role, [*header, *further])
                continue
            choices = [("", gettext("Choose a column"))] + [(name, name) for name in header]
            joined = str((data or {}).get(ROLE + role.role) or "")
            if BETWEEN in joined:  # several columns, guessed or sent: one more choice
                choices.append((joined, ", ".join(joined.split(BETWEEN))))
            self.fields[ROLE + role.role] = forms.ChoiceField(
                label=gettext(role.title),
                help_text=gettext(role.help),
                required=False,
                choices=choices,
            )

    def columns(self) -> dict[str, str]:
        """role -> column as sent; the service checks them."""
        return {name.removeprefix(ROLE): sent_in(self.data, name) for name in self.fields}

    def _listed(self, role: Column, names: list[str]) -> forms.MultipleChoiceField:
        """Several columns at once; none is chosen where none is marked."""
        chosen = parts_in(self.data, ROLE + role.role)
        choices = [(name, name) for name in dict.fromkeys([*names, *chosen])]
        return forms.MultipleChoiceField(
            label=gettext(role.title),
            help_text=gettext(role.help),
            required=False,
            choices=choices,
            initial=chosen,
            widget=Several,
        )

    @property
    def main(self) -> list[forms.BoundField]:
        """The fields of the task's own roles."""
        return [self[name] for name in self.fields if name.removeprefix(ROLE) not in _COMMON]

    @property
    def common(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.removeprefix(ROLE) in _COMMON]


class DividingForm(forms.Form):
    """How the rows are divided, and whether the project's test rows stay."""

    split = forms.ChoiceField(
        label=_("Rows are divided"),
        required=False,
        choices=[
            ("random", _("at random, by label")),
            ("group", _("by group")),
            ("time", _("by date")),
        ],
    )
    new_test = forms.BooleanField(label=_("Choose new test rows"), required=False)


@dataclass(frozen=True)
class Choice:
    """What the preview page's URL or form says."""

    reading: Reading
    valid: Upload | None
    test: Upload | None
    split: str = "random"
    new_test: bool = False


def read_choice(data: Mapping[str, Any], project: Project) -> Choice:
    """Raises Problem(`import.upload`)."""
    return Choice(
        reading=Reading(
            encoding=str(data.get("encoding") or "")[:40],
            delimiter=str(data.get("delimiter") or "")[:4],
            format=str(data.get("format") or "")[:20],
            header={"yes": True, "no": False}.get(str(data.get("header") or "")),
        ),
        valid=upload_in(project, data["valid"]) if data.get("valid") else None,
        test=upload_in(project, data["test"]) if data.get("test") else None,
        split=str(data.get("split") or "random")[:10],
        new_test=bool(data.get("new_test")),
    )
