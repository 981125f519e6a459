"""Forms about plans and invoices. They read and check; the services do."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.invoices.models import BillingDetails
from billing.models import Plan, Subscription


class ChoiceForm(forms.Form):
    plan = forms.ModelChoiceField(Plan.objects.filter(public=True, retired_at=None))
    interval = forms.ChoiceField(choices=Subscription.Interval, required=False)


class CouponForm(forms.Form):
    code = forms.CharField(
        label=_("Coupon"), max_length=40, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


class DetailsForm(forms.ModelForm):
    class Meta:
        model = BillingDetails
        fields = ("name", "address", "country", "tax_id", "email", "reference")
        labels = {
            "name": _("Name or company"),
            "address": _("Address"),
            "country": _("Country"),
            "tax_id": _("Tax number"),
            "email": _("E-mail address for invoices"),
            "reference": _("Your reference"),
        }
        help_texts = {
            "country": _("Two letters, such as DE or CN: the tax depends on it."),
            "tax_id": _("Of a company, such as a VAT number."),
            "reference": _("Stands on every invoice, such as a cost centre."),
        }
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "organization"}),
            "address": forms.Textarea(attrs={"rows": 3, "autocomplete": "street-address"}),
            "country": forms.TextInput(attrs={"autocomplete": "country", "size": 2}),
        }

    def clean_country(self) -> str:
        country = str(self.cleaned_data["country"]).upper()
        if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
            raise forms.ValidationError(_("Write two letters, such as DE."))
        return country
