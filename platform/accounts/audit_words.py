"""How the audit trail is read: its verbs in words, and the groups that it is filtered by."""

from __future__ import annotations

from typing import Any

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
    "account.factor_failed": _("failed at the second factor"),
    "member.invited": _("invited"),
    "member.joined": _("joined"),
    "member.changed": _("changed the role of"),
    "member.removed": _("removed"),
    "member.left": _("left"),
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
    "audit.exported": _("exported the audit trail"),
}


def said(verb: str) -> Any:
    return VERBS.get(verb, verb)
