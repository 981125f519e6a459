"""URLs of the portal."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, path

from projects.portal import views

urlpatterns: list[URLPattern | URLResolver] = [path("", views.home, name="home")]
if settings.DEBUG:
    urlpatterns.append(path("_gallery/", views.gallery, name="gallery"))
