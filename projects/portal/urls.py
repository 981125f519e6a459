"""URLs of the portal: the front door, the public pages, templates, and the operator's pages below /panel/."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, path

from projects.portal import dashboard, growing, operating, public, views

RUN = "w/<slug:slug>/p/<uuid:project_id>/runs/<uuid:run_id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("demo/", public.demo_try, name="demo-try"),
    path("pricing/", public.pricing, name="pricing"),
    path("templates/", public.templates, name="templates"),
    path("changelog/", public.changelog, name="changelog"),
    path("status/", public.status, name="status"),
    path("r/<slug:code>/", public.referral, name="referral"),
    path("m/<str:token>/", public.shared, name="shared"),
    path("m/<str:token>/confusion.json", public.shared_chart, name="shared-chart"),
    path("m/<str:token>/try/", public.shared_try, name="shared-try"),
    path("w/<slug:slug>/templates/", growing.starter_list, name="starters"),
    path("w/<slug:slug>/templates/<slug:name>/", growing.starter_use, name="starter-use"),
    path("w/<slug:slug>/first-steps/", growing.first_steps_close, name="first-steps-close"),
    path("w/<slug:slug>/referrals/", growing.referral_page, name="referrals"),
    path(f"{RUN}share/", growing.share, name="share"),
    path(f"{RUN}share/revoke/", growing.share_revoke, name="share-revoke"),
    path(
        "announcements/<uuid:announcement_id>/close/",
        operating.announcement_dismiss,
        name="announcement-close",
    ),
    path("panel/", dashboard.dashboard, name="panel"),
    path("panel/figures/<slug:name>/", dashboard.figure_card, name="panel-figure"),
    path("panel/figures/<slug:name>.json", dashboard.figure_chart, name="panel-chart"),
    path("panel/figures/<slug:name>.csv", dashboard.figure_csv, name="panel-csv"),
    path("panel/queue/", operating.queue, name="panel-queue"),
    path("panel/queue/live/", operating.queue_live, name="panel-queue-live"),
    path("panel/switches/<slug:name>/", operating.switch, name="panel-switch"),
    path("panel/runs/<uuid:run_id>/", operating.run_operate, name="panel-run"),
    path("panel/storage/", operating.storage_page, name="panel-storage"),
    path("panel/storage/clean/", operating.storage_clean, name="panel-storage-clean"),
    path("panel/act-as/stop/", operating.impersonate_stop, name="impersonate-stop"),
    path("panel/act-as/<uuid:user_id>/", operating.impersonate, name="impersonate"),
]
if settings.DEBUG:
    urlpatterns.append(path("_gallery/", views.gallery, name="gallery"))
