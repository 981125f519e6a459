"""The operator's pages of base models."""

from django.urls import URLPattern, URLResolver, path

from projects.bases import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("bases/", views.bases, name="bases"),
    path("bases/status/", views.bases_status, name="bases-status"),
    path("bases/<str:base>/install/", views.base_install, name="base-install"),
    path("bases/<str:base>/verify/", views.base_verify, name="base-verify"),
]
