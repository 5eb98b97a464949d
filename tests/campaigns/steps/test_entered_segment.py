import pytest

from analytics import counting, lists, segments
from analytics.models import Crossing, Segment
from analytics.segment_usages import usages
from campaigns import crossed
from campaigns.books import audit
from campaigns.draining import drain
from campaigns.lifecycle import activate, end, save_draft
from campaigns.models import Run
from campaigns.steps.triggers import entered_segment, left_segment
from campaigns.story import tell
from campaigns.sweeping import sweep
from customers.models import Customer
from tests.campaigns.shop import asks, condition, definition, ending, later, message_of, sms
from tests.factories import CustomerFactory
from workspace.models import Workspace

pytestmark = pytest.mark.django_db

GERMANS = {"combinator": "and", "rules": [{"field": "customer.language", "operator": "=", "value": "de"}]}
ENTERED = {"kind": "entered_segment", "params": {"segment": "germans"}}
LEFT = {"kind": "left_segment", "params": {"segment": "germans"}}


@pytest.fixture
def germans():
    segment = segments.create(code="germans", name="Germans", rule=GERMANS)
    counting.refresh(segment)
    return segment


def speak(language, customer):
    Customer.objects.filter(pk=customer.pk).update(language=language)


def count(segment):
    """And tell campaigns of it, as a worker does at once."""
    counting.refresh(segment)
    tell_campaigns()


def tell_campaigns():
    while crossed.start_next():
        pass


def runs():
    return list(Run.objects.order_by("pk").values_list("customer__external_id", "order__external_id"))


@pytest.mark.parametrize("kind", [entered_segment.KIND, left_segment.KIND])
@pytest.mark.parametrize(
    ("params", "fields"),
    [
        ({"segment": "germans"}, []),
        ({}, ["/segment"]),
        ({"segment": ["a"]}, ["/segment"]),
        ({"segment": "x" * 65}, ["/segment"]),
    ],
)
def test_what_it_takes(kind, params, fields):
    assert [problem.field for problem in kind.form(params).problems()] == fields


def test_it_says_when_it_starts_also_half_done():
    names = {("segments", "germans"): "Germans"}

    assert entered_segment.KIND.says({"segment": "germans"}, names) == "When a customer enters the segment “Germans”"
    assert left_segment.KIND.says({}, names) == "When a customer leaves the segment …"


def test_a_customer_who_enters_starts_it_with_their_last_order(shop, clock, germans):
    shop.start(sms(text="{{ order.external_id }}"), trigger=ENTERED)
    customer = CustomerFactory(external_id="anna", language="fr")
    shop.order("O-1", customer=customer)
    later(clock, minutes=5)
    shop.order("O-2", customer=customer)
    later(clock, minutes=5)

    speak("de", customer)
    count(germans)

    run = Run.objects.get()
    assert run.occasion == f"entered:{Crossing.objects.get().pk}"
    drain()
    assert message_of(run).text == "O-2"
    assert tell(run)[0].startswith("The customer had entered the segment “germans” ")
    assert audit()["unaccounted"] == 0


def test_a_customer_who_leaves_starts_it(shop, clock, germans):
    customer = shop.order("O-1", customer=CustomerFactory(external_id="anna", language="de")).customer
    count(germans)
    shop.start(sms(), trigger=LEFT)
    later(clock, hours=1)

    speak("fr", customer)
    count(germans)

    assert runs() == [("anna", "O-1")]
    assert Run.objects.get().occasion == f"left:{Crossing.objects.get(has_entered=False).pk}"


def test_who_was_in_it_when_the_campaign_began_did_not_enter(shop, clock, germans):
    shop.order("O-1", customer=CustomerFactory(external_id="anna", language="de"))
    count(germans)
    later(clock, minutes=1)
    shop.start(sms(), trigger=ENTERED)
    later(clock, hours=2)
    count(germans)
    sweep()

    assert runs() == []
    assert audit()["unaccounted"] == 0


def test_a_changed_rule_starts_nobody(shop, clock, germans):
    shop.start(sms(), trigger=ENTERED)
    shop.order("O-1", customer=CustomerFactory(language="fr"))
    later(clock, minutes=1)
    french = {"combinator": "and", "rules": [{"field": "customer.language", "operator": "=", "value": "fr"}]}

    segments.change(germans, name="Germans", rule=french)
    count(germans)

    assert runs() == []


