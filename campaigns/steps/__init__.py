"""Every kind of trigger and step, found by its file: adding one is adding a file that defines KIND."""

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

from campaigns.steps import actions, filters, triggers
from campaigns.steps.base import StepKind, TriggerKind


def _kinds(*packages: ModuleType) -> Iterator[Any]:
    for package in packages:
        for module in pkgutil.iter_modules(package.__path__):
            yield import_module(f"{package.__name__}.{module.name}").KIND


TRIGGERS: dict[str, TriggerKind] = {kind.key: kind for kind in _kinds(triggers)}
STEPS: dict[str, StepKind] = {kind.key: kind for kind in _kinds(filters, actions)}
