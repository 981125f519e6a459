"""Pages of a workspace's projects; data and runs bring their own."""

from django.urls import URLPattern, URLResolver, include, path

from projects import sharing_views, views
from projects.portal.overview import project, workspace

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("projects.bases.urls")),
    path("w/<slug:slug>/", workspace, name="workspace"),
    path("w/<slug:slug>/new/", views.project_create, name="project-create"),
    path("w/<slug:slug>/p/<uuid:project_id>/", project, name="project"),
    path("w/<slug:slug>/p/<uuid:project_id>/delete/", views.project_delete, name="project-delete"),
    path(
        "w/<slug:slug>/p/<uuid:project_id>/people/",
        sharing_views.project_people,
        name="project-people",
    ),
    path(
        "w/<slug:slug>/p/<uuid:project_id>/people/invite/",
        sharing_views.project_invite,
        name="project-invite",
    ),
    path("w/<slug:slug>/p/<uuid:project_id>/", include("projects.datasets.urls")),
    path("w/<slug:slug>/p/<uuid:project_id>/", include("projects.runs.urls")),
    path("w/<slug:slug>/p/<uuid:project_id>/", include("projects.pools.urls")),
]
