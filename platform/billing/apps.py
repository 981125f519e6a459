from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = _("Plans and usage")

    def ready(self) -> None:
        from accounts.selectors import places_taken
        from billing import receivers  # noqa: F401  (registers itself)
        from billing import usage

        usage.register("members", places_taken)
