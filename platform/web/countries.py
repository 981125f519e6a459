"""Countries by their two letters (ISO 3166), in the reader's language."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale
from django.utils.translation import get_language, to_locale

# Two letters in the list of Unicode that are no countries: unions, the world's rest, pseudo-locales.
NONE = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})


def countries() -> list[tuple[str, str]]:
    """(letters, name), by name."""
    found = _names(get_language() or "en")
    return sorted(found.items(), key=lambda one: one[1])


def country(letters: str) -> str:
    """Its name; what is none of the list stays as it is."""
    return _names(get_language() or "en").get(letters.upper(), letters)


@lru_cache(maxsize=8)
def _names(language: str) -> dict[str, str]:
    known = Locale.parse(to_locale(language)).territories
    two = {code: str(name) for code, name in known.items() if len(code) == 2 and code.isalpha()}
    return {code: name for code, name in two.items() if code not in NONE}
