"""URLs of plans and usage."""

from django.urls import path

from billing import views

urlpatterns = [
    path("w/<slug:slug>/settings/usage/", views.usage, name="workspace-usage"),
]
