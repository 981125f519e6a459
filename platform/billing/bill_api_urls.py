"""The API of subscriptions and invoices."""

from django.urls import path

from billing import bill_api

OF = "workspaces/<slug:slug>/"

urlpatterns = [
    path(f"{OF}subscription/", bill_api.SubscriptionDetail.as_view(), name="api-subscription"),
    path(f"{OF}invoices/", bill_api.InvoiceList.as_view(), name="api-invoices"),
    path("invoices/<uuid:invoice_id>/", bill_api.InvoiceDetail.as_view(), name="api-invoice"),
    path("invoices/<uuid:invoice_id>/pdf/", bill_api.InvoicePdf.as_view(), name="api-invoice-pdf"),
]
