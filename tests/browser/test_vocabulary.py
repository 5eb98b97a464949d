import json

import pytest
from playwright.sync_api import expect

from statuses.models import OrderStatus
from tests.factories import StatusFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LIST = "/admin/statuses/orderstatus/"


def test_a_set_is_added_and_taken_back(page, visit, shoot):
    StatusFactory(type="payment", code="pending", name="Waiting for money")
    visit(LIST)

    page.get_by_text("Sets and files").click()
    shoot("sets-and-files")
    page.get_by_role("link", name="Start from a set").click()
    page.get_by_role("link", name="WooCommerce").click()
    expect(page.get_by_role("row", name="Waiting for money")).to_contain_text("Stays as it is")
    shoot("presets")
    page.get_by_role("button", name="Add 10 statuses").click()
    expect(page.get_by_text("Added: Draft, Processing")).to_be_visible()
    shoot("presets-added")
    page.get_by_role("link", name="Remove those still unused").click()
    window = page.get_by_role("dialog")
    expect(window.get_by_text("Nothing uses these yet.")).to_be_visible()
    shoot("presets-undo")
    window.get_by_role("button", name="Remove").click()

    expect(page.get_by_text("Removed: Draft, Processing")).to_be_visible()
    assert OrderStatus.objects.get().name == "Waiting for money"


def test_a_file_is_imported(page, visit, shoot, tmp_path):
    StatusFactory(type="payment", code="paid", name="Paid")
    file = tmp_path / "statuses.json"
    told = [
        {"type": "payment", "code": "paid", "name": "Settled", "colour": "green"},
        {"type": "delivery", "code": "at_pickup_point", "aliases": ["ready", "at_locker"]},
        {"type": "mood", "code": "any"},
    ]
    file.write_text(json.dumps(told))
    visit(f"{LIST}import/")

    shoot("import")
    page.get_by_role("button", name="File Choose file").set_input_files(file)
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_role("row", name="entry 3")).to_contain_text("“mood” is no type.")
    shoot("import-wrong")
    page.get_by_role("link", name="Choose another file").click()
    file.write_text(json.dumps(told[:2]))
    page.get_by_role("button", name="File Choose file").set_input_files(file)
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_role("row", name="entry 1")).to_contain_text("name: Paid → Settled")
    shoot("import-plan")
    page.get_by_role("button", name="Import").click()

    expect(page.get_by_text("Added: At pickup point. Changed: Settled.")).to_be_visible()
