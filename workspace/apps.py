from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class WorkspaceConfig(AppConfig):
    name = "workspace"
    verbose_name = _("Settings")

    def ready(self) -> None:
        from workspace import lookups, sign_ins  # noqa: F401 - it hears of them by signals
        from workspace.database import read_times_quickly
        from workspace.models import make_builtin_rows

        lookups.register()
        connection_created.connect(read_times_quickly, dispatch_uid="workspace.read_times_quickly")
        post_migrate.connect(make_builtin_rows, sender=self, dispatch_uid="workspace.builtin_rows")
