from datetime import datetime
from decimal import Decimal

import pytest
from django.utils import timezone

from campaigns.models import SmsGateway
from campaigns.sms import previews
from campaigns.sms.previews import Asked, Gains, People, look, text_for
from tests.campaigns.shop import PAID, trigger
from tests.factories import CustomerFactory, OrderFactory, StatusFactory
from workspace.models import User, Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def marketer():
    return User.objects.create_superuser("marketer")


@pytest.fixture
def stranger():
    """Who may not see personal data."""
    return User.objects.create_user("stranger")


def looked(reader, text="Hello", trigger=PAID, purpose="transactional", deliver=""):
    return look(Asked(text, purpose, deliver, trigger), reader, Workspace.current(), timezone.now())


def orders(seen):
    return [preview.order for preview in seen.previews]


def texts(seen):
    return [preview.text for preview in seen.previews]


def test_a_text_is_made_for_orders_that_would_have_entered_the_newest_first(shop, marketer):
    for name, code in (("O-1", "paid"), ("O-2", "invoiced"), ("O-3", "paid")):
        shop.order(name)
        shop.tell(name, code)

    seen = looked(marketer, "{{ order.external_id }} {{ change.to }}")

    assert texts(seen) == ["O-3 Paid", "O-1 Paid"]
    assert seen.is_near


@pytest.mark.parametrize(
    ("came_from", "to", "expected"),
    [
        ("any", ["paid"], ["O-2", "O-1"]),
        ("any", ["PAID", "nowhere"], ["O-2", "O-1"]),
        ("any_existing", ["paid"], ["O-1"]),
        ("none", ["paid"], ["O-2"]),
        (["invoiced"], "any", ["O-1"]),
        ({"not": ["invoiced"]}, ["paid"], ["O-2"]),
    ],
)
def test_the_trigger_says_which_orders(shop, marketer, came_from, to, expected):
    shop.order("O-1")
    shop.tell("O-1", "invoiced", minutes_ago=5)
    shop.tell("O-1", "paid")
    shop.order("O-2")
    shop.tell("O-2", "paid")

    assert orders(looked(marketer, trigger=trigger("payment", came_from, to))) == expected


@pytest.mark.parametrize("half_done", [{}, {"kind": "order_status_changed"}, trigger(to=[]), {"kind": 5, "params": []}])
def test_of_a_trigger_half_done_the_newest_orders_are_shown(shop, marketer, half_done):
    shop.order("O-1")
    shop.tell("O-1", "shipped")

    seen = looked(marketer, trigger=half_done)

    assert (orders(seen), seen.is_near, seen.people) == (["O-1"], False, People(0, 0, 0))


def test_statuses_are_as_they_were_at_the_change(shop, marketer):
    shop.order("O-1")
    shop.tell("O-1", "paid")
    StatusFactory(type="payment", code="refunded")
    shop.tell("O-1", "refunded")

    assert texts(looked(marketer, "{{ order.payment_status }}")) == ["Paid"]


def test_what_is_wrong_is_told_with_its_line_and_column(shop, marketer):
    problem = looked(marketer, "a\n{{ order.secret }}").problem

    assert (problem.line, problem.column) == (2, 4)
    assert problem.detail.startswith("There is no variable “order.secret”.")


def test_an_order_for_which_it_cannot_be_made_says_why(shop, marketer):
    shop.order("O-1", total_minor=None)
    shop.tell("O-1", "paid")

    [preview] = looked(marketer, "{{ order.total | times: 2 }}").previews

    assert "there is none" in preview.problem


def test_the_longest_is_the_one_with_the_most_parts(shop, marketer):
    for name, first_name in (("O-1", "Ян"), ("O-2", "Bartholomew the Second of His Name"), ("O-3", "Al")):
        shop.order(name, customer=CustomerFactory(first_name=first_name))
        shop.tell(name, "paid")

    seen = looked(marketer, "{{ customer.first_name }}" + "x" * 80)

    assert seen.previews[seen.longest].order == "O-1"
    assert [preview.parts for preview in seen.previews] == [1, 1, 2]
    assert seen.previews[2].signs_of_values == "Ян"


def test_a_typographic_sign_is_dear_and_its_plain_one_saves_parts(shop, marketer):
    shop.order("O-1")
    shop.tell("O-1", "paid")

    seen = looked(marketer, "“" + "x" * 100 + "”")

    assert [sign.sign for sign in seen.dear] == ["“", "”"]
    assert (seen.previews[0].parts, seen.gains) == (2, Gains(plainer=1, fewer=1))


def test_a_name_in_another_script_does_not_hide_what_others_would_gain(shop, marketer):
    for name, first_name in (("O-1", "Ян"), ("O-2", "Ada")):
        shop.order(name, customer=CustomerFactory(first_name=first_name))
        shop.tell(name, "paid")

    assert looked(marketer, "{{ customer.first_name }}…").gains == Gains(plainer=1, fewer=0)


@pytest.mark.parametrize("text", ["Привет – Ян", "Hello", "“{{ customer.first_name }}”"])
def test_nothing_is_offered_where_it_would_not_help(shop, marketer, text):
    shop.order("O-1", customer=CustomerFactory(first_name="Ян"))
    shop.tell("O-1", "paid")

    assert looked(marketer, text).gains is None


