"""What others hear of bills, in the transaction in which it happens."""

from django.dispatch import Signal

# invoice=, now=
invoice_paid = Signal()
invoice_voided = Signal()
