from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = _("Plans and usage")

    def ready(self) -> None:
        from billing import (
            receivers,  # noqa: F401  (registers itself)
            usage,
        )

        usage.register("members", lambda workspace: workspace.memberships.count())
