"""Pages of a workspace's projects; data and runs bring their own."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("w/<slug:slug>/p/<uuid:project_id>/", include("projects.datasets.urls")),
    path("w/<slug:slug>/p/<uuid:project_id>/", include("projects.runs.urls")),
]
