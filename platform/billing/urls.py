"""URLs of plans and usage."""

from django.urls import path

from billing import views

urlpatterns = [
    path("w/<slug:slug>/settings/usage/", views.usage, name="workspace-usage"),
    path("w/<slug:slug>/settings/usage/file/", views.usage_csv, name="workspace-usage-file"),
    path("w/<slug:slug>/settings/usage/cap/", views.spending_cap, name="workspace-cap"),
    path(
        "w/<slug:slug>/settings/usage/chart/<str:meter>/",
        views.usage_chart,
        name="workspace-usage-chart",
    ),
]
