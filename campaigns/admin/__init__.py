"""The screens of campaigns, a module each. Django imports this package, and each registers itself."""

from campaigns.admin import campaigns, entered, incoming, messages  # noqa: F401
from campaigns.sms import admin as sms_admin  # noqa: F401 - Settings > SMS
from campaigns.webhooks import admin as webhooks_admin  # noqa: F401 - Settings > Webhooks
