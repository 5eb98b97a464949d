"""Settings > Webhooks in a browser: an endpoint is added, tried, told of an order, and its secret replaced."""

import re
from concurrent.futures import ThreadPoolExecutor
from math import inf

import pytest
from django.db import connection
from playwright.sync_api import expect

from campaigns import doorbell
from campaigns.models import WebhookEndpoint
from campaigns.webhooks.wire import close_line
from tests.campaigns.conftest import clock, memory, receiver, shop  # noqa: F401 - fixtures
from tests.campaigns.shop import webhook
from tests.campaigns.webhooks.receiver import verified
from workspace import measures

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def elsewhere(monkeypatch):
    """Do it in a thread of its own, since Playwright's event loop runs in this one. It leaves nothing open."""
    for rings in (doorbell, measures):
        monkeypatch.setattr(rings, "_left_alone_until", inf)

    def do_and_close(do):
        try:
            do()
        finally:
            close_line()
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        yield lambda do: thread.submit(do_and_close, do).result()


def test_an_endpoint_from_its_secret_to_its_first_call(page, visit, receiver, shop, elsewhere, shoot):  # noqa: F811
    visit("/admin/campaigns/webhookendpoint/add/")
    page.get_by_label("Name", exact=True).fill("Warehouse")
    expect(page.get_by_label("Code", exact=True)).to_have_value("warehouse")
    page.get_by_label("Address", exact=True).fill("https://10.0.0.1/")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("This address is inside a network")).to_be_visible()
    shoot("webhooks-form")

    page.get_by_label("Address", exact=True).fill(f"{receiver.server.url}/warehouse")
    page.get_by_label("First name").check()
    page.get_by_role("button", name="Add", exact=True).click()
    secret = page.get_by_label("Secret", exact=True).input_value()
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", secret)
    shoot("webhooks-secret")

    page.get_by_role("link", name="I have copied it").click()
    page.get_by_role("link", name="Try it").click()
    page.get_by_role("button", name="Call it").click()
    expect(page.get_by_text("It took the call (HTTP 204).")).to_be_visible()
    shoot("webhooks-tried")
    assert verified(receiver.heard[-1], secret)["type"] == "endpoint.test"

    shop.start(webhook(endpoint="warehouse"))
    elsewhere(shop.pay)
    visit("/admin/campaigns/webhookcall/")
    expect(page.get_by_text("“Warehouse” was told")).to_be_visible()
    shoot("webhooks-calls")
    assert verified(receiver.heard[-1], secret)["data"]["customer"].keys() == {"external_id", "first_name"}
    page.locator("#result_list a").first.click()
    expect(page.get_by_role("heading", name="Facts")).to_be_visible()
    shoot("webhooks-call")

    row = WebhookEndpoint.objects.get(code="warehouse")
    visit(f"/admin/campaigns/webhookendpoint/{row.pk}/change/")
    page.get_by_role("link", name="New secret").click()
    page.get_by_role("button", name="Make a new secret").click()
    assert page.get_by_label("Secret", exact=True).input_value() != secret
    visit(f"/admin/campaigns/webhookendpoint/{row.pk}/change/")
    shoot("webhooks-endpoint")
    visit("/admin/campaigns/webhookendpoint/")
    shoot("webhooks-list")
