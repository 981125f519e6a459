from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PoolsConfig(AppConfig):
    name = "projects.pools"
    label = "pools"
    verbose_name = _("Unlabelled texts")

    def ready(self) -> None:
        from projects.pools import receivers  # noqa: F401
