"""Filters for the portal's pages."""

from __future__ import annotations

from django import template

from billing.money import format_money

register = template.Library()


@register.filter
def money(amount: int, currency: str) -> str:
    """Minor units as the reader's language writes them."""
    return format_money(int(amount or 0), currency)
