from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.back_filling import fill_at_once
from campaigns.books import audit
from campaigns.draining import drain
from campaigns.lifecycle import activate, end, save_draft
from campaigns.models import Message, Run
from campaigns.steps.triggers.order_created import KIND
from campaigns.story import tell
from orders.models import Order, Speaker
from tests.campaigns.shop import CREATED, bring, definition, ending, sms
from tests.factories import CustomerFactory
from workspace.models import Workspace

pytestmark = pytest.mark.django_db


def entered():
    return list(Run.objects.order_by("pk").values_list("order__external_id", flat=True))


def test_it_takes_nothing():
    assert KIND.form({}).problems() == []
    assert [problem.field for problem in KIND.form({"type": "payment"}).problems()] == ["/type"]


def test_it_says_when_it_starts():
    assert KIND.says({}, {}) == "When an order is created"


def test_an_order_that_is_saved_enters(shop):
    shop.start(sms(), trigger=CREATED)

    order = shop.order()
    order.currency = "USD"
    order.save()
    drain()

    run = Run.objects.get()
    assert (run.occasion, run.transition, run.customer) == (f"created:{order.pk}", None, order.customer)
    assert ending(run) == ("finished", "")
    assert tell(run)[:2] == ["The order was placed at 12:00.", "It entered “Thanks”."]


def test_orders_that_an_integration_tells_of_enter_once(shop):
    shop.start(sms(), trigger=CREATED)
    customer = CustomerFactory()

    rows = [{"external_id": f"A-{n}", "customer": customer.external_id} for n in range(3)]
    bring(shop, *rows)
    bring(shop, *rows, {"external_id": "A-3", "payment_status": "paid"})

    assert entered() == ["A-0", "A-1", "A-2", "A-3"]
    assert audit()["unaccounted"] == 0


def test_what_is_told_as_history_enters_nothing(shop):
    shop.start(sms(), trigger=CREATED)

    bring(shop, {"external_id": "A-1"}, fires=False)
    silent = Order(external_id="A-2")
    silent.speaker = Speaker(fires=False)
    silent.save()
    Workspace.objects.update(orders_enabled=False)
    shop.order("A-3")

    assert entered() == []
    assert list(Order.objects.order_by("pk").values_list("silent_because", flat=True)) == [
        "history",
        "history",
        "orders_off",
    ]
    assert audit()["unaccounted"] == 0


def test_an_order_placed_before_the_activation_enters_nothing(shop):
    shop.start(sms(), trigger=CREATED)

    bring(shop, {"external_id": "A-1", "ordered_at": "2024-05-01T10:00:00Z"})

    assert entered() == []
    assert audit()["unaccounted"] == 0


def test_what_it_was_placed_at_first_stays_a_fact(shop):
    shop.start(sms(), trigger=CREATED)
    bring(shop, {"external_id": "A-1"})

    bring(shop, {"external_id": "A-1", "ordered_at": "2024-05-01T10:00:00Z"})

    assert Order.objects.get().placed_at == timezone.now()
    assert audit()["unaccounted"] == 0


def test_reaching_back_it_starts_with_orders_that_are_there(shop):
    shop.order("O-1")
    bring(shop, {"external_id": "O-2"}, fires=False)
    bring(shop, {"external_id": "O-3", "ordered_at": "2024-05-01T10:00:00Z"})
    campaign, _is_new = save_draft(definition(sms(), trigger=CREATED))

    started = fill_at_once(activate(campaign, effective_from=timezone.now() - timedelta(hours=1)).back_fill)

    assert (started, entered()) == (1, ["O-1"])
    assert audit()["unaccounted"] == 0


def test_after_its_end_nothing_enters(shop):
    end(shop.start(sms(), trigger=CREATED))

    shop.order()

    assert entered() == []
    assert audit()["unaccounted"] == 0


def test_a_new_version_goes_on_where_the_former_leaves_off(shop):
    shop.start(sms(), trigger=CREATED)
    shop.order("O-1")
    shop.start(sms(text="Hi"), trigger=CREATED)
    shop.order("O-2")

    assert list(Run.objects.order_by("pk").values_list("version__number", flat=True)) == [1, 2]
    assert audit()["unaccounted"] == 0


def test_what_a_test_key_tells_goes_to_the_test_phone(shop):
    shop.start(sms(), trigger=CREATED)

    bring(shop, {"external_id": "A-1", "customer": CustomerFactory().external_id}, is_test=True)
    drain()

    assert Message.objects.get().is_test


def test_only_if_it_is_still_in_its_status_asks_nothing_here(shop):
    shop.start(sms(only_if_still=True), trigger=CREATED)

    shop.order()
    drain()

    assert Message.objects.get().state == "accepted"


def test_a_lost_run_is_missed(shop):
    shop.start(sms(), trigger=CREATED)
    shop.order()

    Run.objects.all().delete()

    assert audit()["breaches"]["missing_runs"] == 1


def test_a_run_nobody_can_explain_is_found(shop):
    campaign = shop.start(sms(), trigger=CREATED)
    shop.order()

    Order.objects.update(silent_because="history")

    assert audit()["breaches"]["unexplained_runs"] == 1
    assert campaign.runs.count() == 1


def test_whoever_activates_it_is_told_what_comes_to_nothing(shop):
    campaign, _is_new = save_draft(
        definition(sms("a", only_if_still=True), sms("b", only_if_still=True), trigger=CREATED)
    )

    cautions = activate(campaign).cautions

    assert [caution.code for caution in cautions if caution.code == "no_effect"] == ["no_effect"] * 2
