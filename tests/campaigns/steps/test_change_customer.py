import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.draining import drain
from campaigns.engine import advance
from campaigns.models import Run
from campaigns.steps.actions.change_customer import KIND
from campaigns.story import tell
from orders.said import Said
from orders.transitions import hear
from tests.campaigns.shop import ending, path, sms, step
from tests.factories import CustomerFactory

pytestmark = pytest.mark.django_db


def change(key="change", **params):
    return step("change_customer", key, **params)


def kept(customer):
    customer.refresh_from_db()
    return (customer.attributes, customer.tags)


def test_an_attribute_is_set_and_the_others_stay(shop, clock):
    ada = CustomerFactory(attributes={"size": "M"}, tags=["old"])
    shop.start(change(attribute="vip_level", value=3))

    run = shop.pay(customer=ada)

    assert kept(ada) == ({"size": "M", "vip_level": 3}, ["old"])
    assert (ending(run), path(run)) == (("finished", ""), [("", "admitted"), ("change", "done")])
    assert run.events.get(step="change").seen == {"outcome": "changed"}


def test_tags_come_and_go(shop, clock):
    ada = CustomerFactory(tags=["old", "winter"])
    shop.start(change(add_tags=["vip"], remove_tags="old, summer"))

    shop.pay(customer=ada)

    assert kept(ada) == ({}, ["vip", "winter"])


def test_an_attribute_is_taken_away(shop, clock):
    ada = CustomerFactory(attributes={"size": "M"})
    shop.start(change(attribute="size", value_as="nothing"))

    shop.pay(customer=ada)

    assert kept(ada) == ({}, [])


def test_it_goes_on_with_the_next_step(shop, clock):
    shop.start(change(add_tags=["vip"]), change("again", remove_tags=["vip"]), sms())

    run = shop.pay()

    assert path(run)[1:] == [("change", "done"), ("again", "done"), ("text", "owed"), ("text", "sent")]


def test_two_orders_of_one_customer_come_to_the_same_customer_and_no_other(shop, clock):
    shop.start(change(attribute="vip", value=True))
    ada, bob = CustomerFactory(), CustomerFactory()

    first, second = shop.pay("O-1", customer=ada), shop.pay("O-2", customer=ada)

    assert (kept(ada), kept(bob)) == (({"vip": True}, []), ({}, []))
    assert [run.events.get(step="change").seen["outcome"] for run in (first, second)] == ["changed", "unchanged"]


def test_an_order_without_a_customer_goes_on(shop, clock):
    shop.start(change(add_tags=["vip"]), sms("after", not_sent=[]))

    run = shop.pay(customer=None)

    assert path(run)[1] == ("change", "done")
    assert run.events.get(step="change").seen == {"outcome": "no_customer"}


def test_a_customer_who_has_too_many_goes_on_unchanged(shop, clock):
    ada = CustomerFactory(attributes={f"a{n}": n for n in range(100)})
    shop.start(change(attribute="one_more", value="x", add_tags=["vip"]))

    run = shop.pay(customer=ada)

    assert run.events.get(step="change").seen == {"outcome": "rejected", "problem": "too_many"}
    assert kept(ada)[1] == []
    assert "The customer has too many attributes or tags: none was changed." in tell(run)


def test_its_cost_does_not_grow_with_their_number(shop, clock):
    shop.start(change(add_tags=["vip"]))

    def cost(first, last):
        names = [shop.order(f"O-{n}").external_id for n in range(first, last)]
        hear([Said(name, "payment", "paid") for name in names], shop.source)
        with CaptureQueriesContext(connection) as queries:
            advance()
        return len(queries)

    assert cost(0, 2) == cost(2, 12)
    drain()
    assert set(Run.objects.values_list("state", flat=True)) == {"finished"}


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"attribute": "size", "value": "M"}, "Sets the customer's attribute “size” to “M”."),
        ({"attribute": "size", "value_as": "nothing"}, "Takes the attribute “size” away from the customer."),
        ({"add_tags": ["a", "b"], "remove_tags": "c"}, "Adds the tags a, b. Removes the tags c."),
        ({}, ""),
    ],
)
def test_what_it_does_is_said(params, said):
    assert KIND.says(params, {}) == said


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"value": "3"}, "3"),
        ({"value": "3", "value_as": "number"}, 3),
        ({"value": "2.5", "value_as": "number"}, 2.5),
        ({"value": 0}, 0),
        ({"value": False}, False),
        ({"value": "true", "value_as": "flag"}, True),
        ({"value_as": "nothing"}, None),
    ],
)
def test_a_value_is_what_it_is_said_to_be(written, read):
    form = KIND.form({"attribute": "size", **written})

    assert form.problems() == []
    assert form.cleaned_data["value"] == read
    assert type(form.cleaned_data["value"]) is type(read)


@pytest.mark.parametrize(
    ("params", "wrong"),
    [
        ({}, ["/attribute"]),
        ({"attribute": "Size", "value": 1}, ["/attribute"]),
        ({"attribute": "size"}, ["/value"]),
        ({"attribute": "size", "value": []}, ["/value"]),
        ({"attribute": "size", "value": "x", "value_as": "number"}, ["/value"]),
        ({"attribute": "size", "value": "inf", "value_as": "number"}, ["/value"]),
        ({"attribute": "size", "value": "yes", "value_as": "flag"}, ["/value"]),
        ({"attribute": "size", "value": {"a": 1}}, ["/value"]),
        ({"add_tags": "Not A Tag"}, ["/add_tags"]),
        ({"remove_tags": 5}, ["/remove_tags"]),
    ],
)
def test_its_params_are_checked(params, wrong):
    assert [problem.field for problem in KIND.form(params).problems()] == wrong