def test_who_has_no_order_is_not_let_in_and_that_is_told(shop, clock, germans):
    shop.start(sms(), trigger=ENTERED)
    later(clock, minutes=1)
    CustomerFactory(external_id="anna", language="de")

    count(germans)
    drain()

    run = Run.objects.get()
    assert ending(run) == ("declined", "no_order")
    assert tell(run)[-1] == "It was not let in: the customer had no order to speak of."
    assert audit()["unaccounted"] == 0


def test_who_enters_again_starts_it_again_if_the_campaign_lets_them(shop, clock, germans):
    shop.start(sms(), trigger=ENTERED)
    customer = shop.order("O-1", customer=CustomerFactory(external_id="anna", language="fr")).customer
    for language in ("de", "fr", "de"):
        later(clock, minutes=10)
        speak(language, customer)
        count(germans)

    assert runs() == [("anna", "O-1"), ("anna", "O-1")]


def test_whoever_is_put_on_a_list_enters(shop, clock):
    friends = segments.create(code="germans", name="Friends")
    shop.start(sms(), trigger=ENTERED)
    shop.order("O-1", customer=CustomerFactory(external_id="anna"))
    later(clock, minutes=1)

    lists.add(friends, ["anna"])
    assert runs() == []
    tell_campaigns()

    assert runs() == [("anna", "O-1")]


def test_a_count_starts_each_once_whoever_looks_again(shop, clock, germans):
    shop.start(sms(), trigger=ENTERED)
    later(clock, minutes=1)
    for number in range(5):
        shop.order(f"O-{number}", customer=CustomerFactory(language="de"))

    count(germans)
    sweep()
    later(clock, hours=2)

    assert len(runs()) == 5
    assert audit()["unaccounted"] == 0


def test_what_a_count_did_not_start_a_sweep_finds(shop, clock, germans, monkeypatch):
    shop.start(sms(), trigger=ENTERED)
    later(clock, minutes=1)
    shop.order("O-1", customer=CustomerFactory(external_id="anna", language="de"))
    monkeypatch.setattr("campaigns.crossed.note", lambda *_args: None)

    count(germans)
    assert runs() == []
    sweep()

    assert runs() == [("anna", "O-1")]


def test_the_books_miss_a_run_that_is_gone(shop, clock, germans):
    shop.start(sms(), trigger=ENTERED)
    later(clock, minutes=1)
    shop.order("O-1", customer=CustomerFactory(external_id="anna", language="de"))
    count(germans)
    later(clock, hours=2)
    assert audit()["unaccounted"] == 0

    Run.objects.all().update(occasion="entered:0")

    assert audit()["breaches"]["missing_runs"] == 1


def test_while_orders_is_off_nobody_starts_anything(shop, clock, germans):
    shop.start(sms(), trigger=ENTERED)
    later(clock, minutes=1)
    Workspace.objects.update(orders_enabled=False)
    shop.order("O-1", customer=CustomerFactory(language="de"))

    count(germans)

    assert runs() == []


def test_asked_to_reach_back_it_takes_who_entered_before(shop, clock, germans):
    for number in range(3):
        shop.order(f"O-{number}", customer=CustomerFactory(language="de"))
    CustomerFactory(language="de")
    count(germans)
    later(clock, hours=1)

    campaign, _is_new = save_draft(definition(sms(), trigger=ENTERED))
    activate(campaign, from_the_beginning=True)
    drain()

    assert len(runs()) == 4
    assert audit()["unaccounted"] == 0


def test_a_segment_that_a_campaign_begins_with_or_asks_about_is_used_by_it(shop, germans):
    campaign = shop.start(sms(), trigger=ENTERED)
    asking = asks(condition("customer.segments", "anyOf", ["germans"]), yes=[sms()])
    save_draft(definition(asking, code="asking"))

    told = [use.text for use in usages([germans])[germans.pk]]

    assert sorted(told) == ["Campaign “Thanks”", "Draft of the campaign “Thanks”"]
    with pytest.raises(segments.Refusal):
        segments.delete(germans)
    end(campaign)
    assert Segment.objects.exists()


def test_a_segment_that_is_not_there_yet_is_told_before_activation(shop):
    campaign, _is_new = save_draft(definition(sms(), trigger=ENTERED))

    cautions = activate(campaign).cautions

    assert [one.detail for one in cautions if one.code == "unknown_segment"] == [
        "There is no segment “germans” yet: nobody is in it until there is."
    ]
