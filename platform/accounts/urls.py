"""URLs of people and their workspaces."""

from django.urls import path

from accounts import settings_views, views

urlpatterns = [
    path("operator/<str:secret>/", views.operator, name="operator"),
    path("w/<slug:slug>/settings/", settings_views.general, name="workspace-settings"),
    path("w/<slug:slug>/settings/members/", settings_views.members, name="workspace-members"),
    path("w/<slug:slug>/settings/tokens/", settings_views.tokens, name="workspace-tokens"),
    path("w/<slug:slug>/settings/name/", views.workspace_rename, name="workspace-rename"),
    path("w/<slug:slug>/tokens/", views.token_create, name="token-create"),
    path("w/<slug:slug>/tokens/<uuid:token_id>/revoke/", views.token_revoke, name="token-revoke"),
]
