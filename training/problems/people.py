"""What can be wrong with people and workspaces: members, invitations, signing in."""

from training.problems.entry import BLOCKING, Entry
from training.problems.entry import gettext_noop as _

ENTRIES: dict[str, Entry] = {
    "member.last_owner": Entry(
        BLOCKING,
        _("The workspace needs an owner"),
        _("At least one owner in every workspace."),
        _("{email} is the only owner of “{workspace}”."),
        _("Make somebody else an owner first, or delete the workspace."),
    ),
    "member.already": Entry(
        BLOCKING,
        _("Already a member"),
        _("Somebody who is not in the workspace yet."),
        _("{email} is a member of “{workspace}” already."),
        _("Change the role of the member instead."),
    ),
    "member.role": Entry(
        BLOCKING,
        _("This role is not yours to give or to take"),
        _("A role that you may give: {known}."),
        _("The role is “{role}”."),
        _("Choose one of these roles, or ask an owner of the workspace."),
    ),
    "invitation.gone": Entry(
        BLOCKING,
        _("This invitation no longer works"),
        _("A link that was not used up, has not expired and was not taken back."),
        _("It was used, has expired, was taken back, or was never made."),
        _("Ask whoever has invited you for another one."),
    ),
    "invitation.address": Entry(
        BLOCKING,
        _("This invitation is for somebody else"),
        _("An account with the address {email}."),
        _("You are signed in as {found}."),
        _("Sign out, then open the link again and sign in or sign up with {email}."),
    ),
    "invitation.many": Entry(
        BLOCKING,
        _("Too many invitations for now"),
        _("At most {limit} invitations an hour from one workspace."),
        _("{count} were made within the last hour."),
        _("Wait an hour. A link can be used by several people."),
    ),
    "invitation.mail": Entry(
        BLOCKING,
        _("The mail could not be sent"),
        _("A mail server that takes the message to {email}."),
        _("It could not be reached, or has refused the message. Nobody was invited."),
        _("Try again later, or make a link and send it yourself."),
    ),
    "workspace.confirm": Entry(
        BLOCKING,
        _("The name does not match"),
        _("The name of the workspace, “{name}”, typed exactly."),
        _("“{typed}” was typed."),
        _("Type the name again. Nothing was changed."),
    ),
    "workspace.limit": Entry(
        BLOCKING,
        _("You own as many workspaces as you may"),
        _("At most {limit} workspaces that one person owns."),
        _("You own {count}."),
        _("Delete one that you no longer need, or hand one over."),
    ),
    "access.two_factors": Entry(
        BLOCKING,
        _("“{workspace}” asks for two-factor sign-in"),
        _("An account with a second factor: an authenticator app or a passkey."),
        _("Yours has none yet."),
        _("Set one up under “Second factor” in your account, then come back."),
    ),
    "access.sign_on": Entry(
        BLOCKING,
        _("Sign in through your organisation"),
        _("People with an address at {domain} sign in through {provider}."),
        _("You tried with a password."),
        _("Choose “{provider}” on the sign-in page."),
    ),
    "domain.own": Entry(
        BLOCKING,
        _("This domain is not that of your address"),
        _("The domain of a confirmed address of yours: {known}."),
        _("The domain is “{domain}”."),
        _("Confirm an address at this domain in your account, or ask the operator of this site."),
    ),
    "domain.taken": Entry(
        BLOCKING,
        _("This domain is claimed already"),
        _("A domain that no workspace has claimed."),
        _("“{domain}” is claimed."),
        _("Ask the operator of this site."),
    ),
}
