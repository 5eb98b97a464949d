"""What an analyst sees of people: every page that could show one is looked through for what it must not say."""

import pytest

from campaigns.models import IncomingText, Message, MessageState, Run
from orders.models import Order
from tests.campaigns.shop import sms
from tests.factories import CustomerFactory
from tests.screens import cost, holding, page_of, signed_in
from workspace.models import User
from workspace.personal import MaskedIsNotSaved, shown_to
from workspace.roles import may_see_personal_data

pytestmark = pytest.mark.django_db

PERSONAL = (
    "Grace",
    "Hopper",
    "16025550142",
    "602 555 0142",
    "grace@example.com",
    "Hello Grace",
    "Call me",
    "Elm Street",
    "diabetic",
    "pregnant",
)
LISTS = ("customers_customer", "orders_order", "campaigns_message", "campaigns_incomingtext", "campaigns_run")


@pytest.fixture
def grace(shop):
    """A customer with an order, a text she got and one that she wrote."""
    grace = CustomerFactory(
        external_id="C-grace",
        first_name="Grace",
        last_name="Hopper",
        phone_written="+1 602 555 0142",
        email="grace@example.com",
        attributes={"note": "diabetic"},
        tags=["pregnant"],
    )
    shop.start(sms(text="Hello {{ customer.first_name }}"))
    run = shop.pay("O-grace", customer=grace, delivery={"street": "Elm Street"}, custom={"note": "Call me"})
    text = IncomingText.objects.create(
        gateway="acme", gateway_id="1", phone=grace.phone, text="Call me", meaning="other",
        occurred_at=run.entered_at, received_at=run.entered_at,
    )  # fmt: skip
    text.customers.add(grace)
    return grace


@pytest.fixture
def analyst():
    return holding("Analyst")


def pages():
    """Each list and page that speaks of a customer."""
    of = {
        "customers_customer": Order.objects.get().customer_id,
        "orders_order": Order.objects.get().pk,
        "campaigns_message": Message.objects.get().pk,
        "campaigns_incomingtext": IncomingText.objects.get().pk,
        "campaigns_run": Run.objects.get().pk,
    }
    lists = [page_of(model) for model in of]
    return lists + [page_of(model, verb, pk) for model, pk in of.items() for verb in ("change",)]


def shown(client, address, **parameters):
    answer = client.get(address, parameters)
    assert answer.status_code == 200, address
    return answer.content.decode()


def test_no_page_shows_an_analyst_who_somebody_is(grace, analyst):
    said = {address: [word for word in PERSONAL if word in shown(analyst, address)] for address in pages()}

    assert {address: words for address, words in said.items() if words} == {}


def test_the_pages_do_show_it_to_a_marketer(grace):
    marketer = holding("Marketer")

    everything = "".join(shown(marketer, address) for address in pages())

    assert [word for word in PERSONAL if word not in everything] == []


def test_an_analyst_tells_customers_by_id_and_the_end_of_their_number(grace, analyst):
    for model in ("customers_customer", "campaigns_message", "campaigns_incomingtext"):
        assert "C-grace" in shown(analyst, page_of(model))
    assert "•••• 42" in shown(analyst, page_of("customers_customer"))
    assert "hidden from you" in shown(analyst, page_of("orders_order", "change", Order.objects.get().pk))


@pytest.mark.parametrize(
    ("model", "sought"),
    [
        ("customers_customer", "Grace"),
        ("customers_customer", "+16025550142"),
        ("customers_customer", "grace@example.com"),
        ("orders_order", "+16025550142"),
        ("orders_order", "Hopper"),
        ("campaigns_message", "+16025550142"),
        ("campaigns_incomingtext", "+16025550142"),
    ],
)
def test_an_analyst_finds_nobody_by_what_they_may_not_see(grace, analyst, model, sought):
    found = analyst.get(page_of(model), {"q": sought}).context["cl"].result_list
    by_others = holding("Marketer").get(page_of(model), {"q": sought}).context["cl"].result_list

    assert (len(found), len(by_others)) == (0, 1)


@pytest.mark.parametrize(
    ("model", "lookup"),
    [
        ("customers_customer", "first_name__startswith"),
        ("customers_customer", "phone"),
        ("customers_customer", "attributes__note"),
        ("customers_customer", "tags__contains"),
        ("orders_order", "custom__note"),
        ("orders_order", "customer__phone"),
        ("campaigns_message", "text__contains"),
        ("campaigns_incomingtext", "phone"),
        ("campaigns_incomingtext", "customers__email"),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_nor_by_a_filter_in_the_address(grace, analyst, model, lookup):
    assert analyst.get(page_of(model), {lookup: "x"}).status_code == 400


@pytest.mark.parametrize("model", LISTS)
def test_nor_by_the_order_of_a_list(grace, analyst, model):
    lists = [analyst.get(page_of(model), {"o": number}).context["cl"] for number in range(1, 10)]

    ordered_by = {name.strip("-") for each in lists for name in each.queryset.query.order_by}

    assert ordered_by
    assert ordered_by.isdisjoint({"first_name", "last_name", "phone", "phone_written", "email", "text"})


def test_the_desk_hides_them_from_whoever_settles_without_seeing_them(grace):
    Message.objects.update(state=MessageState.UNKNOWN)
    clerk = signed_in("campaigns.settle_message", "campaigns.view_message")

    page = shown(clerk, page_of("campaigns_message", "desk"))

    assert "C-grace" in page
    assert [word for word in PERSONAL if word in page] == []


def test_suggestions_of_customers_name_nobody(grace, analyst):
    asked = {"app_label": "orders", "model_name": "order", "field_name": "customer", "term": ""}

    answer = analyst.get("/admin/autocomplete/", asked)

    assert [word for word in PERSONAL if word in answer.content.decode()] == []


def test_whom_one_may_not_see_one_cannot_change(grace):
    clerk = signed_in("customers.view_customer", "customers.change_customer", "customers.add_customer")

    assert clerk.post(page_of("customers_customer", "change", grace.pk), {"first_name": "X"}).status_code == 403
    assert clerk.post(page_of("customers_customer", "add"), {"external_id": "X"}).status_code == 403


@pytest.mark.parametrize("model", [Order, Message, IncomingText])
def test_what_was_masked_is_never_saved_over_what_it_hides(grace, analyst, model):
    row = shown_to(analyst.user, model.objects.all()).get()

    with pytest.raises(MaskedIsNotSaved):
        row.save()
    with pytest.raises(MaskedIsNotSaved):
        getattr(row, "customer", row).save()

    grace.refresh_from_db()
    assert grace.first_name == "Grace"


def test_lists_cost_an_analyst_the_same_for_few_and_many(shop, grace, analyst):
    few = {model: cost(analyst, page_of(model)) for model in LISTS}

    for number in range(5):
        shop.pay(f"O-{number}")

    assert {model: cost(analyst, page_of(model)) for model in LISTS} == few


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("Administrator", True),
        ("Senior marketer", True),
        ("Marketer", True),
        ("Operator", True),
        ("Analyst", False),
        ("Integrator", False),
    ],
)
def test_who_may_lead_personal_data_out(role, may):
    assert may_see_personal_data(User.objects.get(pk=holding(role).user.pk)) is may