def test_personal_data_are_hidden_and_no_length_tells_of_them(shop, stranger):
    shop.order("O-1", customer=CustomerFactory(external_id="C-7", first_name="Ян"), custom={"note": "secret"})
    shop.tell("O-1", "paid")

    [named] = looked(stranger, "{{ customer.first_name }} {{ order.external_id }}").previews
    [guessed] = looked(stranger, "{% if customer.first_name == 'Ян' %}yes{% endif %}no").previews
    [noted] = looked(stranger, "{{ order.custom.note }}").previews
    [counted] = looked(stranger, "{{ customer.first_name | plus: 1 }}").previews

    assert (named.text, named.customer, named.signs_of_values) == ("O-1", "C-7", "")
    assert (named.parts, named.encoding, named.length) == (1, "gsm7", 3)
    assert (guessed.text, guessed.length) == ("no", 2)
    assert "undefined" in noted.problem
    assert "Ян" not in counted.problem


def test_people_are_counted_by_consent_and_by_who_sleeps(shop, marketer, clock):
    for number, (zone, consent) in enumerate(
        (("Asia/Tokyo", "given"), ("Asia/Tokyo", "refused"), ("Europe/London", "given"), ("", "unknown"))
    ):
        shop.order(f"O-{number}", customer=CustomerFactory(timezone=zone, sms_consent=consent))
        shop.tell(f"O-{number}", "paid")

    # At noon in UTC it is 21:00 in Tokyo.
    assert looked(marketer).people == People(found=4, allowed=3, asleep=0)
    assert looked(marketer, deliver="outside_quiet_hours").people == People(found=4, allowed=3, asleep=1)
    assert looked(marketer, purpose="marketing").people == People(found=4, allowed=2, asleep=1)
    assert looked(marketer, purpose="marketing", deliver="immediately").people == People(4, 2, 0)


def test_a_customer_with_many_orders_is_one_person(shop, marketer):
    ada = CustomerFactory()
    for name in ("O-1", "O-2"):
        shop.order(name, customer=ada)
        shop.tell(name, "paid")

    assert looked(marketer).people.found == 1


def test_the_price_is_that_of_the_first_gateway_in_use(shop, marketer):
    rows = {"kind": "http", "currency": "EUR"}
    SmsGateway.objects.create(code="off", name="Off", is_active=False, price_per_part="9", position=1, **rows)
    SmsGateway.objects.create(code="on", name="On", price_per_part="0.05", position=2, **rows)

    seen = looked(marketer)

    assert (seen.price_per_part, seen.currency) == (Decimal("0.05"), "EUR")


def test_orders_of_nobody_are_left_out(shop, marketer):
    OrderFactory(external_id="O-1", customer=None)
    shop.tell("O-1", "paid")

    assert orders(looked(marketer)) == []


def test_only_what_is_near_in_the_ledger_is_looked_through(shop, marketer, monkeypatch):
    shop.order("O-1")
    shop.tell("O-1", "paid")
    shop.tell("O-1", "shipped")
    monkeypatch.setattr(previews, "LOOKED_THROUGH", 1)

    assert not looked(marketer).is_near


def test_an_empty_installation_has_nothing_to_show(marketer):
    seen = looked(marketer)

    assert (seen.previews, seen.longest, seen.gains) == ([], None, None)


@pytest.mark.parametrize("number", [1, 15])
def test_it_costs_the_same_for_any_number_of_orders(shop, marketer, number, django_assert_num_queries):
    for order in range(number):
        shop.order(f"O-{order}", customer=CustomerFactory(timezone=("Asia/Tokyo", "")[order % 2]))
        shop.tell(f"O-{order}", "paid")
    house = Workspace.current()

    with django_assert_num_queries(6):
        look(Asked("{{ customer.first_name }} {{ change.to }}", "marketing", "", PAID), marketer, house, timezone.now())


def test_a_text_is_made_for_one_order_that_is_looked_at(shop, marketer):
    shop.order("O-1")
    shop.tell("O-1", "paid")
    [shown], house = looked(marketer, "x").previews, Workspace.current()

    def made(order, change):
        return text_for("{{ order.external_id }}: {{ change.to }}", order, change, marketer, house)

    assert made(shown.order_id, shown.change).text == "O-1: Paid"
    assert made(shown.order_id, None).text == "O-1:"
    assert made(shown.order_id, shown.change + 99) is None
    assert made(shown.order_id + 99, shown.change) is None


def test_orders_that_enter_by_being_created_are_shown_without_a_change(shop, marketer):
    shop.order("O-1", customer=CustomerFactory(sms_consent="given"))
    shop.tell("O-1", "paid")

    seen = looked(marketer, "{{ order.external_id }} {{ change.to }}", {"kind": "order_created", "params": {}})

    assert (texts(seen), seen.is_near, seen.people.found) == (["O-1"], True, 1)


def test_of_what_goes_by_the_clock_the_newest_are_shown(shop, marketer):
    shop.order("O-1")
    stuck = {"type": "payment", "statuses": ["paid"], "for": {"value": 1, "unit": "days"}}

    seen = looked(marketer, "{{ order.external_id }}", {"kind": "stuck_in_status", "params": stuck})

    assert (texts(seen), seen.is_near) == (["O-1"], False)


def test_quiet_hours_are_those_of_the_installation(shop, marketer, clock):
    Workspace.objects.update(quiet_from="11:00", quiet_until="13:00")
    shop.order("O-1", customer=CustomerFactory(timezone="UTC"))
    shop.tell("O-1", "paid")

    assert looked(marketer, purpose="marketing", deliver="outside_quiet_hours").people.asleep == 0
    assert looked(marketer, deliver="outside_quiet_hours").people.asleep == 1
    clock.move_to(datetime.fromisoformat("2024-05-03T13:00:00+00:00"))
    assert looked(marketer, deliver="outside_quiet_hours").people.asleep == 0
