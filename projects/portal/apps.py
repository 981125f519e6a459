from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PortalConfig(AppConfig):
    name = "projects.portal"
    label = "portal"
    verbose_name = _("Steering")

    def ready(self) -> None:
        from django.contrib import admin
        from django.db.models.signals import post_migrate

        from billing import usage
        from projects import gates
        from projects.portal import counting, index, receivers, steering  # noqa: F401
        from projects.portal.selectors import storage_used
        from web import errors, switches

        usage.register("storage", storage_used)
        gates.register(steering.require_good_standing)
        switches.register(steering.read)
        errors.refused.connect(counting.count_refusal, dispatch_uid="count_refusal")
        post_migrate.connect(steering.ensure_switches, sender=self, dispatch_uid="switches")
        index.ordered(admin.site)
