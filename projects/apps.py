from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProjectsConfig(AppConfig):
    name = "projects"
    verbose_name = _("Projects")

    def ready(self) -> None:
        from billing import usage
        from projects import receivers  # noqa: F401
        from projects.selectors import project_count, project_names

        usage.register("projects", project_count)
        usage.register_names(project_names)
