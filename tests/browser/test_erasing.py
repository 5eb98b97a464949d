import pytest
from playwright.sync_api import expect

from customers.models import Customer
from tests.browser.conftest import press
from tests.factories import CustomerFactory
from tests.screens import page_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_customer_is_erased_by_keyboard(page, visit, shoot):
    customer = CustomerFactory(external_id="C-1", first_name="Ada", last_name="Byron")
    visit(page_of("customers_customer", "change", customer.pk))
    shoot("customer")

    press(page, page.get_by_role("link", name="Erase this customer…"))
    window = page.get_by_role("dialog", name="Erase “Ada Byron”?")
    expect(window.get_by_role("link", name="Cancel")).to_be_focused()
    expect(window.get_by_label("The customer asked for it")).to_be_checked()
    shoot("erase")
    press(page, window.get_by_role("button", name="Erase for good"))

    expect(page.get_by_text("The customer was erased. Nothing but the id is kept.")).to_be_visible()
    expect(page.get_by_text("nothing is kept of this customer but the id")).to_be_visible()
    expect(page.get_by_text("Byron")).to_have_count(0)
    shoot("erased")
    customer = Customer.objects.get()
    assert (customer.first_name, customer.phone, customer.is_erased) == ("", "", True)
