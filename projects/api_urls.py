"""The API of projects, their data and their runs."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("projects.datasets.api_urls")),
    path("", include("projects.runs.api_urls")),
]
