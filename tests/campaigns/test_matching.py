from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from campaigns import engine, matching
from campaigns.lifecycle import end, pause, save_draft
from campaigns.models import Activation, Campaign, CampaignVersion, Run, RunEvent, StepTally, Watch
from orders.models import Order
from orders.said import Said
from orders.transitions import hear
from orders.upserts import read_order, upsert_orders
from statuses.models import OrderStatus
from tests.campaigns.shop import NOON, definition, sms, trigger
from tests.factories import CustomerFactory, StatusFactory
from workspace.models import Workspace

pytestmark = pytest.mark.django_db


def started():
    """[(order, from, to), …] of each run, in the order they began."""
    rows = Run.objects.order_by("pk")
    return list(rows.values_list("order__external_id", "transition__from_status__code", "transition__to_status__code"))


@pytest.mark.parametrize(
    ("came_from", "starts"),
    [
        ("any", [(None, "invoiced"), ("invoiced", "paid"), ("paid", "invoiced")]),
        ("any_existing", [("invoiced", "paid"), ("paid", "invoiced")]),
        ("none", [(None, "invoiced")]),
        (["invoiced"], [("invoiced", "paid")]),
        (["INVOICED", "paid"], [("invoiced", "paid"), ("paid", "invoiced")]),
        ({"not": ["invoiced"]}, [(None, "invoiced"), ("paid", "invoiced")]),
        (["unheard_of"], []),
        ({"not": ["unheard_of"]}, [(None, "invoiced"), ("invoiced", "paid"), ("paid", "invoiced")]),
    ],
)
def test_where_a_change_comes_from(shop, came_from, starts):
    shop.start(sms(), trigger=trigger(came_from=came_from))
    shop.order()

    for code in ("invoiced", "paid", "invoiced"):
        shop.tell("O-1", code)

    assert [run[1:] for run in started()] == starts


@pytest.mark.parametrize(
    ("to", "starts"),
    [("any", ["invoiced", "paid"]), (["paid"], ["paid"]), (["Paid", "invoiced"], ["invoiced", "paid"]), (["gone"], [])],
)
def test_where_a_change_leads(shop, to, starts):
    shop.start(sms(), trigger=trigger(to=to))
    shop.order()

    for code in ("invoiced", "paid"):
        shop.tell("O-1", code)

    assert [run[2] for run in started()] == starts


def test_another_type_starts_nothing(shop):
    StatusFactory(type="general", code="paid")
    shop.start(sms(), trigger=trigger("payment", to=["paid"]))
    shop.order()

    shop.tell("O-1", "paid", type="general")
    shop.tell("O-1", "shipped")

    assert started() == []


def test_a_change_starts_each_campaign_once_that_matches(shop):
    shop.start(sms(), code="one")
    shop.start(sms(), code="two")
    shop.start(sms(), code="three", trigger=trigger("delivery"))
    shop.order()

    hearing = shop.tell("O-1", "paid", event_id="7")
    again = shop.tell("O-1", "paid", event_id="7")

    assert sorted(start.campaign for start in hearing.started) == ["one", "two"]
    assert again.started == []
    assert Run.objects.count() == 2


def test_a_save_starts_a_run_too(shop):
    shop.start(sms())
    order = shop.order()

    order.payment_status = shop.statuses["paid"]
    order.save()

    assert started() == [("O-1", None, "paid")]


def test_a_run_rolled_back_with_its_change_never_was(shop):
    shop.start(sms())
    order = shop.order()
    order.payment_status = shop.statuses["paid"]

    with transaction.atomic():
        order.save()
        transaction.set_rollback(True)

    assert started() == []


def test_two_orders_of_one_customer_are_two_runs(shop):
    ada = CustomerFactory()
    shop.start(sms())

    for name in ("O-1", "O-2"):
        shop.order(name, customer=ada)
        shop.tell(name, "paid")

    assert [run[0] for run in started()] == ["O-1", "O-2"]
    assert set(Run.objects.values_list("customer", flat=True)) == {ada.pk}


def test_an_order_without_customer_enters(shop):
    shop.start(sms())

    assert shop.pay(customer=None).customer is None


def test_what_occurred_before_it_takes_effect_starts_nothing(shop):
    shop.start(sms())
    shop.order()

    shop.tell("O-1", "paid", minutes_ago=1)
    shop.tell("O-1", "invoiced")
    shop.tell("O-1", "paid")

    assert [run[1] for run in started()] == ["invoiced"]


def test_silent_changes_start_nothing(shop):
    shop.start(sms())
    shop.order()

    shop.tell("O-1", "paid", fires=False)

    assert started() == []


def test_while_orders_is_off_nothing_starts(shop):
    shop.start(sms())
    shop.order()
    Workspace.objects.update(orders_enabled=False)

    shop.tell("O-1", "paid")
    Workspace.objects.update(orders_enabled=True)

    assert started() == []


def test_a_paused_campaign_matches_and_an_ended_one_does_not(shop):
    pause(shop.start(sms(), code="paused"))
    end(shop.start(sms(), code="ended"))
    shop.order()

    hearing = shop.tell("O-1", "paid")

    assert [start.campaign for start in hearing.started] == ["paused"]


def test_a_draft_starts_nothing(shop):
    save_draft(definition(sms()))

    assert shop.pay() is None


# Statuses that appear later


def test_a_status_created_later_is_watched_for(shop):
    shop.start(sms(), trigger=trigger(came_from=["settled"], to=["refunded"]))
    shop.order()
    assert not Watch.objects.exists()

    for code in ("settled", "refunded"):
        shop.statuses[code] = StatusFactory(type="payment", code=code)
    shop.tell("O-1", "settled")
    shop.tell("O-1", "refunded")

    assert started() == [("O-1", "settled", "refunded")]


