"""The API of unlabelled texts."""

from django.urls import URLPattern, URLResolver, path

from projects.pools import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("projects/<uuid:project_id>/pools/", api.PoolList.as_view(), name="api-pools"),
    path("pools/<uuid:pool_id>/", api.PoolDetail.as_view(), name="api-pool"),
    path("pools/<uuid:pool_id>/next/", api.PoolNext.as_view(), name="api-pool-next"),
    path("pools/<uuid:pool_id>/answers/", api.PoolAnswers.as_view(), name="api-pool-answers"),
    path(
        "pools/<uuid:pool_id>/answers/<int:number>/",
        api.PoolAnswer.as_view(),
        name="api-pool-answer",
    ),
    path("pools/<uuid:pool_id>/suggest/", api.PoolSuggest.as_view(), name="api-pool-suggest"),
    path("pools/<uuid:pool_id>/commit/", api.PoolCommit.as_view(), name="api-pool-commit"),
]
