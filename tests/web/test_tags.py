"""The filters and tags of all pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.urls import resolve
from django.utils import translation

from web.templatetags import attune


def test_names_break_after_their_separators_and_stay_escaped() -> None:
    assert attune.breakable("a_b/<i>_") == "a_<wbr>b/<wbr>&lt;i&gt;_"


def test_an_icon_is_drawn_as_asked_and_stays_escaped() -> None:
    template = Template('{% lucide "x" size=size aria_label=label %}')
    for size, label, shown in ((16, "Close", "Close"), (20, 'a"<b>', "a&quot;&lt;b&gt;")):
        found = template.render(Context({"size": size, "label": label}))
        assert found.startswith("<svg")
        assert f'width="{size}"' in found
        assert f'aria-label="{shown}"' in found


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (1_500_000, "1.5 MB"),
        (999_960, "1 MB"),
        (90_868_376, "90.9 MB"),
        (2_147_483_648, "2.1 GB"),
        (5e15, "5000 TB"),
        (None, "–"),
    ],
)
def test_filesize(value: Any, shown: str) -> None:
    assert attune.filesize(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0.0 s"),
        (4.26, "4.3 s"),
        (9.97, "10 s"),
        (59.6, "1 min"),
        (200, "3 min 20 s"),
        (3600, "1 h"),
        (3725, "1 h 2 min"),
        (90_061, "1 d 1 h"),
        (-1, "–"),
        (float("nan"), "–"),
        ("soon", "–"),
    ],
)
def test_duration(value: Any, shown: str) -> None:
    assert attune.duration(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0.943, "94.3 %"), (1, "100.0 %"), (0, "0.0 %"), (None, "–")]
)
def test_percent(value: Any, shown: str) -> None:
    assert attune.percent(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0.061, "+6.1"), (-0.02, "−2.0"), (0.0001, "0.0"), (None, "–")]
)
def test_points(value: Any, shown: str) -> None:
    assert attune.points(value) == shown


def test_plain_numbers_ignore_the_language() -> None:
    with translation.override("de"):
        assert attune.plain(1234.5) == "1234.5"
        assert attune.plain("x") == ""


def test_amounts_are_grouped() -> None:
    assert attune.amount(10003) == "10,003"


def render(text: str, **values: Any) -> str:
    return Template(text).render(Context(values))


def test_active_marks_the_page_that_is_shown() -> None:
    request = RequestFactory().get("/accounts/login/")
    request.resolver_match = resolve("/accounts/login/")
    text = "[{% active 'account_login' 'home' %}][{% active 'home' %}]"
    assert render(text, request=request) == "[page][]"
    assert render(text) == "[][]"


def test_problem_shows_its_words_and_its_severity() -> None:
    text = '{% problem "spec.unknown" values severity="amber" %}'
    html = render(text, values={"field": "<i>", "known": "seed"})
    assert "tone-warn" in html
    assert "&lt;i&gt;" in html
    assert "One of: seed." in html


@dataclass(frozen=True)
class Place:
    file: str = "train.csv"
    line: int = 7
    column: str = "label"
    value: str = "<script>"


@dataclass(frozen=True)
class Found:
    code: str = "label.alike"
    severity: str = "amber"
    count: int = 12
    places: list[Place] = field(default_factory=lambda: [Place()] * 12)
    values: dict[str, Any] = field(default_factory=dict)


def as_dict(found: Found) -> dict[str, Any]:
    return {**vars(found), "places": [vars(place) for place in found.places]}


@pytest.mark.parametrize("item", [Found(), as_dict(Found())], ids=["object", "dict"])
def test_finding_shows_the_first_places_and_how_many_more(item: Any) -> None:
    html = render("{% finding item 5 %}", item=item)
    assert html.count("line 7") == 5
    assert "and 7 more" in html
    assert "12 places" in html
    assert "<script>" not in html
    assert "text-warn" in html


@pytest.mark.parametrize(
    ("severity", "tone"), [("blocked", "bad"), ("red", "bad"), ("amber", "warn"), ("green", "good")]
)
def test_tones(severity: str, tone: str) -> None:
    assert attune.tone(severity) == tone
