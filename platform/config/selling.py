"""The settings of a site that is offered to others: the public pages, and how invoices are paid."""

from importlib.util import find_spec

from django.core.exceptions import ImproperlyConfigured

from config.environment import Env

env = Env()
__all__ = [
    "CARD_RETRIES",
    "GRACE_AFTER",
    "GRACE_DAYS",
    "INVOICE_DAYS",
    "PAID_AT",
    "PAYMENT",
    "PLAN_STARTS",
    "PUBLIC",
    "REFERRAL_CREDIT",
    "REMINDERS",
    "STRIPE_API",
    "STRIPE_KEY",
    "STRIPE_WEBHOOK_SECRET",
]

# The one switch for a site that is offered to the public: landing page, prices, shared models, referrals and the like.
PUBLIC = env.bool("ATTUNE_PUBLIC", default=False)
# What both get when one workspace has brought another: minor units and a currency, such as "1000 EUR". Empty: nothing.
_CREDIT = env.str("ATTUNE_REFERRAL_CREDIT", default="").split()
REFERRAL_CREDIT: tuple[int, str] | None = None
if _CREDIT:
    if len(_CREDIT) != 2 or not _CREDIT[0].isdigit() or int(_CREDIT[0]) < 1 or len(_CREDIT[1]) != 3:
        raise ImproperlyConfigured(
            "ATTUNE_REFERRAL_CREDIT: expected minor units and a currency, such as 1000 EUR, "
            f"found {' '.join(_CREDIT)}."
        )
    REFERRAL_CREDIT = (int(_CREDIT[0]), _CREDIT[1].upper())

# How invoices are paid: `manual` (an operator marks them as paid) or `stripe`. Secrets stand here and nowhere else.
PAYMENT = env.str("ATTUNE_PAYMENT", default="manual", among=("manual", "stripe"))
STRIPE_KEY = env.str("ATTUNE_STRIPE_KEY", default="")
STRIPE_WEBHOOK_SECRET = env.str("ATTUNE_STRIPE_WEBHOOK_SECRET", default="")
# Another server that speaks as Stripe does.
STRIPE_API = env.str("ATTUNE_STRIPE_API", default="").rstrip("/")
PLAN_STARTS = env.str("ATTUNE_PLAN_STARTS", default="paid", among=("paid", "invoiced"))
INVOICE_DAYS = env.int("ATTUNE_INVOICE_DAYS", default=14)
# Days after an invoice was due: of the reminders, of further tries of the card, of read-only; and for how long that.
REMINDERS = env.days("ATTUNE_REMINDERS", default=[3, 7])
CARD_RETRIES = env.days("ATTUNE_CARD_RETRIES", default=[1, 3, 5])
GRACE_AFTER = env.int("ATTUNE_GRACE_AFTER", default=14)
GRACE_DAYS = env.int("ATTUNE_GRACE_DAYS", default=14)
if PAYMENT == "stripe":
    if find_spec("stripe") is None:
        raise ImproperlyConfigured(
            "ATTUNE_PAYMENT is stripe; install the extra: pip install attune[stripe]"
        )
    if not (STRIPE_KEY and STRIPE_WEBHOOK_SECRET):
        raise ImproperlyConfigured(
            "ATTUNE_PAYMENT is stripe; set ATTUNE_STRIPE_KEY and ATTUNE_STRIPE_WEBHOOK_SECRET, too."
        )
# A form that leads to a page of the payment provider: browsers ask whether it may, also after a redirect.
_STRIPE_PAGES = ["https://checkout.stripe.com", "https://billing.stripe.com"]
PAID_AT = ([STRIPE_API] if STRIPE_API else _STRIPE_PAGES) if PAYMENT == "stripe" else []
