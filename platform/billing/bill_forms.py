"""Forms about plans and invoices. They read and check; the services do."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.invoices.models import BillingDetails
from billing.models import Plan, Subscription
from web.countries import countries


class ChoiceForm(forms.Form):
    plan = forms.ModelChoiceField(Plan.objects.filter(public=True, retired_at=None))
    interval = forms.ChoiceField(choices=Subscription.Interval, required=False)


class CouponForm(forms.Form):
    code = forms.CharField(
        label=_("Coupon"), max_length=40, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


class DetailsForm(forms.ModelForm):
    country = forms.ChoiceField(
        label=_("Country"),
        help_text=_("The tax depends on it."),
        choices=lambda: [("", "–"), *countries()],
        required=False,
        widget=forms.Select(attrs={"autocomplete": "country"}),
    )

    class Meta:
        model = BillingDetails
        fields = ("name", "address", "country", "tax_id", "email", "reference")
        labels = {
            "name": _("Name or company"),
            "address": _("Address"),
            "tax_id": _("Tax number"),
            "email": _("E-mail address for invoices"),
            "reference": _("Your reference"),
        }
        help_texts = {
            "tax_id": _("Of a company, such as a VAT number."),
            "reference": _("Stands on every invoice, such as a cost centre."),
        }
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "organization"}),
            "address": forms.Textarea(attrs={"rows": 3, "autocomplete": "street-address"}),
        }
