import pytest

from customers.attributes import as_lines
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
        "refused_categories": ", ".join(customer.refused_categories),
        "tags": ", ".join(customer.tags),
        "attributes": as_lines(customer.attributes),
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


def test_refused_kinds_of_message_are_written_as_words(admin):
    customer = CustomerFactory(refused_categories=["news"])
    page = admin.get(page_of("customers_customer", "change", customer.pk)).content.decode()

    post(admin, customer, shown(customer, refused_categories="offers, news gifts"))

    assert 'name="refused_categories" value="news"' in page
    assert Customer.objects.get().refused_categories == ["gifts", "news", "offers"]


def test_refused_kinds_can_be_taken_away(admin):
    customer = CustomerFactory(refused_categories=["news", "offers"])

    post(admin, customer, shown(customer, refused_categories="news"))

    assert Customer.objects.get().refused_categories == ["news"]


def test_what_is_no_category_is_said_beside_the_field(admin):
    customer = CustomerFactory()

    answer = post(admin, customer, shown(customer, refused_categories="News!"))

    assert answer.context["adminform"].form.errors == {
        "refused_categories": ["A category is 1 to 64 small letters, digits, - and _."]
    }
    assert 'value="News!"' in answer.content.decode()


def test_a_kind_refused_meanwhile_stays_refused(admin):
    customer = CustomerFactory(refused_categories=["news"])
    form = shown(customer, refused_categories="news, offers")
    Customer.objects.update(refused_categories=["gifts", "news"])

    post(admin, customer, form)

    assert Customer.objects.get().refused_categories == ["gifts", "news", "offers"]


def test_tags_and_attributes_are_written_as_people_do(admin):
    customer = CustomerFactory(tags=["new"], attributes={"level": "gold", "visits": 3})

    page = admin.get(page_of("customers_customer", "change", customer.pk)).content.decode()
    post(
        admin,
        customer,
        shown(customer, tags="vip, new", attributes='level = silver\r\nvip=true\nvisits = 4.5\r\n\ncode = "007"'),
    )

    assert "level = gold\nvisits = 3" in page
    kept = Customer.objects.get()
    assert kept.tags == ["new", "vip"]
    assert kept.attributes == {"level": "silver", "vip": True, "visits": 4.5, "code": "007"}


def test_what_was_told_meanwhile_stays_unless_it_was_touched(admin):
    customer = CustomerFactory(tags=["a", "b"], attributes={"level": "gold", "visits": 3, "gone": 1})
    form = shown(customer, tags="a, mine", attributes="level = gold\nvisits = 4")
    Customer.objects.update(
        tags=["a", "b", "told"], attributes={"level": "silver", "visits": 9, "gone": 1, "told": True}
    )

    post(admin, customer, form)

    kept = Customer.objects.get()
    assert kept.tags == ["a", "mine", "told"]
    assert kept.attributes == {"level": "silver", "visits": 4, "told": True}


def test_one_and_true_are_two_values_in_the_form_too(admin):
    customer = CustomerFactory(attributes={"n": 1})

    post(admin, customer, shown(customer, attributes="n = true"))

    assert Customer.objects.get().attributes["n"] is True


def test_a_form_that_touched_nothing_writes_nothing(admin):
    customer = CustomerFactory(tags=["a"], attributes={"n": 1, "text": "1", "odd": "a\n= b\u2028 "})
    form = shown(customer)
    Customer.objects.update(tags=["b"], attributes={"m": 1})

    post(admin, customer, form)

    assert (Customer.objects.get().tags, Customer.objects.get().attributes) == (["b"], {"m": 1})


@pytest.mark.parametrize(
    ("field", "written", "said"),
    [
        ("tags", "VIP", "A tag is 1 to 64 small letters, digits, - and _."),
        ("attributes", "level gold", "An attribute is called by"),
        ("attributes", "Level = gold", "An attribute is called by"),
        ("attributes", "level = gold\nlevel = silver", "An attribute is called by"),
        ("attributes", "n = 1e20", "n: Give a text, a number"),
        ("attributes", f"n = {'x' * 501}", "n: Give a text of at most"),
    ],
)
def test_what_cannot_be_kept_is_said_beside_the_field(admin, field, written, said):
    customer = CustomerFactory()

    answer = post(admin, customer, shown(customer, **{field: written}))

    [problem] = answer.context["adminform"].form.errors[field]
    assert problem.startswith(said)


def test_a_customer_that_would_have_too_much_is_left_as_it_was(admin):
    customer = CustomerFactory(tags=["a"], attributes={"n": 1})
    form = shown(customer, tags="a, b", attributes="n = 1\nm = 2")
    Customer.objects.update(
        tags=[f"t{n:03}" for n in range(100)], attributes={f"n{place}": place for place in range(100)}
    )

    answer = post(admin, customer, form)

    assert set(answer.context["adminform"].form.errors) == {"tags", "attributes"}
    assert len(Customer.objects.get().attributes) == 100


def test_a_new_customer_may_refuse_a_kind_of_message(admin):
    form = shown(CustomerFactory.build(), external_id="C-NEW", refused_categories="offers")

    admin.post(page_of("customers_customer", "add"), form)

    assert Customer.objects.get(external_id="C-NEW").refused_categories == ["offers"]


def test_a_new_number_is_read_when_it_is_saved(admin):
    customer = CustomerFactory()

    post(admin, customer, shown(customer, phone_written="+1 415 555 0123"))

    customer.refresh_from_db()
    assert customer.phone == "+14155550123"


def test_a_customer_is_not_deleted(admin):
    customer = CustomerFactory()

    assert admin.post(page_of("customers_customer", "delete", customer.pk), {"post": "yes"}).status_code == 403
