from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JobsConfig(AppConfig):
    name = "projects.jobs"
    label = "jobs"
    verbose_name = _("Queue")

    def ready(self) -> None:
        from django.db.models.signals import post_migrate
        from django_q.signals import post_execute_in_worker, pre_execute

        from projects.jobs import broker, queue

        pre_execute.connect(broker.begin_lease, dispatch_uid="begin_lease")
        post_execute_in_worker.connect(broker.end_lease, dispatch_uid="end_lease")
        post_migrate.connect(queue.ensure_schedules, sender=self, dispatch_uid="ensure_schedules")
