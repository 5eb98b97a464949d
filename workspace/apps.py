from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class WorkspaceConfig(AppConfig):
    name = "workspace"
    verbose_name = _("Settings")

    def ready(self) -> None:
        from workspace.models import make_builtin_rows

        post_migrate.connect(make_builtin_rows, sender=self, dispatch_uid="workspace.builtin_rows")
