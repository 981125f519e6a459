"""URLs of plans and usage."""

from django.urls import path

from billing import views

urlpatterns = [
    path("w/<slug:slug>/settings/", views.workspace_settings, name="workspace-settings"),
]
