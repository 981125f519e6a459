"""URLs of a version's health, below …/versions/<version_id>/."""

from django.urls import path

from projects.datasets import health_views as views

urlpatterns = [
    path("health/", views.report, name="version-health"),
    path("health/status/", views.status, name="version-health-status"),
    path("health/chart/<slug:name>.json", views.chart, name="version-health-chart"),
    path("health/examine/", views.examine, name="version-health-examine"),
    path("health/ignore/", views.ignore, name="version-health-ignore"),
    path("health/mend/", views.mend, name="version-health-mend"),
    path("restore/", views.restore, name="version-restore"),
]
