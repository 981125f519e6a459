from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = _("Plans and usage")

    def ready(self) -> None:
        from accounts.access import also_check
        from billing import (
            receivers,  # noqa: F401  (registers itself)
            usage,
        )
        from billing.invoices.telling import spoken
        from billing.subscriptions import receivers as of_bills  # noqa: F401  (registers itself)
        from billing.subscriptions.standing import check
        from notify.words import also_speak

        usage.register("members", lambda workspace: workspace.memberships.count())
        also_check(check)
        also_speak(spoken)
