"""Money: whole numbers in minor units (cents), rounded in one place, and in words by the reader's language."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from babel.core import UnknownLocaleError
from babel.numbers import format_currency, get_currency_precision, list_currencies
from django.core.exceptions import ValidationError
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext as _


def rounded(amount: Decimal | int) -> int:
    """Minor units as a whole number, half of one up and away from zero. The only place where money is rounded."""
    return int(Decimal(amount).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def share(amount: int, percent: Decimal | int) -> int:
    """So many percent of an amount, in minor units."""
    return rounded(Decimal(amount) * Decimal(percent) / 100)


def major(amount: Decimal | int, currency: str) -> Decimal:
    """Minor units as units of the currency: 2900 of USD are 29.00, 2900 of JPY are 2900."""
    return Decimal(amount).scaleb(-get_currency_precision(currency))


def minor(amount: Decimal | str | int, currency: str) -> int:
    """The other way round, rounded to the minor unit."""
    return rounded(Decimal(amount).scaleb(get_currency_precision(currency)))


def format_money(amount: int, currency: str) -> str:
    """As the reader's language writes it, such as “$29.00”. `amount` in minor units."""
    return _formatted(major(amount, currency), currency)


def format_price(amount: Decimal | int, currency: str) -> str:
    """A price per unit, which may have parts of a minor unit: all its digits, such as “$0.0025”."""
    exact = major(Decimal(amount).normalize(), currency)
    digits = max(get_currency_precision(currency), -int(exact.normalize().as_tuple().exponent))
    return _formatted(exact, currency, digits)


def per(amount: int, currency: str, interval: str) -> str:
    """Such as “$29.00 a month”. `amount` in minor units."""
    said = _("%(price)s a year") if interval == "year" else _("%(price)s a month")
    return said % {"price": format_money(amount, currency)}


def _formatted(amount: Decimal, currency: str, digits: int | None = None) -> str:
    """`digits`: after the point; by default as many as the currency has."""
    exact = digits is not None
    if digits is not None:
        amount = amount.quantize(Decimal(1).scaleb(-digits))
    given: dict[str, Any] = {"currency_digits": not exact, "decimal_quantization": not exact}
    try:
        locale = to_locale(get_language() or "en")
        return format_currency(amount, currency, locale=locale, **given)
    except UnknownLocaleError:
        return format_currency(amount, currency, locale="en", **given)


def check_currency(code: str) -> None:
    """A validator of model fields: ISO 4217."""
    if code not in list_currencies():
        raise ValidationError(_("“%(code)s” is no currency of ISO 4217.") % {"code": code})
