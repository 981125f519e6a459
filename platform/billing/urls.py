"""URLs of plans, usage and invoices."""

from django.urls import path

from billing import bill_views, hooks, views

BILLING = "w/<slug:slug>/billing/"
INVOICE = f"{BILLING}invoices/<uuid:invoice_id>/"

urlpatterns = [
    path("w/<slug:slug>/settings/usage/", views.usage, name="workspace-usage"),
    path(BILLING, bill_views.billing, name="workspace-billing"),
    path(f"{BILLING}change/", bill_views.change, name="billing-change"),
    path(f"{BILLING}cancel/", bill_views.cancel, name="billing-cancel"),
    path(f"{BILLING}undo/", bill_views.undo, name="billing-undo"),
    path(f"{BILLING}coupon/", bill_views.coupon, name="billing-coupon"),
    path(f"{BILLING}details/", bill_views.details, name="billing-details"),
    path(f"{BILLING}card/", bill_views.card, name="billing-card"),
    path(f"{BILLING}invoices.csv", bill_views.invoices_csv, name="invoices-csv"),
    path(INVOICE, bill_views.invoice, name="invoice"),
    path(f"{INVOICE}pdf/", bill_views.invoice_pdf, name="invoice-pdf"),
    path(f"{INVOICE}pay/", bill_views.pay, name="invoice-pay"),
    path("billing/stripe/", hooks.stripe, name="stripe-events"),
    path("w/<slug:slug>/settings/usage/file/", views.usage_csv, name="workspace-usage-file"),
    path("w/<slug:slug>/settings/usage/cap/", views.spending_cap, name="workspace-cap"),
    path(
        "w/<slug:slug>/settings/usage/chart/<str:meter>/",
        views.usage_chart,
        name="workspace-usage-chart",
    ),
]
