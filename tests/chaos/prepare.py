"""What a new installation is told before the shops speak. Runs inside it, by `manage.py shell`."""

import json
from pathlib import Path

from django.core.management import call_command

from campaigns.lifecycle import activate, save_draft
from campaigns.models import SmsGateway, WebhookEndpoint
from campaigns.webhooks.endpoints import CURRENT
from customers.models import Customer
from orders.models import Order
from statuses.models import OrderStatus
from tests.chaos.campaigns import CAMPAIGNS, ENDPOINT
from tests.chaos.installation import PROVIDERS, RECEIPTS_SECRET, RECEIVER, WEBHOOK_SECRET
from workspace.encryption import encrypt
from workspace.models import ApiKey, Scope, Source, Workspace

TIMEOUT_S = 2
CALLS_AT_ONCE = 8
# One takes lists, one only so many texts a second: all three ways to a provider are tried.
TAKES_LISTS, IS_SLOW = "telling", "forgetful"
PER_CALL, PER_SECOND = 4, 20


def take_first_steps(feed_file, ports):
    """Tables, vocabulary, customers, orders, campaigns, gateways, an endpoint. Prints the shops' key."""
    call_command("migrate", interactive=False, verbosity=0)
    feed = json.loads(Path(feed_file).read_text())
    Workspace.objects.update(orders_enabled=True)
    OrderStatus.objects.add_missing((type, code) for type, codes in feed["statuses"].items() for code in codes)
    _make_orders(feed, _make_customers(feed))
    for definition in CAMPAIGNS:
        campaign, _is_new = save_draft(definition)
        activate(campaign, from_the_beginning=True)
    for position, name in enumerate(PROVIDERS, start=1):
        _connect(name, position, f"http://127.0.0.1:{ports[name]}")
    hook, secrets = f"http://127.0.0.1:{ports[RECEIVER]}/hook", encrypt({CURRENT: WEBHOOK_SECRET})
    WebhookEndpoint.objects.create(code=ENDPOINT, name=ENDPOINT, url=hook, secrets=secrets, at_once=CALLS_AT_ONCE)
    source = Source.objects.create(code="shop", name="Shop", mode=Source.Mode.LIVE, on_unknown=Source.Unknown.PARK)
    _key, secret = ApiKey.objects.issue(name="Shop", source=source, scopes=[Scope.ORDERS_WRITE, Scope.CAMPAIGNS_WRITE])
    print(secret)  # noqa: T201


def _make_customers(feed):
    customers = []
    for told in feed["customers"]:
        customer = Customer(external_id=told["external_id"], phone_written=told["phone"], sms_consent=told["consent"])
        customer.read_phone("US")
        customers.append(customer)
    Customer.objects.bulk_create(customers)
    return {customer.external_id: customer.pk for customer in customers}


def _make_orders(feed, customers):
    loaded = [order for order in feed["orders"] if order["told_by"] == "load"]
    Order.objects.bulk_create(
        [Order(external_id=order["external_id"], customer_id=customers.get(order["customer"])) for order in loaded]
    )


def _connect(name, position, address):
    takes_lists = name == TAKES_LISTS
    SmsGateway.objects.create(
        code=name,
        name=name,
        kind="http_batch" if takes_lists else "http",
        position=position,
        is_active=position == 1,
        connections=CALLS_AT_ONCE,
        per_second=PER_SECOND if name == IS_SLOW else None,
        settings={
            **({"url": f"{address}/batch", "per_call": PER_CALL} if takes_lists else {"url": f"{address}/send"}),
            "timeout_s": TIMEOUT_S,
            "incoming_text": "text",
            "knows_repeats": name == "idempotent",
            "look_up_url": "" if name == "forgetful" else address + "/messages?reference={reference}",
        },
        secrets=encrypt({"signing_secret": RECEIPTS_SECRET}),
    )
