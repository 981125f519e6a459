"""The components that carry meaning for screen readers, and what they do with texts of users."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import lucide
import pytest
from django import forms
from django.conf import settings
from django.template import engines

EVIL = '"><script>alert(1)</script>'


def render(text: str, **values: Any) -> str:
    return engines["django"].from_string(compiled(text)).render(values)


def compiled(text: str) -> str:
    """Tags of components are translated by the template loader, which strings do not pass."""
    from django_cotton.compiler_regex import CottonCompiler

    return CottonCompiler().process(text)


class Form(forms.Form):
    name = forms.CharField(label="Name & more", help_text="Some help.")
    agree = forms.BooleanField(help_text="Why.")
    effort = forms.ChoiceField(choices=[("a", "A")], widget=forms.RadioSelect)
    hidden = forms.CharField(widget=forms.HiddenInput)


def test_field_ties_label_help_and_errors_to_its_control() -> None:
    html = render('<c-field :field="form.name" />', form=Form({}))
    assert 'for="id_name"' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_name_helptext"' in html
    assert 'id="id_name_error"' in html
    assert "Name &amp; more" in html


def test_field_of_radios_is_a_fieldset_with_a_legend() -> None:
    html = render('<c-field :field="form.effort" />', form=Form())
    assert "<fieldset" in html
    assert "<legend" in html


def test_field_that_is_hidden_is_bare() -> None:
    html = render('<c-field :field="form.hidden" />', form=Form())
    assert "<label" not in html


def test_field_without_a_form_wraps_a_control() -> None:
    html = render('<c-field label="Own" for="own" help="Help"><input id="own"></c-field>')
    assert 'for="own"' in html
    assert 'id="own_helptext"' in html


def test_button_is_a_link_with_href_and_a_button_without() -> None:
    assert render('<c-button href="/x">Go</c-button>').startswith("<a ")
    assert 'type="button"' in render("<c-button>Go</c-button>")
    assert 'type="submit"' in render('<c-button type="submit">Go</c-button>')


def test_button_with_an_icon_alone_has_a_name() -> None:
    assert 'aria-label="Close"' in render('<c-button icon="x" label="Close" />')


def test_button_is_disabled_only_when_it_is_so() -> None:
    text = '<c-button :disabled="off">Go</c-button>'
    assert " disabled" not in render(text, off=False)
    assert " disabled" in render(text, off=True)
    # A link cannot be disabled; the component makes a button of it.
    assert render('<c-button href="/x" :disabled="off">Go</c-button>', off=True).startswith(
        "<button"
    )


def test_progress_without_a_value_is_indeterminate() -> None:
    assert " value=" not in render('<c-progress label="Checking" />')
    assert 'value="42.5"' in render('<c-progress label="Epoch" :value="v" />', v=42.5)
    assert 'value="0"' in render('<c-progress label="Epoch" :value="v" />', v=0)


def test_stepper_marks_the_current_step() -> None:
    html = render('<c-stepper :steps="steps" :current="2" />', steps=["Data", "Model", "Review"])
    assert html.count('aria-current="step"') == 1
    assert html.index("Data") < html.index('aria-current="step"') < html.index("Model")


def test_components_escape_texts() -> None:
    for text in (
        '<c-page-head :title="evil" :subtitle="evil" />',
        '<c-card :title="evil">{{ evil }}</c-card>',
        "<c-badge>{{ evil }}</c-badge>",
        '<c-banner title="{{ evil }}">{{ evil }}</c-banner>',
        '<c-stat :label="evil" :value="evil" />',
        '<c-copy :value="evil" :label="evil" />',
        '<c-button label="{{ evil }}" icon="x" data-name="{{ evil }}" />',
        '<c-choice :title="evil" :value="evil" name="a" />',
        '<c-dialog id="a" :title="evil">{{ evil }}</c-dialog>',
        '<c-tabs :label="evil" :items="[]" />',
    ):
        html = render(text, evil=EVIL)
        assert "<script>" not in html, text
        assert "&lt;script&gt;" in html, text


def test_names_of_the_page_do_not_leak_into_components() -> None:
    html = render("<c-card>x</c-card>", title="The page", actions="y", footer="z")
    assert "The page" not in html
    assert "<header" not in html
    assert "<footer" not in html


ICON = re.compile(r"""(?:<c-icon\s[^>]*?(?<!:)\bname=|\sicon(?:_end)?=)"([a-z0-9-]+)\"""")


def icons() -> set[str]:
    files = (Path(settings.ASSETS) / "templates").rglob("*.html")
    return {name for path in files for name in ICON.findall(path.read_text("utf-8"))}


@pytest.mark.parametrize("name", sorted(icons()))
def test_every_icon_exists(name: str) -> None:
    """One that does not would be a failure of the whole page."""
    with ZipFile(Path(lucide.__file__).parent / "lucide.zip") as drawn:
        assert f"{name}.svg" in drawn.namelist()
