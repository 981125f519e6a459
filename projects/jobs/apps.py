from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JobsConfig(AppConfig):
    name = "projects.jobs"
    label = "jobs"
    verbose_name = _("Queue")

    def ready(self) -> None:
        from django.apps import apps
        from django.db.models.signals import post_migrate
        from django_q.signals import post_execute_in_worker, pre_execute

        from projects.jobs import broker, queue

        pre_execute.connect(broker.begin_lease, dispatch_uid="begin_lease")
        post_execute_in_worker.connect(broker.end_lease, dispatch_uid="end_lease")
        # An app without models, such as this one, gets no such signal; the rows are django-q's.
        owner = apps.get_app_config("django_q")
        post_migrate.connect(queue.ensure_schedules, sender=owner, dispatch_uid="ensure_schedules")
