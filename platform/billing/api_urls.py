"""The API of plans and usage."""

from django.urls import URLPattern, URLResolver, path

from billing import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("plans/", api.PlanList.as_view(), name="api-plans"),
    path("workspaces/<slug:slug>/limits/", api.LimitList.as_view(), name="api-limits"),
    path("workspaces/<slug:slug>/usage/", api.UsageList.as_view(), name="api-usage"),
    path("workspaces/<slug:slug>/spending-cap/", api.SpendingCap.as_view(), name="api-cap"),
]
