from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CampaignsConfig(AppConfig):
    name = "campaigns"
    verbose_name = _("Campaigns")

    def ready(self) -> None:
        # They connect and register themselves.
        from campaigns import erasing, history, message_fields, receivers, timeline, usages  # noqa: F401
        from campaigns.reports import campaign_funnel, messages  # noqa: F401
        from campaigns.sms import incoming  # noqa: F401
