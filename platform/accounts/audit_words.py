"""How the audit trail is read: its verbs in words, and the groups that it is filtered by."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

# The first word of a verb. What is not here is shown as it is written down.
GROUPS: dict[str, Any] = {
    "account": _("Signing in"),
    "member": _("Members"),
    "invitation": _("Invitations"),
    "project": _("Projects"),
    "data": _("Data"),
    "run": _("Runs"),
    "model": _("Models"),
    "token": _("API tokens"),
    "webhook": _("Webhooks"),
    "workspace": _("Workspace"),
    "plan": _("Plan"),
    "invoice": _("Invoices"),
    "operator": _("Operators"),
}
VERBS: dict[str, Any] = {
    "account.signed_in": _("signed in"),
    "account.signed_out": _("signed out"),
    "account.sign_in_failed": _("failed to sign in"),
    "account.password_changed": _("changed the password"),
    "account.password_reset": _("reset the password"),
    "account.address_added": _("added an address"),
    "account.address_removed": _("removed an address"),
    "account.address_changed": _("changed the address"),
    "account.factor_added": _("added a second factor"),
    "account.factor_removed": _("removed a second factor"),
    "account.factor_renewed": _("made new recovery codes"),
    "account.session_ended": _("ended a session"),
    "account.factor_failed": _("failed at the second factor"),
    "member.invited": _("invited"),
    "member.joined": _("joined"),
    "member.changed": _("changed the role of"),
    "member.removed": _("removed"),
    "member.left": _("left"),
    "member.not_joined": _("could not join by the mail domain"),
    "invitation.revoked": _("took an invitation back"),
    "workspace.created": _("made the workspace"),
    "workspace.renamed": _("renamed the workspace"),
    "workspace.handed_over": _("handed the workspace over to"),
    "workspace.deleted": _("deleted the workspace"),
    "workspace.rules": _("changed the rules for signing in"),
    "domain.claimed": _("claimed a mail domain"),
    "domain.changed": _("changed a mail domain"),
    "domain.confirmed": _("confirmed a mail domain"),
    "domain.released": _("gave a mail domain up"),
    "token.created": _("made an API token"),
    "token.revoked": _("revoked an API token"),
    "webhook.created": _("added a webhook"),
    "webhook.changed": _("changed a webhook"),
    "webhook.rekeyed": _("changed the secret of a webhook"),
    "webhook.deleted": _("deleted a webhook"),
    "project.created": _("made the project"),
    "project.renamed": _("renamed the project"),
    "project.deleted": _("deleted the project"),
    "project.shared": _("changed who sees the project"),
    "upload.begun": _("began an upload"),
    "upload.dropped": _("dropped an upload"),
    "data.uploaded": _("uploaded"),
    "data.imported": _("started the check of"),
    "data.changed": _("made a new version of"),
    "data.downloaded": _("downloaded the data"),
    "finding.ignored": _("ignored a finding in"),
    "finding.minded": _("minded a finding again in"),
    "pool.added": _("added texts to label"),
    "pool.suggested": _("asked a model about texts"),
    "pool.deleted": _("deleted texts to label"),
    "run.started": _("started the run"),
    "run.cancelled": _("cancelled the run"),
    "run.paused": _("paused the run"),
    "run.resumed": _("resumed the run"),
    "model.downloaded": _("downloaded the model"),
    "predictions.downloaded": _("downloaded the predictions"),
    "metrics.downloaded": _("downloaded the metrics"),
    "base.install": _("installed the base model"),
    "base.verify": _("checked the base model"),
    "audit.exported": _("exported the audit trail"),
    "plan.chosen": _("chose the plan"),
    "plan.cancelled": _("cancelled the plan"),
    "plan.kept": _("kept the plan"),
    "plan.ended": _("ended the plan"),
    "plan.changed": _("changed the plan"),
    "plan.default": _("made the plan the default"),
    "plan.edited": _("edited the plan"),
    "plan.retired": _("retired the plan"),
    "plan.version": _("made a new version of the plan"),
    "plan.override": _("made an exception to the plan"),
    "plan.override_lifted": _("ended an exception to the plan"),
    "plan.past_due": _("marked the payment as late"),
    "plan.read_only": _("made the workspace read-only"),
    "plan.recovered": _("opened the workspace again after a payment"),
    "plan.spending_cap": _("changed the spending cap"),
    "plan.trial": _("gave a trial of"),
    "plan.trial_ended": _("ended the trial of"),
    "hold.released": _("released what was held for a run"),
    "billing.details": _("changed the billing details"),
    "coupon.entered": _("entered the coupon"),
    "coupon.saved": _("saved the coupon"),
    "credit.granted": _("gave credits"),
    "invoice.issued": _("issued the invoice"),
    "invoice.paid": _("paid the invoice"),
    "invoice.payment": _("noted a payment for the invoice"),
    "invoice.declined": _("could not collect the invoice"),
    "invoice.refunded": _("refunded of the invoice"),
    "invoice.refund_unbooked": _("told of a refund that could not be booked"),
    "invoice.refund_failed": _("told of a refund that failed"),
    "invoice.voided": _("made the invoice void"),
    "invoice.uncollectible": _("gave the invoice up"),
    "payment.declined": _("declined a payment"),
    "impersonation.started": _("began to act as"),
    "impersonation.ended": _("ceased to act as"),
    "model.shared": _("shared the model"),
    "model.unshared": _("took back the shared page of the model"),
    "price.changed": _("changed the price of computing"),
    "referral.earned": _("earned a credit for a referral"),
    "run.repeated": _("started the run again"),
    "run.requeued": _("put the run back into the queue"),
    "storage.cleaned": _("removed what belongs to nobody"),
    "switch.on": _("turned on"),
    "switch.off": _("turned off"),
    "workspace.released": _("released the workspace"),
    "workspace.suspended": _("suspended the workspace"),
    "workspace.watched": _("marked the workspace to be watched"),
}


def said(verb: str) -> Any:
    return VERBS.get(verb, verb)


def details(values: dict[str, Any]) -> list[tuple[str, str]]:
    """What an entry says beside its verb, as people write it; what is empty is left out."""
    return [
        (name, _written(value)) for name, value in values.items() if value not in ("", None, [])
    ]


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
