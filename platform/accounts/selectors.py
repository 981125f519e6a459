"""Reads about people."""

from django.db.models import QuerySet

from accounts.invitations import open_invitations
from accounts.models import ApiToken, Invitation, Member, Workspace


def members_of(workspace: Workspace) -> QuerySet[Member]:
    return workspace.memberships.select_related("user").order_by("joined_at", "pk")


def tokens_of(workspace: Workspace) -> QuerySet[ApiToken]:
    """Those that were not revoked; the newest first. Expired ones stay in sight until they are revoked."""
    return workspace.tokens.filter(revoked_at=None).select_related("created_by")


def invitations_of(workspace: Workspace) -> QuerySet[Invitation]:
    """Those that still let somebody in."""
    return open_invitations().filter(workspace=workspace)
