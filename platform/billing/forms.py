"""The spending cap, typed as an amount of money and kept in minor units."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.money import major, minor

MOST = 1_000_000  # of a currency's units


class CapForm(forms.Form):
    cap = forms.DecimalField(
        label=_("Spending cap a month"),
        min_value=Decimal(0),
        max_value=Decimal(MOST),
        decimal_places=2,
        help_text=_("0: everything stops at the limits of the plan, and nothing is charged."),
    )

    def __init__(self, *args: Any, currency: str, cap: int = 0, **kwargs: Any) -> None:
        """`cap` in minor units."""
        super().__init__(*args, **kwargs)
        self.initial = {"cap": major(cap, currency)}
        self.currency = currency
        self.fields["cap"].label = _("Spending cap a month, in %(currency)s") % {
            "currency": currency
        }

    def clean_cap(self) -> int:
        """In minor units."""
        return minor(self.cleaned_data["cap"], self.currency)
