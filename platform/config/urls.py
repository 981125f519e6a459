"""Every URL of the site. Pages of a workspace lie under /w/<slug>/, the API under /api/v1/."""

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver, include, path
from django.views.i18n import set_language

from config.health import healthz

# The admin's own sign-in would know no rate limit; allauth's does.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("accounts/sessions/", include("allauth.usersessions.urls")),
    path("i18n/setlang/", login_not_required(set_language), name="set_language"),
    path("healthz", healthz, name="healthz"),
    path("", include("projects.portal.urls")),
    path("", include("accounts.urls")),
    path("", include("notify.urls")),
    path("", include("billing.urls")),
    path("", include("projects.urls")),
    path("api/v1/", include("config.api_urls")),
]

if settings.SIGN_ON:
    urlpatterns += [
        path("accounts/", include(f"{app}.urls"))
        for app in settings.INSTALLED_APPS
        if app.startswith("allauth.socialaccount.providers.")
    ]
    urlpatterns.append(path("accounts/3rdparty/", include("allauth.socialaccount.urls")))

handler400 = "web.errors.bad_request"
handler403 = "web.errors.forbidden"
handler404 = "web.errors.not_found"
handler500 = "web.errors.server_error"
