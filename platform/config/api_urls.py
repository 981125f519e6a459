"""The API, its schema and the page that shows it."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="api-schema"), name="api-docs"),
    path("", include("accounts.api_urls")),
    path("", include("notify.api_urls")),
    path("", include("billing.bill_api_urls")),
    path("", include("billing.api_urls")),
    path("", include("billing.bill_api_urls")),
    path("", include("projects.api_urls")),
]
