from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _


class AnalyticsConfig(AppConfig):
    name = "analytics"
    verbose_name = _("Analytics")

    def ready(self) -> None:
        # They connect and register themselves.
        from analytics import (  # noqa: F401
            action_history,
            customer_fields,
            erasing,
            order_fields,
            segment_usages,
            status_usages,
            watching,
        )
        from analytics.reports import funnel, statuses_over_time, time_in_status, usages  # noqa: F401

        pre_migrate.connect(watching.look_away, sender=self, dispatch_uid="analytics.look_away")
        post_migrate.connect(watching.look_again, sender=self, dispatch_uid="analytics.look_again")
