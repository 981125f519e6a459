"""Plans and what they allow, and the ledger of what was used."""

from billing.invoices import models as _invoices  # noqa: F401  (tables of this app)
from billing.models.ledger import (
    HELD,
    USED,
    Balance,
    Hold,
    LedgerEntry,
    Meter,
    month_of,
    month_start,
    thousandths,
)
from billing.models.plans import OPEN, Override, Plan, Subscription
from billing.payment import models as _payment  # noqa: F401

__all__ = [
    "HELD",
    "OPEN",
    "USED",
    "Balance",
    "Hold",
    "LedgerEntry",
    "Meter",
    "Override",
    "Plan",
    "Subscription",
    "month_of",
    "month_start",
    "thousandths",
]
