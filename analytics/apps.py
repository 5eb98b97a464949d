from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AnalyticsConfig(AppConfig):
    name = "analytics"
    verbose_name = _("Analytics")

    def ready(self) -> None:
        # They connect and register themselves.
        from analytics import action_history, erasing, segment_usages  # noqa: F401
