"""Days since last order: a customer placed an order so many days ago, and none since. The run is about that last one.

Days are those of the customer's calendar: it comes at the time of day at which the order was placed, also when clocks
changed meanwhile. Orders told as history count, since they do not occur by it; a newer one cancels it.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from django.db.models import Exists
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.wording import Names, days_in_words
from campaigns.models import Run
from campaigns.occasions import days_later, in_time_order, later_orders
from campaigns.steps.base import (
    Continue,
    Decision,
    Occasion,
    Params,
    StepForm,
    Stop,
    TriggerKind,
    ValueField,
    Window,
    read_whole,
)
from campaigns.world import World
from orders.models import Order, StatusTransition
from workspace.models import Workspace

MOST_DAYS = 3660
# By no more do the clocks of a zone go forward or back in all.
WHEN_CLOCKS_CHANGE = timedelta(hours=26)
READ = ("placed_at", "customer_id", "customer__timezone")


class Form(StepForm):
    days = ValueField(
        read_whole(1, MOST_DAYS),
        control="number",
        options={"min": 1, "max": MOST_DAYS},
        label=gettext_lazy("Days since the last order"),
        initial=30,
    )


def find(params: Params, window: Window) -> Iterator[Occasion]:
    home = Workspace.current().timezone
    placed = window.earlier(timedelta(days=params["days"]), wider=WHEN_CLOCKS_CHANGE)
    told = placed.told("created_at", "updated_at", "customer__updated_at")
    orders = Order.objects.filter(placed.of("placed_at"), told, customer__isnull=False)
    last = orders.filter(~Exists(later_orders())).select_related("customer").only(*READ)
    for order in in_time_order(last, "placed_at"):
        at = days_later(order.placed_at, params["days"], order.customer.timezone or home)
        if window.holds(at):
            yield Occasion(f"since:{order.pk}", at, order.pk, order.customer_id)


def gate(runs: Sequence[Run], _params: Params, world: World) -> list[Decision]:
    return [Decision(Stop("ordered_again") if world.has_ordered_again(run) else Continue()) for run in runs]


def says(params: Params, _names: Names) -> str:
    """“When a customer has not ordered for 30 days”."""
    return _("When a customer has not ordered for %s") % days_in_words(params.get("days"))


def tells(params: Params, _transition: StatusTransition | None, at: str) -> str:
    words = {"days": days_in_words(params["days"]), "at": at}
    return _("It had been the customer's last order for %(days)s %(at)s.") % words


KIND = TriggerKind(
    "days_since_last_order",
    gettext_lazy("Days since last order"),
    Form,
    find=find,
    gate=gate,
    says=says,
    tells=tells,
    icon="event_repeat",
)
