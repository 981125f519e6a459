"""Filters for the portal's pages."""

from __future__ import annotations

from django import template
from django.conf import settings

from billing.money import format_money
from projects.portal import referrals

register = template.Library()


@register.filter
def money(amount: int, currency: str) -> str:
    """Minor units as the reader's language writes them."""
    return format_money(int(amount or 0), currency)


@register.simple_tag
def referral_credit(code: str) -> str:
    """What somebody who signs up by this code gets with a first model: “€10.00”; "" where it is worth nothing."""
    if settings.REFERRAL_CREDIT is None or not referrals.is_known(code):
        return ""
    return format_money(*settings.REFERRAL_CREDIT)
