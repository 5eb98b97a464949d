"""What whoever activates is told before, and where it is."""

import pytest

from campaigns.checks import find_cautions, find_more
from campaigns.definitions import DefinitionError, read_plan
from campaigns.lifecycle import save_draft
from campaigns.rehearsal import rehearse
from statuses.lifecycle import retire
from tests.campaigns.shop import asks, condition, definition, sms, step, trigger, wait_for, webhook
from tests.screens import page_of, signed_in
from workspace.models import Workspace

pytestmark = pytest.mark.django_db

INSTALLATION = {"no_gateway", "orders_disabled"}
STOP = step("stop", "end")
NAMED = condition("order.external_id", "notNull")


def found(*steps, **keys):
    """[(code, place), …] of what the definition itself is cautioned for."""
    raw = definition(*(steps or [sms()]), **keys)
    return [(c.code, c.pointer) for c in find_cautions(raw, read_plan(raw)) if c.code not in INSTALLATION]


def more(*steps, **keys):
    raw = definition(*steps, **keys)
    plan = read_plan(raw)
    return [(caution.code, caution.pointer) for caution in find_more(raw, plan, rehearse(plan))]


def test_nothing_is_found_where_nothing_is_wrong(shop):
    assert found() == []


def test_statuses_that_do_not_exist(shop):
    asked = condition("order.delivery_status", "in", ["shipped", "gone"])

    assert found(asks(asked, yes=[sms()]), trigger=trigger(came_from=["lost"], to=["paid", "nowhere"])) == [
        ("unknown_status", "/trigger/params/to"),
        ("unknown_status", "/trigger/params/from"),
        ("unknown_status", "/steps/0/params/rule/rules/0/value"),
    ]


def test_statuses_that_are_retired(shop):
    retire(shop.statuses["paid"], is_taken=True)

    assert found() == [("retired_status", "/trigger/params/to")]


def test_a_campaign_whose_end_is_past(shop):
    assert found(ends_at="2020-01-01T00:00:00Z") == [("over_already", "/ends_at")]
    assert found(ends_at="2090-01-01T00:00:00Z") == []


def test_a_trigger_that_cannot_happen(shop):
    assert found(trigger=trigger(came_from=["paid"], to=["paid"])) == [("impossible_trigger", "/trigger/params/from")]


@pytest.mark.parametrize(
    ("operator", "value", "is_contradiction"),
    [
        ("in", ["invoiced"], True),
        ("in", ["invoiced", "paid"], False),
        ("notIn", ["paid"], True),
        ("=", "invoiced", True),
        ("!=", "invoiced", False),
        ("null", None, True),
    ],
)
def test_a_filter_that_contradicts_the_trigger(shop, operator, value, is_contradiction):
    asked = condition("order.payment_status", operator, value, at="trigger")
    place = ("contradiction", "/steps/0/branches/yes/0/params/rule/rules/0")

    told = found(
        asks(condition("order.external_id", "=", "O-1"), yes=[asks(asked, key="then", yes=[sms()])])
    )  # fmt: skip

    assert told == ([place] if is_contradiction else [])


def test_another_status_or_another_moment_is_no_contradiction(shop):
    then = condition("order.delivery_status", "in", ["shipped"], at="trigger")
    later = asks(condition("order.payment_status", "in", ["invoiced"]), key="later", yes=[sms()])

    assert found(asks(then, yes=[later])) == []


def test_one_of_several_ways_is_no_contradiction(shop):
    either = [condition("order.payment_status", "in", ["invoiced"]), condition("order.external_id", "=", "O-1")]

    assert found(asks(*either, combinator="or", yes=[sms()])) == []


@pytest.mark.parametrize(
    ("steps", "places"),
    [
        ([sms(), STOP], []),
        ([STOP, sms("a"), sms("b")], ["/steps/1"]),
        ([asks(NAMED, yes=[sms(), STOP]), sms("a")], ["/steps/1"]),
        ([asks(NAMED, yes=[STOP], no=[sms("a"), webhook()]), sms("b")], []),
        ([asks(NAMED, yes=[STOP, sms("a")], no=[sms("b")])], ["/steps/0/branches/yes/1"]),
    ],
)
def test_steps_that_no_way_leads_to(shop, steps, places):
    assert found(*steps, reentry={"mode": "once_per_order"}) == [("unreachable_step", place) for place in places]


