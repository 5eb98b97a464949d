from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StatusesConfig(AppConfig):
    name = "statuses"
    verbose_name = _("Statuses")

    def ready(self) -> None:
        from statuses import history, other_codes  # noqa: F401 - they declare and register themselves
