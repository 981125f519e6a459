"""URLs of people and their workspaces."""

from django.urls import path

from accounts import (
    audit_views,
    invitation_views,
    member_views,
    settings_views,
    signin_views,
    views,
)

MEMBER = "w/<slug:slug>/members/<int:member_id>/"

urlpatterns = [
    path("operator/<str:secret>/", views.operator, name="operator"),
    path("w/<slug:slug>/settings/", settings_views.general, name="workspace-settings"),
    path("w/<slug:slug>/settings/members/", member_views.members_page, name="workspace-members"),
    path("w/<slug:slug>/settings/tokens/", settings_views.tokens, name="workspace-tokens"),
    path("w/<slug:slug>/settings/audit/", audit_views.audit_page, name="workspace-audit"),
    path(
        "w/<slug:slug>/settings/audit.csv",
        audit_views.audit_export,
        name="workspace-audit-export",
    ),
    path("w/<slug:slug>/settings/signin/", signin_views.signin, name="workspace-signin"),
    path("w/<slug:slug>/domains/", signin_views.domain_claim, name="domain-claim"),
    path(
        "w/<slug:slug>/domains/<int:domain_id>/release/",
        signin_views.domain_release,
        name="domain-release",
    ),
    path("accounts/sessions/<int:session_id>/end/", signin_views.session_end, name="session-end"),
    path("workspaces/new/", member_views.workspace_new, name="workspace-new"),
    path("invitation/<str:secret>/", invitation_views.invitation, name="invitation"),
    path("w/<slug:slug>/members/invite/", member_views.member_invite, name="member-invite"),
    path(MEMBER, member_views.member, name="workspace-member"),
    path(f"{MEMBER}remove/", member_views.member_remove, name="member-remove"),
    path(f"{MEMBER}hand-over/", member_views.workspace_hand_over, name="workspace-hand-over"),
    path(
        "w/<slug:slug>/invitations/<uuid:invitation_id>/revoke/",
        member_views.invitation_revoke,
        name="invitation-revoke",
    ),
    path("w/<slug:slug>/leave/", member_views.workspace_leave, name="workspace-leave"),
    path("w/<slug:slug>/delete/", member_views.workspace_delete, name="workspace-delete"),
    path("w/<slug:slug>/settings/name/", views.workspace_rename, name="workspace-rename"),
    path("w/<slug:slug>/tokens/", views.token_create, name="token-create"),
    path("w/<slug:slug>/tokens/<uuid:token_id>/revoke/", views.token_revoke, name="token-revoke"),
]
