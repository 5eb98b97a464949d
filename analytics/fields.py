"""What a rule may ask about: each field declared once, beside how it is read.

A declaration gives builders and editors their field, the database its condition, Filter customers its value, the API
its schema and docs/analytics.md its line. Those of orders and customers are declared in analytics/order_fields.py and
analytics/customer_fields.py; an app above registers its own (`register`), and is never imported from here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from analytics.readings import Reading
from analytics.subjects import Asking, Batch, Subject
from analytics.values import Kind, Value
from analytics.where import Where
from orders.models import StatusTransition
from statuses.models import StatusType, code_key
from workspace.durations import read_duration
from workspace.text import is_storable

__all__ = ["Asking", "Batch", "Field", "Group", "Kind", "Of", "Param", "Subject", "Value", "all_fields", "register"]

Label = str | Promise
MOST_CODES = 100


class Of(StrEnum):
    """Of what a field tells: of one order, or of a customer."""

    ORDER = "order"
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that stand together where people look for one."""

    key: str
    label: Label


ORDER = Group("order", _("Order"))
ORDERS = Group("orders", _("Orders of the customer"))
CUSTOMER = Group("customer", _("Customer"))
MESSAGES = Group("messages", _("Texts and campaigns"))


@dataclass(frozen=True, slots=True)
class Param:
    """What a condition says of a field beside the value: `"within": {"value": 7, "unit": "days"}`.

    `form` is how a person is asked for it: duration, word, name, choice (among `choices`), status or statuses (their
    codes: of the field's own type, or of the one that the param `type` of the same condition says). `read` makes of
    JSON what the field reads by, and raises ValueError with a sentence. `suggests`: of which names in use it is one,
    perhaps.
    """

    key: str
    label: Label
    form: str
    read: Callable[[Any], Any]
    is_required: bool = True
    choices: tuple[tuple[str, Label], ...] = ()
    suggests: str = ""
    # What a segment, which no campaign asks, cannot say of it.
    not_in_segments: frozenset[str] = frozenset()

    def tell(self, raw: Any) -> str:
        if self.form == "duration":
            return f"{raw['value']} {raw['unit']}"
        return "|".join(raw) if isinstance(raw, list) else str(raw)


@dataclass(frozen=True, slots=True)
class Field:
    """`read` tells the value now of what is at hand; where nothing is, `reading` reads it for a whole batch.

    `read` takes the subject, and each of `params` by name, None for one that was left out. `read_past` tells it at the
    trigger; without it this field's past is not known. `where` is the same question asked of the database, of orders or
    of customers as `of` says: an operator and what it compares with, as a Q. Without either, no segment and no other
    order can be asked.
    """

    key: str
    label: Label
    kind: Kind
    read: Callable[..., Value] | None = None
    read_past: Callable[[Subject, StatusTransition], Value] | None = None
    where: Where | None = None
    params: tuple[Param, ...] = ()
    choices: tuple[str, ...] = ()
    status_type: str = ""
    # It decides, but is not written down, and whoever may not see it does not ask for it.
    is_personal: bool = False
    # Of which names in use its value is one, perhaps.
    suggests: str = ""
    of: Of = Of.CUSTOMER
    group: Group = CUSTOMER
    reading: Reading | None = None
    # A group of conditions about an order, which says which orders are meant.
    has_where: bool = False
    # Visits, one for each order of which a condition holds, where it is so simple: an operator, what it compares with.
    once_each: Callable[[str, Any, Asking], QuerySet[Any] | None] | None = None
    # It is read of analytics.models.Visit, which is to be brought up to date before.
    reads_history: bool = False
    choice_labels: tuple[Label, ...] = ()
    # The codes there are, with their names, to be chosen from.
    codes: Callable[[], Iterable[tuple[str, str]]] | None = None

    @property
    def asks_database(self) -> Where | None:
        return self.reading.where if self.reading is not None else self.where

    @property
    def is_elsewhere(self) -> bool:
        """Whether other orders than the one at hand can be asked."""
        return self.of is Of.ORDER and self.asks_database is not None


_fields: dict[str, Field] = {}


def register(field: Field) -> None:
    _fields[field.key] = field


def all_fields() -> Mapping[str, Field]:
    return _fields


# Params that several fields have


def _read_codes(raw: Any) -> frozenset[str]:
    codes = raw if isinstance(raw, list) else [raw]
    if not 0 < len(codes) <= MOST_CODES or not all(_is_code(code) for code in codes):
        raise ValueError(gettext("Give between 1 and %d codes of statuses.") % MOST_CODES)
    return frozenset(map(code_key, codes))


def _read_code(raw: Any) -> str:
    if not _is_code(raw):
        raise ValueError(gettext("Give the code of a status."))
    return code_key(raw)


def _is_code(raw: Any) -> bool:
    return isinstance(raw, str) and 0 < len(raw) <= 64 and is_storable(raw)


def one_of(choices: tuple[tuple[str, Label], ...]) -> Callable[[Any], str]:
    keys = [key for key, _label in choices]

    def read(raw: Any) -> str:
        if not isinstance(raw, str) or raw not in keys:
            raise ValueError(gettext("Choose one of: %s.") % ", ".join(keys))
        return raw

    return read


_TYPES = tuple(StatusType.choices)

WITHIN = Param("within", _("in the last"), "duration", read_duration)
PERHAPS_WITHIN = Param("within", _("in the last"), "duration", read_duration, is_required=False)
STATUS = Param("status", _("status"), "status", _read_code)
TYPE = Param("type", _("type of status"), "choice", one_of(_TYPES), choices=_TYPES)
FROM = Param("from", _("from"), "statuses", _read_codes, is_required=False)
TO = Param("to", _("to"), "statuses", _read_codes, is_required=False)
