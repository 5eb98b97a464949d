"""What tests of the admin share: people who may do this or that, what a page costs, and the documented campaign."""

from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.factories import vocabulary
from workspace.models import Action, User, Workspace

# How htmx asks.
HTMX = {"HX-Request": "true"}


def turn_orders_on():
    Workspace.objects.update_or_create(pk=1, defaults={"orders_enabled": True})


def signed_in(*permissions, is_superuser=False):
    """A client of somebody of the staff with these permissions ("orders.view_order")."""
    user = User.objects.create_user(f"user-{User.objects.count()}", is_staff=True, is_superuser=is_superuser)
    for permission in permissions:
        app, codename = permission.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    client = Client()
    client.force_login(user)
    client.user = user
    return client


def holding(*roles):
    """A client of somebody with these roles ("Analyst")."""
    client = signed_in()
    client.user.groups.set(Group.objects.filter(name__in=roles))
    return client


def page_of(model, verb="changelist", *args):
    return reverse(f"admin:{model}_{verb}", args=args)


def cost(client, address):
    """How many queries a page takes."""
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def actions():
    """The history of actions, oldest first, but for the sign-ins that tests begin with."""
    return Action.objects.exclude(verb="signed_in").order_by("pk")


def done():
    """What was done, and what changed by it."""
    return list(actions().values_list("verb", "changes"))


def documented_statuses():
    return vocabulary(
        ("delivery", "shipped", "Shipped"),
        ("delivery", "at_pickup_point", "At pickup point"),
        ("payment", "invoice_issued", "Invoice issued"),
        ("payment", "paid", "Paid"),
    )


def ready_for_pickup(**changes):
    """The documented example: Shipped to At pickup point, filter Paid, SMS."""
    paid = {"field": "order.payment_status", "operator": "in", "value": ["paid"]}
    sms = {"text": "{{ order.external_id }} is ready.", "purpose": "transactional", "only_if_still": True}
    return {
        "format": 1,
        "code": "ready-for-pickup",
        "name": "Ready for pickup",
        "trigger": {
            "kind": "order_status_changed",
            "params": {"type": "delivery", "from": ["shipped"], "to": ["at_pickup_point"]},
        },
        "reentry": {"mode": "once_per_order"},
        "steps": [
            {
                "key": "filter",
                "kind": "filter_customers",
                "params": {"rule": {"combinator": "and", "rules": [paid]}},
                "branches": {"yes": [{"key": "sms", "kind": "send_sms", "params": sms}]},
            }
        ],
    } | changes
