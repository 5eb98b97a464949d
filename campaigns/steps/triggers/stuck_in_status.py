"""Stuck in a status: an order came to one of these statuses and has not left it for so long.

Minutes, hours and days are time that passed: a day is 24 hours, also when clocks change. An arrival told late counts
from when it occurred. An order that has left by the time it is judged does not enter, and one that comes back begins
anew; that a status was merged into another is no leaving.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from django.db.models import Exists
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.wording import Names, duration_in_words
from campaigns.models import Run
from campaigns.occasions import in_time_order, later_moves
from campaigns.steps.base import (
    STATUSES,
    Continue,
    Decision,
    Occasion,
    Params,
    PlainChoiceField,
    StepForm,
    Stop,
    TriggerKind,
    ValueField,
    Window,
    read_duration,
)
from campaigns.steps.codes import read_codes
from campaigns.wording import either, the_one, type_in_words
from campaigns.world import World
from orders.models import StatusTransition
from statuses.models import OrderStatus, StatusType

READ = ("occurred_at", "order_id", "order__customer_id")


class Form(StepForm):
    type = PlainChoiceField(label=gettext_lazy("Type"), choices=StatusType.choices, initial=StatusType.DELIVERY)
    statuses = ValueField(
        read_codes, control="statuses", options={"type_from": "type"}, label=gettext_lazy("It stands in"), initial=[]
    )
    duration = ValueField(
        read_duration, control="duration", label=gettext_lazy("For"), initial={"value": 3, "unit": "days"}
    )


def statuses(params: Params) -> frozenset[tuple[str, str]]:
    return frozenset((params["type"], code) for code in params["statuses"])


def find(params: Params, window: Window) -> Iterator[Occasion]:
    for status_id in OrderStatus.objects.meant_by(params["type"], params["statuses"]):
        yield from _stuck_in(status_id, params["duration"], window)


def _stuck_in(status_id: int, duration: timedelta, window: Window) -> Iterator[Occasion]:
    came = window.earlier(duration)
    arrivals = StatusTransition.objects.loud().filter(came.of("occurred_at"), came.told("received_at"))
    stays = arrivals.filter(~Exists(later_moves()), to_status=status_id).select_related("order").only(*READ)
    for row in in_time_order(stays, "occurred_at"):
        at = row.occurred_at + duration
        yield Occasion(f"stuck:{row.pk}", at, row.order_id, row.order.customer_id, row.pk)


def gate(runs: Sequence[Run], _params: Params, world: World) -> list[Decision]:
    return [Decision(Stop("left_in_time") if world.has_left(run) else Continue()) for run in runs]


def says(params: Params, names: Names) -> str:
    """“When delivery has been At pickup point for 3 days”."""
    type = params.get("type")
    words = {
        "type": type_in_words(type),
        "status": either(params.get("statuses"), type, names),
        "time": duration_in_words(params.get("duration")),
    }
    return _("When %(type)s has been %(status)s for %(time)s") % words


def target(params: Params, names: Names) -> str:
    return the_one(params.get("statuses"), params.get("type"), names)


def tells(params: Params, transition: StatusTransition | None, at: str) -> str:
    words = {
        "type": StatusType(params["type"]).label,
        "status": transition.to_status if transition else "",
        "time": duration_in_words(params["duration"]),
        "at": at,
    }
    return _("%(type)s had been %(status)s for %(time)s %(at)s.") % words


KIND = TriggerKind(
    "stuck_in_status",
    gettext_lazy("Stuck in a status"),
    Form,
    listens_to=STATUSES,
    find=find,
    has_change=True,
    gate=gate,
    statuses=statuses,
    target=target,
    says=says,
    tells=tells,
    icon="hourglass_top",
)
