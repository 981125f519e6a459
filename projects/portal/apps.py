from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PortalConfig(AppConfig):
    name = "projects.portal"
    label = "portal"
    verbose_name = _("Portal")

    def ready(self) -> None:
        from billing import usage
        from projects.portal.selectors import storage_used

        usage.register("storage", storage_used)
