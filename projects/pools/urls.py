"""Pages of unlabelled texts, below a project's address."""

from django.urls import URLPattern, URLResolver, path

from projects.pools import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("pools/", views.pools, name="pools"),
    path("pools/new/<uuid:upload_id>/", views.pool_new, name="pool-new"),
    path("pools/<uuid:pool_id>/", views.pool, name="pool"),
    path("pools/<uuid:pool_id>/status/", views.pool_status, name="pool-status"),
    path("pools/<uuid:pool_id>/next/", views.pool_next, name="pool-next"),
    path("pools/<uuid:pool_id>/suggest/", views.pool_suggest, name="pool-suggest"),
    path("pools/<uuid:pool_id>/resume/", views.pool_resume, name="pool-resume"),
    path("pools/<uuid:pool_id>/commit/", views.pool_commit, name="pool-commit"),
    path("pools/<uuid:pool_id>/delete/", views.pool_delete, name="pool-delete"),
]
