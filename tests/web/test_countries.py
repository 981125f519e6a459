"""Countries by their letters, in the reader's language."""

from __future__ import annotations

from django.utils import translation

from web.countries import countries, country


def test_names_are_in_the_readers_language() -> None:
    assert country("DE") == "Germany"
    with translation.override("zh-hans"):
        assert country("de") == "德国"


def test_what_is_no_country_is_not_chosen_and_stays_as_it_is() -> None:
    letters = {code for code, _name in countries()}
    assert {"DE", "CN", "TW", "US"} <= letters
    assert not letters & {"EU", "UN", "ZZ", "001"}
    assert country("Elsewhere") == "Elsewhere"


def test_they_come_by_name() -> None:
    names = [name for _code, name in countries()]
    assert names == sorted(names)
