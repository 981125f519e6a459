"""The API of a project's data."""

from django.urls import path

from projects.datasets import annotation_api, api, health_api, tus, version_api

urlpatterns = [
    path("projects/<uuid:project_id>/uploads/", api.UploadList.as_view(), name="api-uploads"),
    path("projects/<uuid:project_id>/tus/", tus.PartialList.as_view(), name="api-tus"),
    path("tus/<uuid:partial_id>/", tus.PartialDetail.as_view(), name="api-tus-upload"),
    path("projects/<uuid:project_id>/imports/", api.ImportList.as_view(), name="api-imports"),
    path("projects/<uuid:project_id>/versions/", api.VersionList.as_view(), name="api-versions"),
    path("uploads/<uuid:upload_id>/", api.UploadDetail.as_view(), name="api-upload"),
    path("imports/<uuid:import_id>/", api.ImportDetail.as_view(), name="api-import"),
    path("versions/<uuid:version_id>/", api.VersionDetail.as_view(), name="api-version"),
    path("versions/<uuid:version_id>/rows/", api.VersionRows.as_view(), name="api-version-rows"),
    path(
        "versions/<uuid:version_id>/export/",
        version_api.VersionExport.as_view(),
        name="api-version-export",
    ),
    path(
        "versions/<uuid:version_id>/health/",
        health_api.VersionHealth.as_view(),
        name="api-version-health",
    ),
    path(
        "versions/<uuid:version_id>/health/ignore/",
        health_api.VersionIgnore.as_view(),
        name="api-version-health-ignore",
    ),
    path(
        "versions/<uuid:version_id>/revisions/",
        health_api.VersionRevisions.as_view(),
        name="api-version-revisions",
    ),
    path(
        "versions/<uuid:version_id>/diff/<uuid:other_id>/",
        version_api.VersionDiff.as_view(),
        name="api-version-diff",
    ),
    path(
        "versions/<uuid:version_id>/edits/",
        annotation_api.EditList.as_view(),
        name="api-edits",
    ),
    path(
        "versions/<uuid:version_id>/edits/commit/",
        annotation_api.EditCommit.as_view(),
        name="api-edits-commit",
    ),
    path(
        "versions/<uuid:version_id>/edits/<uuid:edit_id>/",
        annotation_api.EditDetail.as_view(),
        name="api-edit",
    ),
]
