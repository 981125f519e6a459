"""URLs of a project's data, below /w/<slug>/p/<project_id>/."""

from django.urls import include, path

from projects.datasets import annotation, version_views, views

urlpatterns = [
    path("upload/", views.upload, name="upload"),
    path("uploads/<uuid:upload_id>/", views.upload_preview, name="upload-preview"),
    path("samples/<slug:name>/", views.sample_add, name="sample-add"),
    path("imports/<uuid:import_id>/", views.import_page, name="import"),
    path("imports/<uuid:import_id>/status/", views.import_status, name="import-status"),
    path("versions/<uuid:version_id>/", views.version, name="version"),
    path("versions/<uuid:version_id>/export/", version_views.export, name="version-export"),
    path(
        "versions/<uuid:version_id>/diff/<uuid:other_id>/", version_views.diff, name="version-diff"
    ),
    path("versions/<uuid:version_id>/", include("projects.datasets.health_urls")),
    path("versions/<uuid:version_id>/rows/", annotation.rows, name="rows"),
    path("versions/<uuid:version_id>/rows/<int:row>/", annotation.row, name="row"),
    path("versions/<uuid:version_id>/rows/add/", annotation.row_add, name="row-add"),
    path(
        "versions/<uuid:version_id>/rows/added/<uuid:edit_id>/remove/",
        annotation.row_remove,
        name="row-remove",
    ),
    path("versions/<uuid:version_id>/rows/commit/", annotation.commit, name="rows-commit"),
    path("versions/<uuid:version_id>/review/", annotation.review, name="review"),
    path("versions/<uuid:version_id>/agreement/", annotation.agreement_page, name="agreement"),
]
