"""The roles that every installation has, as data: what each is for and what it may.

A role is a row of Django's `auth.Group`, found by its name and brought in step with this table after every migrate,
app by app: a permission that an app brings later reaches whoever is to have it. Permissions stand here as strings, so
an app above says what its models mean for a role without being imported. docs/permissions.md tells the same as
requests and answers, and the tests hold the two together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from django.apps import AppConfig, apps
from django.contrib.auth.models import Group, Permission
from django.db.models import Model
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext, gettext_lazy, gettext_noop

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Role:
    """`name` is the group's, `purpose` one line for whoever gives it; `may` names permissions as Django writes them."""

    name: str
    purpose: str
    may: frozenset[str]
    may_everything: bool = False

    def holds(self, permission: str) -> bool:
        return self.may_everything or permission in self.may


def _see(*models: str) -> frozenset[str]:
    apps_and_names = (model.split(".") for model in models)
    return frozenset(f"{app}.view_{name}" for app, name in apps_and_names)


PERSONAL_DATA = "customers.view_personal_data"
_READS_STATUSES = _see("statuses.orderstatus")
_READS_ORDERS = _see("orders.order", "orders.statuschange", "orders.statustransition", "customers.customer")
_READS_CAMPAIGNS = _see(
    "campaigns.campaign", "campaigns.run", "campaigns.message", "campaigns.incomingtext", "campaigns.webhookcall"
)
_DRAFTS = frozenset(f"campaigns.{verb}_campaign" for verb in ("add", "change", "delete", "test"))
_READS_REPORTS = frozenset({"analytics.read_reports"})
_READS_SEGMENTS = _see("analytics.segment")
_MAKES_SEGMENTS = _READS_SEGMENTS | {f"analytics.{verb}_segment" for verb in ("add", "change", "delete")}
_MARKETS = (
    _READS_STATUSES | _READS_ORDERS | _READS_CAMPAIGNS | _READS_REPORTS | _DRAFTS | _MAKES_SEGMENTS | {PERSONAL_DATA}
)

ADMINISTRATOR = Role(gettext_noop("Administrator"), gettext_noop("May everything."), frozenset(), may_everything=True)
SENIOR_MARKETER = Role(
    gettext_noop("Senior marketer"),
    gettext_noop(
        "Makes segments and campaigns; activates, pauses and ends these; settles messages whose fate is unknown."
    ),
    _MARKETS | {"campaigns.activate_campaign", "campaigns.settle_message"},
)
MARKETER = Role(
    gettext_noop("Marketer"),
    gettext_noop("Makes segments; drafts campaigns and asks for their activation."),
    frozenset(_MARKETS),
)
ANALYST = Role(
    gettext_noop("Analyst"),
    gettext_noop(
        "Reads and exports orders, segments, campaigns and what came of them, "
        "without names, numbers, addresses and texts."
    ),
    _READS_STATUSES | _READS_ORDERS | _READS_CAMPAIGNS | _READS_SEGMENTS | _READS_REPORTS,
)
OPERATOR = Role(
    gettext_noop("Operator"),
    gettext_noop("Looks after orders and customers; has nothing to do with campaigns."),
    _READS_STATUSES
    | _READS_ORDERS
    | {"orders.add_order", "orders.change_order", "customers.add_customer", "customers.change_customer", PERSONAL_DATA},
)
INTEGRATOR = Role(
    gettext_noop("Integrator"),
    gettext_noop("Connects systems: sources, API keys, webhooks, what their codes mean, and what they told."),
    _READS_STATUSES
    | _see("workspace.source", "workspace.apikey", "orders.statuschange")
    | _see("campaigns.webhookendpoint", "campaigns.webhookcall")
    | {
        "campaigns.add_webhookendpoint",
        "campaigns.change_webhookendpoint",
        "workspace.add_source",
        "workspace.change_source",
        "workspace.add_apikey",
        "workspace.change_apikey",
        "statuses.map_code",
    },
)

ROLES = (ADMINISTRATOR, SENIOR_MARKETER, MARKETER, ANALYST, OPERATOR, INTEGRATOR)
BY_NAME = {role.name: role for role in ROLES}


class Reader(Protocol):
    """Whoever asks: `request.user`."""

    def has_perm(self, perm: str, /) -> bool: ...


def may_see_personal_data(reader: Reader) -> bool:
    """Names, numbers, addresses and the words of texts. Screens ask it, and whatever leads data out has to."""
    return reader.has_perm(PERSONAL_DATA)


def keep_in_step(app_config: AppConfig, **_kwargs: Any) -> None:
    """After every migrate, for each app once Django has made its permissions: what each role may of it, no more."""
    groups = {name: Group.objects.get_or_create(name=name)[0].pk for name in BY_NAME}
    app = app_config.label
    permissions = Permission.objects.filter(content_type__app_label=app).values_list("pk", "codename")
    table = Group.permissions.through
    wanted = {
        (groups[role.name], pk) for pk, codename in permissions for role in ROLES if role.holds(f"{app}.{codename}")
    }
    rows = table.objects.filter(group__in=groups.values(), permission__content_type__app_label=app)
    standing = {(group, permission): pk for pk, group, permission in rows.values_list("pk", "group", "permission")}
    table.objects.filter(pk__in=[standing[pair] for pair in standing.keys() - wanted]).delete()
    table.objects.bulk_create(
        [table(group_id=group, permission_id=permission) for group, permission in sorted(wanted - standing.keys())]
    )


def name_of(role: Group) -> str:
    """Ours are called in the reader's language, others as they were named."""
    return gettext(role.name) if role.name in BY_NAME else role.name


def purpose_of(role: Group) -> str:
    return gettext(BY_NAME[role.name].purpose) if role.name in BY_NAME else ""


VERBS: dict[str, Text] = {
    "view": gettext_lazy("see"),
    "add": gettext_lazy("add"),
    "change": gettext_lazy("change"),
    "delete": gettext_lazy("delete"),
}


def in_words(permissions: Iterable[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """What (app, codename) permissions allow, by what they are about: a model's label, its name, “see, change”."""
    held: dict[str, set[str]] = defaultdict(set)
    for app, codename in permissions:
        held[app].add(codename)
    told = []
    for model in apps.get_models():
        meta = model._meta
        if verbs := [verb_of(model, codename) for codename in codenames_of(model) if codename in held[meta.app_label]]:
            told.append((meta.label_lower, capfirst(str(meta.verbose_name_plural)), ", ".join(verbs)))
    return told


def codenames_of(model: type[Model]) -> list[str]:
    meta = model._meta
    return [*(f"{verb}_{meta.model_name}" for verb in VERBS), *(codename for codename, _name in meta.permissions)]


def verb_of(model: type[Model], codename: str) -> str:
    """“see”, or “activate, pause and end campaigns”."""
    own = {own: str(name) for own, name in model._meta.permissions}
    if codename in own:
        return own[codename].removeprefix(gettext("Can ")).strip()
    return str(VERBS[codename.partition("_")[0]])
