from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import m2m_changed, post_migrate, pre_delete
from django.utils.translation import gettext_lazy as _


class WorkspaceConfig(AppConfig):
    name = "workspace"
    verbose_name = _("Settings")

    def ready(self) -> None:
        from django.contrib.auth.models import Group

        from workspace import (
            administrators,
            lookups,
            roles,
            sign_ins,  # noqa: F401 - it hears of them by signals
        )
        from workspace.database import read_times_quickly
        from workspace.models import User, make_builtin_rows

        lookups.register()
        connection_created.connect(read_times_quickly, dispatch_uid="workspace.read_times_quickly")
        post_migrate.connect(make_builtin_rows, sender=self, dispatch_uid="workspace.builtin_rows")
        # Django's own receiver has made an app's permissions by then, as its app stands before this one.
        post_migrate.connect(roles.keep_in_step, dispatch_uid="workspace.roles_in_step")
        holders = User.groups.through
        m2m_changed.connect(administrators.roles_leaving, sender=holders, dispatch_uid="workspace.roles_leaving")
        pre_delete.connect(administrators.role_going, sender=Group, dispatch_uid="workspace.role_going")
