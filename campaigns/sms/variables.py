"""What a text may name: the one list that checks, the picker of the editor and docs/templates.md go by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# An object of the shop's own making.
ANYTHING = "*"
_STATUS: Mapping[str, Any] = {"code": None, "name": None}


class Shape(StrEnum):
    """VALUE is a word or a number, TIME a moment in the customer's zone, STATUS has a name and a code, OWN is the
    shop's own."""

    VALUE = "value"
    MONEY = "money"
    TIME = "time"
    STATUS = "status"
    OWN = "own"


# How each is put into a text by the picker: what a marketer most likely means.
WRITTEN: Mapping[Shape, str] = {
    Shape.VALUE: "{{{{ {name} }}}}",
    Shape.MONEY: "{{{{ {name} | money }}}}",
    Shape.TIME: "{{{{ {name} | day }}}}",
    Shape.STATUS: "{{{{ {name} }}}}",
    Shape.OWN: "{{{{ {name}.… }}}}",
}
_WITHIN: Mapping[Shape, Any] = {Shape.STATUS: _STATUS, Shape.OWN: ANYTHING}


@dataclass(frozen=True, slots=True)
class Variable:
    """`example`: what it may come out as. `insert`: how the picker writes it, if not as its shape is.

    `is_usual`: what most texts need, offered before all else.
    """

    name: str
    label: str | Promise
    example: str = ""
    shape: Shape = Shape.VALUE
    insert: str = ""
    is_usual: bool = False

    @property
    def group(self) -> str:
        return self.name.partition(".")[0]

    @property
    def written(self) -> str:
        return self.insert or WRITTEN[self.shape].format(name=self.name)


GROUPS: Mapping[str, Promise] = {"customer": _("Customer"), "order": _("Order"), "change": _("The change")}
LINES = "{% for line in order.lines %}{{ line.quantity }} {{ line.name }} {% endfor %}"

PUBLISHED: Sequence[Variable] = (
    Variable("customer.first_name", _("first name"), "Ada", is_usual=True),
    Variable("customer.last_name", _("last name"), "Byron"),
    Variable("customer.external_id", _("customer’s id in the shop"), "C-1"),
    Variable("customer.language", _("language"), "en"),
    Variable("customer.timezone", _("time zone"), "Europe/London"),
    Variable("customer.attributes", _("what campaigns keep of the customer"), "", Shape.OWN),
    Variable("order.external_id", _("order number"), "DEMO-1001", is_usual=True),
    Variable("order.total", _("order total"), "12.30", Shape.MONEY, is_usual=True),
    Variable("order.currency", _("currency"), "EUR"),
    Variable("order.ordered_at", _("day of the order"), "3 May", Shape.TIME),
    Variable("order.general_status", _("general status"), "In progress", Shape.STATUS),
    Variable("order.delivery_status", _("delivery status"), "At pickup point", Shape.STATUS),
    Variable("order.payment_status", _("payment status"), "Paid", Shape.STATUS),
    Variable("order.lines", _("lines of the order"), "2 Tea 1 Cup", Shape.OWN, LINES),
    Variable("order.delivery", _("what the shop says of the delivery"), "", Shape.OWN),
    Variable("order.payment", _("what the shop says of the payment"), "", Shape.OWN),
    Variable("order.custom", _("the shop’s own fields"), "", Shape.OWN),
    Variable("change.to", _("new status"), "At pickup point", Shape.STATUS, is_usual=True),
    Variable("change.from", _("former status"), "Shipped", Shape.STATUS),
    Variable("change.type", _("which status changed"), "delivery"),
    Variable("change.occurred_at", _("day of the change"), "3 May", Shape.TIME),
)


def _nested(published: Sequence[Variable]) -> dict[str, dict[str, Any]]:
    nested: dict[str, dict[str, Any]] = {group: {} for group in GROUPS}
    for variable in published:
        nested[variable.group][variable.name.partition(".")[2]] = _WITHIN.get(variable.shape)
    return nested


# The same as a tree, for the check: None is a value, "*" an object of the shop's own making.
VARIABLES: Mapping[str, Mapping[str, Any]] = _nested(PUBLISHED)


def is_status(known: Any) -> bool:
    return known is _STATUS


def offered() -> list[dict[str, Any]]:
    """For the picker: groups, each with what it offers."""
    return [
        {
            "label": str(label),
            "variables": [
                {
                    "name": v.name,
                    "label": str(v.label),
                    "example": v.example,
                    "written": v.written,
                    "usual": v.is_usual,
                }
                for v in PUBLISHED
                if v.group == group
            ],
        }
        for group, label in GROUPS.items()
    ]
