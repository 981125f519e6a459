"""URLs of people and their workspaces. The settings page itself shows the plan too and lies in billing."""

from django.urls import path

from accounts import views

urlpatterns = [
    path("operator/<str:secret>/", views.operator, name="operator"),
    path("w/<slug:slug>/settings/name/", views.workspace_rename, name="workspace-rename"),
    path("w/<slug:slug>/tokens/", views.token_create, name="token-create"),
    path("w/<slug:slug>/tokens/<uuid:token_id>/revoke/", views.token_revoke, name="token-revoke"),
]
