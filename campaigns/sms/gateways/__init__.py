"""Every gateway, found by its file: adding one is adding a file that defines GATEWAY."""

import pkgutil
from importlib import import_module

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from campaigns.sms.gateways.base import Gateway

GATEWAYS: dict[str, Gateway] = {
    module.GATEWAY.key: module.GATEWAY
    for name in sorted(info.name for info in pkgutil.iter_modules(__path__) if info.name != "base")
    for module in [import_module(f"{__name__}.{name}")]
}

# Where messages of test keys go, whatever is connected.
TEST_GATEWAY = "phone"


def chosen_gateway() -> str:
    """The key of the gateway that messages go to. Raises ImproperlyConfigured."""
    key = str(settings.SMS_GATEWAY)
    if key not in GATEWAYS:
        raise ImproperlyConfigured(f"SMS_GATEWAY={key!r} is no gateway. Choose one of: {', '.join(GATEWAYS)}.")
    return key