def test_an_empty_group_is_refused_at_its_place(shop):
    rule = {"combinator": "and", "rules": [NAMED, {"combinator": "or", "rules": []}]}

    with pytest.raises(DefinitionError) as error:
        found(asks(rule, yes=[sms()]))

    place = "/steps/0/params/rule/rules/0/rules/1/rules"
    assert [(problem.code, problem.field) for problem in error.value.problems] == [("empty_group", place)]


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        ({"trigger": trigger(to=["nowhere"])}, "/trigger/params/to"),
        ({"trigger": trigger(came_from=["paid"], to=["paid"])}, "/trigger/params/from"),
        ({"steps": [STOP, sms()]}, "/steps/1"),
        ({"steps": [sms(), webhook()]}, "/steps/1"),
        ({"steps": [asks(condition("order.payment_status", "null"), yes=[sms()])]}, "/steps/0/params/rule/rules/0"),
    ],
)
def test_each_has_a_link_to_its_place(shop, keys, place):
    campaign = save_draft({**definition(sms()), **keys})[0]
    window = signed_in(is_superuser=True).get(page_of("campaigns_campaign", "activate", campaign.pk))

    assert f"{page_of('campaigns_campaign', 'change', campaign.pk)}#at={place}" in window.content.decode()


def test_what_the_last_days_tell_has_a_link_too(shop):
    shop.order()
    shop.tell("O-1", "paid")
    fails = sms("a", text="{{ order.lines.first.name }}")
    campaign = save_draft(definition(asks(NAMED, yes=[fails], no=[sms("b")])))[0]

    part = signed_in(is_superuser=True).get(page_of("campaigns_campaign", "rehearsal", campaign.pk)).content.decode()

    assert "#at=/steps/0/branches/yes/0/params/text" in part
    assert "#at=/steps/0/branches/no/0" in part


def test_where_no_gateway_is_in_use_the_way_leads_to_where_one_is_connected(shop):
    campaign = save_draft(definition(sms()))[0]

    window = signed_in(is_superuser=True).get(page_of("campaigns_campaign", "activate", campaign.pk)).content.decode()

    assert page_of("campaigns_smsgateway") in window


def test_an_installation_that_reaches_nobody(shop):
    Workspace.objects.update(orders_enabled=False)
    raw = definition(sms())

    assert {c.code for c in find_cautions(raw, read_plan(raw))} == INSTALLATION


def test_a_trigger_that_is_rare(shop):
    for number in range(12):
        shop.order(f"O-{number}")
        shop.tell(f"O-{number}", "paid")

    assert more(sms(), trigger=trigger(came_from=["invoiced"], to=["paid"])) == [("rare_trigger", "/trigger")]
    assert more(sms()) == []


def test_a_text_that_cannot_be_made_for_the_orders_there_were(shop):
    for number in range(3):
        shop.order(f"O-{number}", lines=[{"name": "Lamp"}] if number else [])
        shop.tell(f"O-{number}", "paid")
    raw = definition(sms(text="{{ order.lines.first.name }}"))
    plan = read_plan(raw)

    [caution] = find_more(raw, plan, rehearse(plan))

    assert (caution.code, caution.pointer) == ("text_fails", "/steps/0/params/text")
    assert caution.detail.startswith("For 1 of the last 3 orders it cannot be made: ")


def test_a_step_nobody_came_to(shop):
    shop.order()
    shop.tell("O-1", "paid")
    nobody = asks(condition("order.external_id", "=", "other"), yes=[sms("a"), sms("b")])

    assert more(nobody) == [("nobody_came", "/steps/0/branches/yes/0")]


def test_what_is_asked_of_another_order_contradicts_no_trigger(shop):
    other = asks(condition("order.payment_status", "=", "invoiced"), yes=[sms()])
    other["params"]["rule"]["of"] = "another_order"

    assert found(other) == []


def test_statuses_that_are_waited_for_or_stop_it_have_their_places(shop, clock):
    retire(shop.statuses["shipped"], is_taken=True)
    inner = asks(condition("order.external_id", "=", "O-1"), yes=[wait_for("shipped", "nowhere")])

    told = found(inner, stop_on=[{"type": "delivery", "to": ["never", "shipped"]}])

    assert sorted(told) == [
        ("retired_status", "/steps/0/branches/yes/0"),
        ("retired_status", "/stop_on"),
        ("unknown_status", "/steps/0/branches/yes/0"),
        ("unknown_status", "/stop_on"),
    ]
