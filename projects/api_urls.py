"""The API of projects, their data and their runs."""

from django.urls import URLPattern, URLResolver, include, path

from projects import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("projects/", api.ProjectList.as_view(), name="api-projects"),
    path("projects/<uuid:project_id>/", api.ProjectDetail.as_view(), name="api-project"),
    path("", include("projects.datasets.api_urls")),
    path("", include("projects.runs.api_urls")),
    path("", include("projects.pools.api_urls")),
    path("", include("projects.portal.api_urls")),
]
