"""The API of runs."""

from django.urls import URLPattern, URLResolver, path

from projects.runs import api, api_going

urlpatterns: list[URLPattern | URLResolver] = [
    path("projects/<uuid:project_id>/estimate/", api.Estimates.as_view(), name="api-estimate"),
    path("projects/<uuid:project_id>/runs/", api.RunList.as_view(), name="api-runs"),
    path("runs/<uuid:run_id>/", api.RunDetail.as_view(), name="api-run"),
    path("runs/<uuid:run_id>/events/", api.RunEvents.as_view(), name="api-run-events"),
    path("runs/<uuid:run_id>/cancel/", api.RunCancel.as_view(), name="api-run-cancel"),
    path("runs/<uuid:run_id>/pause/", api_going.RunPause.as_view(), name="api-run-pause"),
    path("runs/<uuid:run_id>/resume/", api_going.RunResume.as_view(), name="api-run-resume"),
    path("runs/<uuid:run_id>/repeat/", api_going.RunRepeat.as_view(), name="api-run-repeat"),
    path("runs/<uuid:run_id>/extend/", api_going.RunExtend.as_view(), name="api-run-extend"),
    path(
        "runs/<uuid:run_id>/agreement/",
        api_going.RunAgreement.as_view(),
        name="api-run-agreement",
    ),
    path("runs/<uuid:run_id>/report/", api.RunReport.as_view(), name="api-run-report"),
    path("runs/<uuid:run_id>/artifact/", api.RunArtifact.as_view(), name="api-run-artifact"),
    path("runs/<uuid:run_id>/predict/", api.RunPredict.as_view(), name="api-run-predict"),
]
