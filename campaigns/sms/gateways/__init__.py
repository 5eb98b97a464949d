"""Every kind of gateway, found by its file: adding one is adding a file that defines KIND."""

import pkgutil
from importlib import import_module

from campaigns.sms.gateways.base import Gateway, GatewayKind, Setup

KINDS: dict[str, GatewayKind] = {
    module.KIND.key: module.KIND
    for name in sorted(info.name for info in pkgutil.iter_modules(__path__) if info.name != "base")
    for module in [import_module(f"{__name__}.{name}")]
}

# Those that are there without being connected: they reach nobody.
BUILTIN: dict[str, Gateway] = {key: kind.connect(Setup(code=key)) for key, kind in KINDS.items() if kind.is_builtin}

# Where messages of test keys go, whatever is connected.
TEST_GATEWAY = "phone"
