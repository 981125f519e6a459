"""What an operator has closed, and what the public pages refuse."""

from __future__ import annotations

from training.problems.entry import BLOCKING, Entry
from training.problems.entry import gettext_noop as _

ENTRIES: dict[str, Entry] = {
    "site.paused": Entry(
        BLOCKING,
        _("Not possible at the moment"),
        _("The operator of this site has paused it: {what}."),
        _("{message}"),
        _("Try again later. What is there stays, and what is under way goes on."),
    ),
    "site.impersonating": Entry(
        BLOCKING,
        _("Not while you act as somebody else"),
        _("Passwords, tokens, members, plans and notifications stay as the person left them."),
        _("You are signed in as {email}, by way of {operator}."),
        _("Stop acting as this person first; the button is on top of every page."),
    ),
    "impersonation.refused": Entry(
        BLOCKING,
        _("Nobody can act as this person"),
        _("An active person who is no operator, and a reason."),
        _("{found}"),
        _("Choose another person, or give a reason of a few words."),
    ),
    "workspace.suspended": Entry(
        BLOCKING,
        _("This workspace is suspended"),
        _("New data and new runs are taken from workspaces in good standing."),
        _("The operator of this site gave this reason: {reason}"),
        _("Talk to the operator. What is there stays, and can be looked at and taken away."),
    ),
    "public.often": Entry(
        BLOCKING,
        _("Too many questions in a short time"),
        _("At most {limit} questions in {seconds} seconds from one address."),
        _("There were more from yours."),
        _("Wait a minute, then ask again. With an account of your own there is no such limit."),
    ),
    "share.model": Entry(
        BLOCKING,
        _("This model cannot be shared"),
        _("A finished run whose model is still there."),
        _("{found}"),
        _("Choose a run that has succeeded, and whose model was not removed."),
    ),
    "referral.code": Entry(
        BLOCKING,
        _("This invitation does not count"),
        _("The code of another workspace, given at sign-up."),
        _("“{code}” is {found}."),
        _("Sign up without it, or ask for a new link."),
    ),
}
