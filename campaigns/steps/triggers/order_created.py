"""Order created: an order was told of for the first time, and not as history."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.wording import Names
from campaigns.steps.base import ORDERS, Params, StepForm, TriggerKind
from orders.models import StatusTransition


class Form(StepForm):
    pass


def says(_params: Params, _names: Names) -> str:
    return _("When an order is created")


def tells(_params: Params, _transition: StatusTransition | None, at: str) -> str:
    return _("The order was placed %s.") % at


KIND = TriggerKind(
    "order_created",
    gettext_lazy("Order created"),
    Form,
    hears_created=True,
    listens_to=ORDERS,
    says=says,
    tells=tells,
    icon="add_box",
)
