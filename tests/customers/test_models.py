import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from customers.models import Customer
from tests.factories import CustomerFactory
from workspace.models import Workspace

pytestmark = pytest.mark.django_db


def test_a_number_is_kept_as_written_and_as_it_is_called():
    customer = CustomerFactory(phone_written="+61 491 570 156")

    assert (customer.phone_written, customer.phone, customer.phone_kind) == (
        "+61 491 570 156",
        "+61491570156",
        "mobile",
    )


def test_a_number_without_a_country_is_one_of_the_installations():
    Workspace.objects.update(default_country="AU")

    assert CustomerFactory(phone_written="0491 570 156").phone == "+61491570156"


def test_an_unreadable_number_is_kept_and_flagged():
    customer = CustomerFactory(phone_written="ask reception")

    assert (customer.phone_written, customer.phone, customer.phone_kind) == ("ask reception", "", "invalid")


def test_a_number_changed_alone_is_read_too():
    customer = CustomerFactory()

    customer.phone_written = "+61 491 570 156"
    customer.save(update_fields=["phone_written"])

    assert Customer.objects.get().phone == "+61491570156"


def test_update_or_create_reads_the_number():
    customer = CustomerFactory()

    Customer.objects.update_or_create(external_id=customer.external_id, defaults={"phone_written": "+61 491 570 156"})

    assert Customer.objects.get().phone == "+61491570156"


def test_another_field_saved_alone_leaves_the_number_alone(django_assert_num_queries):
    customer = CustomerFactory()

    customer.first_name = "Grace"
    with django_assert_num_queries(1):
        customer.save(update_fields=["first_name"])


def test_consent_is_unknown_until_it_is_told():
    assert CustomerFactory().sms_consent == "unknown"


def test_an_external_id_is_one_customers():
    CustomerFactory(external_id="C")

    with pytest.raises(IntegrityError), transaction.atomic():
        CustomerFactory(external_id="C")


@pytest.mark.parametrize(
    ("field", "value"), [("timezone", "Europe/Atlantis"), ("first_name", "A\x00"), ("email", "ada")]
)
def test_what_cannot_be_kept_is_refused(field, value):
    with pytest.raises(ValidationError) as refusal:
        CustomerFactory.build(**{field: value}).full_clean()

    assert list(refusal.value.message_dict) == [field]


def test_a_customer_is_called_by_name_or_else_by_id():
    assert str(Customer(external_id="C-7", first_name="Ada", last_name="Byron")) == "Ada Byron"
    assert str(Customer(external_id="C-7")) == "C-7"
