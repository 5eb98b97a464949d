import pytest

from statuses import exchange
from statuses.models import OrderStatus, StatusAlias, StatusType
from statuses.presets import EXAMPLE, PRESETS, SHOPIFY, WOOCOMMERCE
from tests.factories import StatusFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_a_set_can_be_added_to_an_empty_vocabulary_and_has_words_of_every_type(preset):
    done = exchange.take_in(exchange.lines_of(preset), only_adds=True)

    assert [planned.verdict for planned in done.planned] == ["add"] * len(preset.words)
    assert set(OrderStatus.objects.values_list("type", flat=True)) == set(StatusType.values)


def test_the_words_of_woocommerce_stand_with_what_they_speak_of():
    exchange.take_in(exchange.lines_of(WOOCOMMERCE), only_adds=True)

    assert dict(OrderStatus.objects.values_list("code", "type")) == {
        "checkout-draft": "general",
        "processing": "general",
        "completed": "general",
        "cancelled": "general",
        "unfulfilled": "delivery",
        "partially_fulfilled": "delivery",
        "fulfilled": "delivery",
        "pending": "payment",
        "on-hold": "payment",
        "failed": "payment",
        "refunded": "payment",
    }
    assert StatusAlias.objects.get(code="wc-on-hold").status.code == "on-hold"


def test_what_graphql_calls_otherwise_means_the_same_word_of_shopify():
    exchange.take_in(exchange.lines_of(SHOPIFY), only_adds=True)

    assert StatusAlias.objects.get(code="partially_fulfilled").status.code == "partial"


def test_all_sets_can_be_added_one_after_another():
    for preset in PRESETS.values():
        exchange.take_in(exchange.lines_of(preset), only_adds=True)

    assert OrderStatus.objects.filter(code_key="cancelled").count() == 1
    assert OrderStatus.objects.get(code_key="pending").name == "Pending payment"  # who came first keeps its name


def test_what_is_there_already_stays_as_it_is():
    StatusFactory(type="payment", code="PAID", name="Money is here", colour="pink", include_in_analytics=False)

    done = exchange.take_in(exchange.lines_of(EXAMPLE), only_adds=True)

    paid = OrderStatus.objects.get(type="payment", code_key="paid")
    assert [planned.line.code for planned in done.of(exchange.Verdict.SAME)] == ["paid"]
    assert (paid.code, paid.name, paid.colour, paid.include_in_analytics, paid.revision) == (
        "PAID", "Money is here", "pink", False, 1,
    )  # fmt: skip


def test_a_word_that_is_another_code_already_is_left_out_and_told_of():
    settled = StatusFactory(type="payment", code="settled", name="Settled")
    StatusAlias.objects.create(status=settled, type="payment", code="paid")

    done = exchange.take_in(exchange.lines_of(EXAMPLE), only_adds=True)

    [kept] = done.of(exchange.Verdict.SAME)
    assert kept.told() == ["“paid” is another code of “Settled”. Choose another, or take it from there first."]
    assert not OrderStatus.objects.filter(code_key="paid").exists()


def test_another_code_that_means_something_already_is_not_taken_from_it():
    held = StatusFactory(type="payment", code="wc-on-hold")

    exchange.take_in(exchange.lines_of(WOOCOMMERCE), only_adds=True)

    assert OrderStatus.objects.get(code_key="wc-on-hold") == held
    assert not StatusAlias.objects.filter(code_key="wc-on-hold").exists()