def test_a_parked_change_starts_its_run_when_its_status_appears(shop):
    """The change is applied by the very save that makes the status, before the watch for it could be written."""
    shop.start(sms(), trigger=trigger(to=["refunded"]))
    shop.order()
    shop.tell("O-1", "refunded")
    assert started() == []

    StatusFactory(type="payment", code="refunded")

    assert started() == [("O-1", None, "refunded")]


def test_a_parked_change_from_before_starts_nothing_when_its_status_appears(shop, clock):
    shop.order()
    shop.tell("O-1", "refunded")
    clock.shift(timedelta(minutes=1))
    shop.start(sms(), trigger=trigger(to=["refunded"]))

    StatusFactory(type="payment", code="refunded")

    assert Order.objects.get().payment_status.code == "refunded"
    assert started() == []


def test_a_status_renamed_to_a_watched_code_is_watched_for_from_then_on(shop):
    shop.start(sms(), trigger=trigger(to=["settled"]))
    for name in ("O-1", "O-2"):
        shop.order(name)
    shop.tell("O-1", "paid")

    shop.statuses["paid"].code = "Settled"
    shop.statuses["paid"].save()
    shop.tell("O-2", "settled")

    assert started() == [("O-2", None, "Settled")]


def test_a_renamed_name_changes_no_watch(shop):
    shop.start(sms())
    [before] = Watch.objects.values_list("to_status", "from_mode")

    status = OrderStatus.objects.get(code="paid")
    status.name = "All paid"
    status.save()

    assert list(Watch.objects.values_list("to_status", "from_mode")) == [before]


# What it costs


def queries_of(tell):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        tell()
    return len(queries)


def test_matching_costs_the_same_for_one_change_and_for_many(shop):
    for n in range(10):
        shop.start(sms(), code=f"c{n}")
    names = [shop.order(f"O-{n}").external_id for n in range(60)]

    one = queries_of(lambda: hear([Said(names[0], "payment", "paid", NOON)], shop.source))
    many = queries_of(lambda: hear([Said(name, "payment", "paid", NOON) for name in names[1:]], shop.source))

    assert Run.objects.count() == 600
    # SQLite takes fewer rows in one statement, so that 590 runs are a few more.
    assert many - one < 12


def test_a_change_that_nobody_watches_costs_one_query_more(shop):
    shop.order()

    with CaptureQueriesContext(connection) as queries:
        shop.tell("O-1", "paid")

    assert sum("campaigns_" in query["sql"] for query in queries) == 1


def test_an_order_created_that_nobody_hears_of_costs_one_query_more(shop):
    with CaptureQueriesContext(connection) as queries:
        shop.order()

    assert sum("campaigns_" in query["sql"] for query in queries) == 1


def test_hearing_of_new_orders_costs_the_same_for_one_and_for_many(shop):
    for n in range(3):
        shop.start(sms(), code=f"c{n}", trigger={"kind": "order_created"})

    def create(*names):
        return lambda: upsert_orders([read_order({"external_id": name}) for name in names], shop.source)

    assert queries_of(create("A-1")) == queries_of(create(*(f"B-{n}" for n in range(20))))
    assert Run.objects.count() == 3 * 21


def activated_for_other_statuses(number):
    version = CampaignVersion.objects.get()
    names = [f"other-{n}" for n in range(number)]
    statuses = OrderStatus.objects.bulk_create(
        OrderStatus(type="payment", code=name, code_key=name, name=name) for name in names
    )
    campaigns = Campaign.objects.bulk_create(Campaign(code=name, name=name, draft={}) for name in names)
    activations = Activation.objects.bulk_create(
        Activation(campaign=campaign, version=version, after_transition=0, activated_at=NOON) for campaign in campaigns
    )
    Watch.objects.bulk_create(
        Watch(activation=activation, type="payment", to_status=status, from_mode="any")
        for activation, status in zip(activations, statuses, strict=True)
    )
    return Activation.objects.filter(campaign__in=campaigns)


def rows_read(sql, table):
    """How many rows of the table PostgreSQL looks at, by its own count."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
        [[[told]]] = cursor.fetchall()
    nodes, read = [told["Plan"]], 0
    for node in nodes:
        nodes += node.get("Plans", [])
        if node.get("Relation Name") == table:
            read += (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    return read


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite keeps no statistics that could be outdated")
def test_campaigns_that_wait_for_another_status_are_not_read(shop):
    """Whatever was live when PostgreSQL took its statistics: here one of many was."""
    shop.start(sms())
    activations = activated_for_other_statuses(200)
    activations.update(until_transition=0)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE campaigns_activation, campaigns_watch")
    activations.update(until_transition=None)
    shop.order()

    with CaptureQueriesContext(connection) as queries:
        hearing = shop.tell("O-1", "paid")

    assert len(hearing.started) == 1
    [matching_query] = [query["sql"] for query in queries if 'FROM "campaigns_watch"' in query["sql"]]
    assert rows_read(matching_query, "campaigns_activation") == 1


@pytest.mark.parametrize(
    ("model", "columns"), [(Run, matching.COLUMNS), (RunEvent, engine.EVENT_COLUMNS), (StepTally, engine.TALLY_COLUMNS)]
)
def test_what_is_written_without_objects_names_every_column(model, columns):
    """One that was forgotten and may be null would stay so without a word."""
    assert set(columns) == {field.attname for field in model._meta.concrete_fields if not field.primary_key}
