"""Pages of runs, below a project's address."""

from django.urls import URLPattern, URLResolver, path

from projects.runs import drafting, going, taking, views, wizard

urlpatterns: list[URLPattern | URLResolver] = [
    path("train/", wizard.train, name="train"),
    path("train/preview/", wizard.train_preview, name="train-preview"),
    path("runs/<uuid:run_id>/", views.run, name="run"),
    path("runs/<uuid:run_id>/status/", views.run_status, name="run-status"),
    path("runs/<uuid:run_id>/log/", views.run_log, name="run-log"),
    path("runs/<uuid:run_id>/series.json", views.run_series, name="run-series"),
    path("runs/<uuid:run_id>/chart/<slug:chart>.json", views.run_chart, name="run-chart"),
    path("runs/<uuid:run_id>/cell/", views.run_cell, name="run-cell"),
    path("runs/<uuid:run_id>/mistakes/", views.run_mistakes, name="run-mistakes"),
    path("runs/<uuid:run_id>/predictions.csv", taking.run_predictions, name="run-predictions"),
    path("runs/<uuid:run_id>/metrics.csv", taking.run_metrics, name="run-metrics"),
    path("runs/<uuid:run_id>/artifact.zip", taking.run_artifact, name="run-artifact"),
    path("runs/<uuid:run_id>/cancel/", views.run_cancel, name="run-cancel"),
    path("runs/<uuid:run_id>/pause/", going.run_pause, name="run-pause"),
    path("runs/<uuid:run_id>/resume/", going.run_resume, name="run-resume"),
    path("runs/<uuid:run_id>/repeat/", going.run_repeat, name="run-repeat"),
    path("runs/<uuid:run_id>/extend/", going.run_extend, name="run-extend"),
    path("runs/<uuid:run_id>/fine-tune/", drafting.run_fine_tune, name="run-fine-tune"),
    path("versions/<uuid:version_id>/draft/", drafting.version_draft, name="version-draft"),
    path("runs/<uuid:run_id>/try/", views.run_try, name="run-try"),
]
