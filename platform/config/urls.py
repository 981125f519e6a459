"""Every URL of the site. Pages of a workspace lie under /w/<slug>/, the API under /api/v1/."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("projects.portal.urls")),
    path("", include("accounts.urls")),
    path("", include("projects.urls")),
    path("api/v1/", include("config.api_urls")),
]
