"""What others hear of bills, in the transaction in which it happens."""

from django.dispatch import Signal

# invoice=
invoice_paid = Signal()
invoice_voided = Signal()
