from django.apps import AppConfig
from django.core.checks import Tags, register

from orderstatus_project.refusal import OURS


class ProjectConfig(AppConfig):
    name = "orderstatus_project"
    label = "project"

    def ready(self) -> None:
        from orderstatus_project import celery, checks  # noqa: F401 - the app that tasks are sent by

        register(checks.check_production, Tags.security, OURS)
        register(checks.check_gateway, Tags.compatibility, OURS)
        register(checks.check_somebody_is_reached, Tags.database)
