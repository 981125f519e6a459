"""The API of workspaces."""

from django.urls import path

from accounts import api

OF = "workspaces/<slug:slug>/"

urlpatterns = [
    path("workspaces/", api.WorkspaceList.as_view(), name="api-workspaces"),
    path(f"{OF}members/", api.MemberList.as_view(), name="api-members"),
    path(f"{OF}members/<int:member_id>/", api.MemberDetail.as_view(), name="api-member"),
    path(f"{OF}invitations/", api.InvitationList.as_view(), name="api-invitations"),
    path(
        f"{OF}invitations/<uuid:invitation_id>/",
        api.InvitationDetail.as_view(),
        name="api-invitation",
    ),
    path(f"{OF}audit/", api.AuditList.as_view(), name="api-audit"),
]
