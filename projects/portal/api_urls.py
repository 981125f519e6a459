"""URLs of the portal's API."""

from django.urls import URLPattern, URLResolver, path

from projects.portal import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("templates/", api.StarterList.as_view(), name="api-templates"),
    path("templates/<slug:name>/", api.StarterUse.as_view(), name="api-template-use"),
    path("status/", api.Status.as_view(), name="api-status"),
]
