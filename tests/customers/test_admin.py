import pytest

from customers.models import Consent, Customer
from tests.factories import CustomerFactory
from tests.screens import cost, page_of, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    return signed_in(is_superuser=True)


def shown(customer, **changes):
    """A form as it was shown, and what was typed into it."""
    was = {
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "email": customer.email,
        "language": customer.language,
        "timezone": customer.timezone,
        "phone_written": customer.phone_written,
        "sms_consent": customer.sms_consent,
    }
    return was | changes | {f"initial-{name}": value for name, value in was.items()}


def post(admin, customer, form):
    return admin.post(page_of("customers_customer", "change", customer.pk), form)


def test_the_list_costs_the_same_for_few_and_many(admin):
    CustomerFactory()
    few = cost(admin, page_of("customers_customer"))

    CustomerFactory.create_batch(20)

    assert cost(admin, page_of("customers_customer")) == few


def test_consent_told_in_the_admin_keeps_who_told_it_and_when(admin):
    customer = CustomerFactory()

    post(admin, customer, shown(customer, sms_consent=Consent.GIVEN))

    customer.refresh_from_db()
    assert (customer.sms_consent, customer.sms_consent_source) == (Consent.GIVEN, admin.user.username)
    assert customer.sms_consent_at is not None


def test_a_form_left_open_gives_no_consent_back(admin):
    customer = CustomerFactory(sms_consent=Consent.GIVEN)
    form = shown(customer, first_name="Grace")
    Customer.objects.update(sms_consent=Consent.REFUSED)

    post(admin, customer, form)

    customer.refresh_from_db()
    assert (customer.first_name, customer.sms_consent) == ("Grace", Consent.REFUSED)


def test_consent_changed_by_two_is_decided_again(admin):
    customer = CustomerFactory(sms_consent=Consent.UNKNOWN)
    form = shown(customer, sms_consent=Consent.GIVEN)
    Customer.objects.update(sms_consent=Consent.REFUSED)

    answer = post(admin, customer, form)

    assert "Meanwhile the customer&#x27;s consent was told: Refused." in answer.content.decode()
    assert Customer.objects.get().sms_consent == Consent.REFUSED


def test_a_new_number_is_read_when_it_is_saved(admin):
    customer = CustomerFactory()

    post(admin, customer, shown(customer, phone_written="+1 415 555 0123"))

    customer.refresh_from_db()
    assert customer.phone == "+14155550123"


def test_a_customer_is_not_deleted(admin):
    customer = CustomerFactory()

    assert admin.post(page_of("customers_customer", "delete", customer.pk), {"post": "yes"}).status_code == 403
