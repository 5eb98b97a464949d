"""Endpoints are set up on a screen: the secret is shown once, and nothing of it afterwards."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.draining import drain
from campaigns.models import WebhookCall, WebhookEndpoint
from campaigns.webhooks.endpoints import signing_keys
from tests.campaigns.shop import webhook
from tests.campaigns.webhooks.receiver import endpoint, verified
from tests.screens import holding
from workspace.models import Action

pytestmark = pytest.mark.django_db

LIST = "/admin/campaigns/webhookendpoint/"
CALLS = "/admin/campaigns/webhookcall/"
FIELDS = {"name": "Warehouse", "code": "warehouse", "url": "https://hooks.example.com/in?t=1", "at_once": "5"}
A_SECRET = re.compile(r"whsec_[A-Za-z0-9+/]{43}=")


@pytest.fixture
def integrator():
    return holding("Integrator")


def page_of(answer):
    return unescape(answer.content.decode())


def shown_secret(page):
    [secret] = A_SECRET.findall(page.content.decode())
    return secret


def test_an_endpoint_is_added_and_its_secret_shown_once(integrator):
    page = integrator.post(f"{LIST}add/", {**FIELDS, "customer_fields": ["phone"]})

    row = WebhookEndpoint.objects.get()
    secret = shown_secret(page)
    assert signing_keys(row, timezone.now()) == [secret]
    assert (row.name, row.code, row.url, row.customer_fields, row.at_once, row.takes_tests) == (
        "Warehouse", "warehouse", FIELDS["url"], ["phone"], 5, False,
    )  # fmt: skip
    assert secret not in row.secrets
    for address in (LIST, f"{LIST}{row.pk}/change/"):
        assert "whsec_" not in integrator.get(address).content.decode()


def test_what_is_wrong_is_said_at_its_field(integrator):
    page = page_of(integrator.post(f"{LIST}add/", {**FIELDS, "url": "https://10.0.0.1/"}))

    assert "This address is inside a network" in page
    assert not WebhookEndpoint.objects.exists()


def test_a_code_is_taken_once_and_stays(integrator):
    row = endpoint("erp")

    assert "already exists" in page_of(integrator.post(f"{LIST}add/", {**FIELDS, "code": "erp"}))
    integrator.post(f"{LIST}{row.pk}/change/", {**FIELDS, "code": "other"})

    row.refresh_from_db()
    assert (row.code, row.name) == ("erp", "Warehouse")


def test_saving_has_it_tried_at_once_and_touches_no_secret(integrator):
    row = endpoint("erp", failures=9, out_until=timezone.now() + timedelta(hours=1))

    integrator.post(f"{LIST}{row.pk}/change/", FIELDS)

    again = WebhookEndpoint.objects.get()
    assert (again.failures, again.out_until, again.secrets) == (0, None, row.secrets)


def test_a_call_tries_it_out(integrator, receiver):
    row = receiver.endpoint

    page = page_of(integrator.post(f"{LIST}{row.pk}/test/"))

    [heard] = receiver.heard
    assert verified(heard, row.secret)["type"] == "endpoint.test"
    assert verified(heard, row.secret)["data"] == {"endpoint": "erp"}
    assert "It took the call (HTTP 204)." in page


@pytest.mark.parametrize(
    ("says", "told"),
    [(500, "would be called again"), (404, "It did not take the call: It would not take it (HTTP 404).")],
)
def test_a_try_says_what_came_of_it(integrator, receiver, says, told):
    receiver.says = says

    assert told in page_of(integrator.post(f"{LIST}{receiver.endpoint.pk}/test/"))


def test_a_secret_is_replaced_without_a_gap_and_the_former_one_forgotten(integrator):
    row = endpoint("erp")
    former = row.secret

    current = shown_secret(integrator.post(f"{LIST}{row.pk}/renew/"))
    row.refresh_from_db()
    assert signing_keys(row, timezone.now()) == [current, former]
    assert signing_keys(row, timezone.now() + timedelta(hours=25)) == [current]

    integrator.post(f"{LIST}{row.pk}/forget/")
    row.refresh_from_db()
    assert signing_keys(row, timezone.now()) == [current]


def test_a_secret_that_cannot_be_read_can_be_replaced(integrator):
    row = endpoint("erp")
    WebhookEndpoint.objects.update(secrets="of another key")
    assert "cannot be read with ENCRYPTION_KEYS" in page_of(integrator.get(f"{LIST}{row.pk}/change/"))
    assert "cannot be read with ENCRYPTION_KEYS" in page_of(integrator.post(f"{LIST}{row.pk}/test/"))

    current = shown_secret(integrator.post(f"{LIST}{row.pk}/renew/"))

    row.refresh_from_db()
    assert signing_keys(row, timezone.now()) == [current]


def test_it_is_switched_off_and_on_again(integrator):
    row = endpoint("erp")

    integrator.post(f"{LIST}{row.pk}/switch/")
    assert WebhookEndpoint.objects.get().off_because == "person"
    assert "Switched off" in page_of(integrator.get(LIST))

    integrator.post(f"{LIST}{row.pk}/switch/")
    assert WebhookEndpoint.objects.get().is_on


def test_one_that_is_gone_says_so_and_can_be_switched_on(integrator, shop, receiver):
    receiver.says = 410
    shop.start(webhook())
    shop.pay()
    assert "It answered 410: it wants no more calls" in page_of(integrator.get(LIST))

    integrator.post(f"{LIST}{receiver.endpoint.pk}/switch/")
    assert receiver.row().is_on


def test_the_history_tells_what_was_done_and_no_secret_or_address(integrator):
    secret = shown_secret(integrator.post(f"{LIST}add/", FIELDS))
    row = WebhookEndpoint.objects.get()
    integrator.post(
        f"{LIST}{row.pk}/change/", {**FIELDS, "url": "https://other.example.com/?token=abc", "at_once": "7"}
    )
    integrator.post(f"{LIST}{row.pk}/renew/")
    integrator.post(f"{LIST}{row.pk}/switch/")

    actions = list(Action.objects.filter(object_type="campaigns.webhookendpoint").order_by("pk"))
    assert [action.verb for action in actions] == ["created", "changed", "changed", "deactivated"]
    assert actions[1].changes == {"url": None, "at_once": [5, 7]}
    assert actions[2].changes == {"secret": None}
    told = str([action.changes for action in actions])
    for word in (secret, "example.com", "token"):
        assert word not in told


def test_a_marketer_sees_calls_and_no_endpoints(shop, receiver):
    shop.start(webhook())
    shop.pay()
    marketer = holding("Marketer")

    assert marketer.get(LIST).status_code == 403
    assert "“ERP” was told" in page_of(marketer.get(CALLS))


@pytest.mark.parametrize(
    ("says", "state", "told"),
    [
        (204, "Taken", "“ERP” was told, after 0.0 s."),
        (400, "Failed", "“ERP” was not told, and no more tries are made: It would not take it (HTTP 400)."),
        (500, "To be called", "“ERP” did not take it and is told again at 12:00: It could not take it (HTTP 500)."),
    ],
)
def test_a_call_says_what_became_of_it_and_so_does_the_orders_path(integrator, shop, receiver, says, state, told):
    receiver.says = says
    shop.start(webhook())
    run = shop.pay()
    call = WebhookCall.objects.get()

    page = page_of(integrator.get(f"{CALLS}{call.pk}/change/"))

    assert told in page
    assert state in page
    assert call.webhook_id in page
    assert told in page_of(holding("Marketer").get(f"/admin/campaigns/run/{run.pk}/change/"))


def test_lists_cost_the_same_however_long(integrator, shop, receiver):
    shop.start(webhook())

    def queries_of(address):
        with CaptureQueriesContext(connection) as queries:
            assert integrator.get(address).status_code == 200
        return len(queries)

    shop.pay("O-1")
    integrator.get(CALLS)
    few = queries_of(CALLS), queries_of(LIST)
    for number in range(2, 12):
        shop.pay(f"O-{number}")
        endpoint(f"more-{number}")

    assert (queries_of(CALLS), queries_of(LIST)) == few


def test_the_system_page_names_endpoints_and_what_waits(shop, receiver, clock):
    receiver.says = 500
    shop.start(webhook())
    shop.pay()
    clock.shift(timedelta(minutes=3))

    page = page_of(holding("Administrator").get("/admin/system/"))

    assert "Webhook endpoints" in page
    assert "It could not take it (HTTP 500)." in page
    assert "Oldest webhook to be called" in page
    drain()
