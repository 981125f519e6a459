"""Plans that are paid for: choosing one, invoices, coupons, payment."""

from training.problems.entry import BLOCKING, Entry
from training.problems.entry import gettext_noop as _

ENTRIES: dict[str, Entry] = {
    "plan.not_offered": Entry(
        BLOCKING,
        _("This plan is not offered"),
        _("A plan among those that are offered."),
        _("{plan} cannot be chosen."),
        _("Choose another plan, or ask the operator of this site."),
    ),
    "plan.interval": Entry(
        BLOCKING,
        _("The plan is not sold that way"),
        _("A period for which the plan has a price."),
        _("{plan} has no price for this period."),
        _("Choose the other period."),
    ),
    "plan.same": Entry(
        BLOCKING,
        _("You have this plan"),
        _("Another plan, or another period."),
        _("{plan} is the plan of this workspace already."),
        _(
            "There is nothing to do. A change that is planned can be taken back on the page of the plan."
        ),
    ),
    "plan.arrears": Entry(
        BLOCKING,
        _("An invoice is late"),
        _("No invoice that is overdue."),
        _("The plan cannot be changed to {plan} while one is."),
        _("Pay the open invoice first, then choose the plan."),
    ),
    "plan.nothing_to_cancel": Entry(
        BLOCKING,
        _("There is nothing to cancel"),
        _("A plan that is paid for."),
        _("Nothing is charged for {plan}."),
        _("There is nothing to do."),
    ),
    "plan.nothing_to_undo": Entry(
        BLOCKING,
        _("There is no change to take back"),
        _("A change that is planned for the end of the period."),
        _("{plan} goes on as it is."),
        _("There is nothing to do."),
    ),
    "plan.read_only": Entry(
        BLOCKING,
        _("This workspace is read-only, because an invoice was not paid"),
        _("No invoice that is long overdue."),
        _(
            "Everything in {workspace} can be seen and downloaded; nothing new can be started or uploaded."
        ),
        _(
            "Pay the open invoice on the page “Billing”, or ask whoever pays here. It opens again at once."
        ),
    ),
    "plan.ended": Entry(
        BLOCKING,
        _("The plan of this workspace has ended"),
        _("A plan that is paid for."),
        _(
            "Everything in {workspace} can be seen and downloaded; nothing new can be started or uploaded."
        ),
        _("Choose a plan on the page “Billing”, or ask whoever pays for this workspace."),
    ),
    "coupon.unknown": Entry(
        BLOCKING,
        _("There is no such coupon"),
        _("The code of a coupon, as it was given to you."),
        _("“{coupon}” is no coupon of this site."),
        _("Look whether the code is complete, and enter it again."),
    ),
    "coupon.again": Entry(
        BLOCKING,
        _("The coupon was entered before"),
        _("A coupon that this workspace has not had."),
        _("{coupon} was entered in this workspace already."),
        _("Each coupon can be entered once in a workspace."),
    ),
    "coupon.expired": Entry(
        BLOCKING,
        _("The coupon has expired"),
        _("A coupon that can still be entered."),
        _("{coupon} could be entered until an earlier day."),
        _("Ask whoever gave it to you for another one."),
    ),
    "coupon.currency": Entry(
        BLOCKING,
        _("The coupon is for another currency"),
        _("A coupon in the currency of your plan."),
        _("{coupon} is for plans in {currency}."),
        _("Ask whoever gave it to you for another one."),
    ),
    "coupon.used_up": Entry(
        BLOCKING,
        _("The coupon is used up"),
        _("A coupon that can still be entered."),
        _("{coupon} was entered as often as it may be."),
        _("Ask whoever gave it to you for another one."),
    ),
    "invoice.closed": Entry(
        BLOCKING,
        _("The invoice is not open"),
        _("An invoice of which something is still to be paid, or nothing was paid."),
        _("{number} is {status}."),
        _(
            "Load the page again to see how it stands. What was paid can be sent back with a credit note."
        ),
    ),
    "invoice.refund_too_much": Entry(
        BLOCKING,
        _("That is more than can go back"),
        _("At most {most} of this invoice."),
        _("{asked} of {number} are asked for."),
        _("Send back less; what was paid with credits can only go back as credits."),
    ),
    "payment.unavailable": Entry(
        BLOCKING,
        _("The payment page cannot be opened"),
        _("An answer of {provider}."),
        _("{provider} could not be reached, or has refused."),
        _(
            "Try again in a minute. Nothing was charged. If it stays so, tell the operator of this site."
        ),
    ),
    "payment.no_single": Entry(
        BLOCKING,
        _("No single payment is large enough"),
        _("One payment from which the amount can go back."),
        _("{number} was paid in parts."),
        _("Send back less, once for each payment."),
    ),
    "payment.signature": Entry(
        BLOCKING,
        _("The message is not signed as it should be"),
        _(
            "A message of the payment provider, signed with the secret of this webhook, a few minutes old at most."
        ),
        _("The signature is missing, old or another one."),
        _(
            "Compare ATTUNE_STRIPE_WEBHOOK_SECRET with the secret that Stripe shows, and the clock of this machine."
        ),
    ),
}
