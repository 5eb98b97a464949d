"""What people write to us: kept once, and a keyword is obeyed with proof."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.admin import site
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from campaigns.models import IncomingText, Message
from campaigns.sms.gateways.base import Incoming, Refused
from campaigns.sms.incoming import take_incoming
from customers.models import Customer
from customers.upserts import read_customer, upsert_customers
from tests.campaigns.shop import NOON, ending, message_of, sms
from tests.factories import CustomerFactory
from tests.processes import meet
from tests.screens import page_of, signed_in
from workspace.models import Workspace

pytestmark = pytest.mark.django_db

EARLIER = NOON - timedelta(minutes=3)
PHONE = "+16025550124"


@pytest.fixture(autouse=True)
def _at_noon(clock):
    """As the texts tell it."""


@pytest.fixture
def ada():
    return CustomerFactory(phone_written="+1 602 555 0124")


def write(text, *, id="t-1", phone=PHONE, at=EARLIER):
    return take_incoming("acme", [Incoming(id, phone, text, at)])


def consent_of(customer):
    customer.refresh_from_db()
    return (customer.sms_consent, customer.sms_consent_source, customer.sms_consent_at)


def kept():
    return IncomingText.objects.get()


@pytest.mark.parametrize("text", ["STOP", "stop", " Stop. ", "Unsubscribe", "opt out", "СТОП", "отписаться!"])
def test_stop_refuses_with_proof(ada, text):
    assert write(text) == 1

    assert consent_of(ada) == ("refused", f"sms:{kept().pk}", EARLIER)
    assert (kept().meaning, kept().text, kept().phone, kept().occurred_at, kept().received_at) == (
        "stop",
        text,
        PHONE,
        EARLIER,
        NOON,
    )


@pytest.mark.parametrize("text", ["START", "unstop", "Старт"])
def test_start_gives_it_back(ada, text):
    write("STOP", at=EARLIER - timedelta(days=1))

    write(text, id="t-2")

    start = IncomingText.objects.get(gateway_id="t-2")
    assert consent_of(ada) == ("given", f"sms:{start.pk}", EARLIER)


@pytest.mark.parametrize("text", ["Stop please", "don't stop", "stopped", "Is it here?", "YES", "да", "", "👍"])
def test_any_other_text_is_kept_and_changes_nothing(ada, text):
    write(text)

    assert (kept().meaning, kept().text) == ("other", text)
    assert list(kept().customers.all()) == [ada]
    assert consent_of(ada) == ("unknown", "", None)


def test_a_text_that_no_database_takes_is_obeyed_all_the_same(ada):
    write("stop\x00\ud800")

    assert (kept().meaning, kept().text) == ("stop", "stop\ufffd?")


def test_the_words_are_the_installations_own(ada):
    Workspace.objects.update(stop_words="Basta\nStop please", start_words="YES")

    write("stop PLEASE!")
    write("STOP", id="t-2")

    assert [text.meaning for text in IncomingText.objects.order_by("pk")] == ["stop", "other"]
    assert consent_of(ada)[0] == "refused"


# Whose it is


def test_everyone_with_that_number_is_meant(ada):
    bob = CustomerFactory(phone_written="(602) 555-0124")
    eve = CustomerFactory(phone_written="+1 602 555 0199")

    write("STOP")

    assert [consent_of(one)[0] for one in (ada, bob, eve)] == ["refused", "refused", "unknown"]
    assert list(kept().customers.order_by("pk")) == [ada, bob]


@pytest.mark.parametrize("phone", ["16025550124", "+1 (602) 555-0124", "tel:+16025550124"])
def test_a_number_is_read_however_the_provider_writes_it(ada, phone):
    write("STOP", phone=phone)

    assert consent_of(ada)[0] == "refused"
    assert kept().phone == PHONE


@pytest.mark.parametrize("phone", ["12345", "ACME", "", "\x00", "x" * 100])
def test_what_is_no_number_is_nobodys(ada, phone):
    nobody = CustomerFactory(phone_written="")

    assert write("STOP", phone=phone) == 1

    assert [consent_of(one)[0] for one in (ada, nobody)] == ["unknown", "unknown"]
    assert not kept().customers.exists()


# Who gets the number later


def bring(*rows, consent_told_at=None):
    """As a file does, or a call if consents are told as of a moment."""
    return [
        upserted.outcome
        for upserted in upsert_customers(
            [read_customer(row) for row in rows], told_by="shop", consent_told_at=consent_told_at
        )
    ]


def consent_of_new(external_id="C-NEW"):
    return consent_of(Customer.objects.get(external_id=external_id))


def proof():
    return f"sms:{kept().pk}"


NEW = {"external_id": "C-NEW", "phone": "(602) 555-0124"}
LATER = NOON + timedelta(minutes=1)


def test_who_comes_with_a_number_that_texted_stop_has_refused():
    write("STOP")

    assert bring(NEW) == ["created"]

    assert consent_of_new() == ("refused", proof(), EARLIER)


def test_who_gets_the_number_of_a_stop_has_refused():
    grace = CustomerFactory(external_id="C-NEW", phone_written="+1 602 555 0199", sms_consent="given")
    write("STOP")

    assert bring(NEW) == ["changed"]

    assert consent_of(grace) == ("refused", proof(), EARLIER)


def test_a_start_gives_consent_to_who_comes_with_its_number():
    write("START")

    bring(NEW)

    assert consent_of_new() == ("given", proof(), EARLIER)


def test_of_all_that_was_texted_before_the_newest_holds():
    write("START", id="t-1", at=EARLIER + timedelta(seconds=1))
    write("STOP", id="t-2", at=EARLIER)
    write("Hello", id="t-3", at=NOON)

    bring(NEW)

    start = IncomingText.objects.get(gateway_id="t-1")
    assert consent_of_new() == ("given", f"sms:{start.pk}", EARLIER + timedelta(seconds=1))


@pytest.mark.parametrize("told_at", [None, LATER], ids=["file", "call"])
def test_a_consent_told_without_a_time_does_not_lift_the_stop_of_its_number(told_at):
    write("STOP")

    bring({**NEW, "sms_consent": "given"}, consent_told_at=told_at)

    assert consent_of_new() == ("refused", proof(), EARLIER)


def test_a_newer_consent_holds_against_the_stop_of_its_number():
    write("STOP", at=EARLIER)

    bring({**NEW, "sms_consent": "given", "sms_consent_at": NOON.isoformat()})

    assert consent_of_new() == ("given", "shop", NOON)


def test_who_had_given_consent_since_keeps_it_with_a_number_that_texted_stop():
    write("STOP")
    grace = CustomerFactory(
        external_id="C-NEW", phone_written="", sms_consent="given", sms_consent_source="shop", sms_consent_at=NOON
    )

    bring(NEW)

    assert consent_of(grace) == ("given", "shop", NOON)


def test_a_number_written_another_way_brings_back_nothing_lifted_since(ada):
    write("STOP")
    told = {"sms_consent": "given", "sms_consent_at": NOON.isoformat()}
    bring({"external_id": ada.external_id, **told})

    bring({"external_id": ada.external_id, "phone": "602-555-0124"})

    assert consent_of(ada) == ("given", "shop", NOON)


def test_another_number_is_not_meant():
    write("STOP")

    bring({"external_id": "C-NEW", "phone": "+1 602 555 0199"}, {"external_id": "C-NONE", "phone": "ask reception"})

    assert consent_of_new() == consent_of_new("C-NONE") == ("unknown", "", None)


def test_a_text_that_was_emptied_for_an_erased_customer_means_nobody():
    write("STOP")
    IncomingText.objects.update(phone="", text="")

    bring(NEW, {"external_id": "C-NONE", "phone": ""})

    assert consent_of_new() == consent_of_new("C-NONE") == ("unknown", "", None)


def type_in(admin, page, **typed):
    form = {"phone_written": "+1 602 555 0124", "sms_consent": "unknown", **typed}
    shown = {"initial-phone_written": "", "initial-sms_consent": "unknown"}
    assert admin.post(page, form | shown).status_code == 302


def test_a_customer_added_in_the_admin_with_such_a_number_has_refused():
    write("STOP")

    type_in(signed_in(is_superuser=True), page_of("customers_customer", "add"), external_id="C-NEW")

    assert consent_of_new() == ("refused", proof(), EARLIER)


def test_a_customer_given_such_a_number_in_the_admin_has_refused():
    grace = CustomerFactory(phone_written="")
    write("STOP")

    type_in(signed_in(is_superuser=True), page_of("customers_customer", "change", grace.pk))

    assert consent_of(grace) == ("refused", proof(), EARLIER)


def test_what_was_said_meanwhile_is_not_undone_by_a_number_given_in_the_admin(monkeypatch):
    """Of who had refused by a newer call, after the form had read the row, an older START means nothing."""
    grace = CustomerFactory(phone_written="")
    write("START")

    def refuse_first(request, customer, *args):
        Customer.objects.update(sms_consent="refused", sms_consent_source="shop", sms_consent_at=NOON)
        save_model(request, customer, *args)

    screen = site._registry[Customer]
    save_model = screen.save_model
    monkeypatch.setattr(screen, "save_model", refuse_first)

    type_in(signed_in(is_superuser=True), page_of("customers_customer", "change", grace.pk))

    assert consent_of(grace) == ("refused", "shop", NOON)


def test_a_person_who_says_given_in_the_admin_knows_better():
    admin = signed_in(is_superuser=True)
    write("STOP")

    type_in(admin, page_of("customers_customer", "add"), external_id="C-NEW", sms_consent="given")

    assert consent_of_new() == ("given", admin.user.username, NOON)


@pytest.mark.parametrize("texted", [True, False])
def test_bringing_numbers_costs_the_same_for_few_and_many(texted):
    if texted:
        take_incoming("acme", [Incoming(f"t-{n:02d}", f"+1602555{100 + n:04d}", "STOP") for n in range(50)])

    def cost_of(numbers):
        rows = [{"external_id": f"C-{n}", "phone": f"+1 602 555 {100 + n:04d}"} for n in numbers]
        with CaptureQueriesContext(connection) as queries:
            bring(*rows)
        return len(queries)

    assert cost_of(range(2)) == cost_of(range(2, 50))
    assert Customer.objects.filter(sms_consent="refused").count() == (50 if texted else 0)


def test_a_file_loaded_again_asks_nothing_of_its_numbers():
    bring(NEW)

    with CaptureQueriesContext(connection) as queries:
        assert bring(NEW) == ["unchanged"]

    assert not [query for query in queries if "incomingtext" in query["sql"]]


# When it was written


def test_an_older_text_changes_nothing(ada):
    Customer.objects.update(sms_consent="given", sms_consent_source="shop", sms_consent_at=NOON)

    write("STOP")

    assert consent_of(ada) == ("given", "shop", NOON)
    assert kept().meaning == "stop"


@pytest.mark.parametrize("order", [1, -1])
def test_the_newest_text_holds_in_whatever_order_they_come(ada, order):
    told = [
        Incoming("t-1", PHONE, "START", EARLIER),
        Incoming("t-2", PHONE, "STOP", EARLIER + timedelta(seconds=1)),
    ]

    for one in told[::order]:
        take_incoming("acme", [one])

    assert consent_of(ada)[0] == "refused"


def test_a_list_of_both_ends_as_if_they_came_one_by_one(ada):
    take_incoming("acme", [Incoming("t-2", PHONE, "STOP", NOON), Incoming("t-1", PHONE, "START", EARLIER)])

    assert consent_of(ada)[::2] == ("refused", NOON)


def test_a_refusal_without_a_time_stands_against_older_texts(ada):
    Customer.objects.update(sms_consent="refused", updated_at=NOON)

    write("START")

    assert consent_of(ada)[0] == "refused"


def test_a_text_without_a_time_was_written_when_it_is_heard(ada):
    write("STOP", at=None)

    assert consent_of(ada)[2] == NOON


def test_a_text_from_the_future_was_not(ada):
    write("STOP", at=NOON + timedelta(days=1))

    assert consent_of(ada)[2] == NOON


# Told again


def test_a_consent_told_by_a_clock_that_is_ahead_does_not_outlast_a_stop(ada):
    Customer.objects.update(sms_consent="given", sms_consent_at=NOON + timedelta(minutes=4))

    write("STOP", at=NOON)

    assert consent_of(ada)[0] == "refused"


def test_told_again_it_is_one_and_changes_nothing(ada):
    write("STOP")
    Customer.objects.update(sms_consent="given", sms_consent_source="shop", sms_consent_at=EARLIER)

    assert write("STOP") == 0

    assert IncomingText.objects.count() == 1
    assert consent_of(ada)[0] == "given"


def test_twice_in_one_list_it_is_one(ada):
    assert take_incoming("acme", [Incoming("t-1", PHONE, "STOP"), Incoming("t-1", PHONE, "STOP")]) == 1


def test_the_same_id_of_another_gateway_is_another_text(ada):
    write("STOP")

    assert take_incoming("other", [Incoming("t-1", PHONE, "Hello")]) == 1
    assert IncomingText.objects.count() == 2


def test_where_there_are_no_ids_the_same_words_at_the_same_moment_are_the_same_text(ada):
    assert [write("Hello", id=""), write("Hello", id=""), write("Hello?", id="")] == [1, 0, 1]
    assert write("Hello", id="", at=NOON) == 1


# What comes of it


def test_who_texted_stop_gets_no_more_messages(shop, ada):
    shop.start(sms())
    write("STOP")

    run = shop.pay(customer=ada)

    assert message_of(run).skip_reason == "refused"
    assert ending(run) == ("stopped", "refused")


def test_who_told_the_gateway_so_is_not_texted_again(shop, memory, ada):
    """Twilio's error 21610, and the like."""
    shop.start(sms())
    memory.says[PHONE] = Refused("21610: Attempt to send to unsubscribed recipient", opted_out=True)

    first = message_of(shop.pay("O-1", customer=ada))
    second = message_of(shop.pay("O-2", customer=ada))

    assert (first.state, first.error) == ("rejected", "21610: Attempt to send to unsubscribed recipient")
    assert consent_of(ada) == ("refused", f"gateway:memory:{first.pk}", NOON)
    assert (second.state, second.skip_reason) == ("skipped", "refused")
    assert Message.objects.count() == 2


def cost(texts):
    with CaptureQueriesContext(connection) as queries:
        assert take_incoming("acme", texts) == len(texts)
    return len(queries)


def test_a_list_of_any_length_costs_the_same():
    for n in range(60):
        CustomerFactory(phone_written=f"+1 602 555 {100 + n:04d}")
    texts = [Incoming(f"t-{n:02d}", f"+1602555{100 + n:04d}", "STOP") for n in range(60)]

    assert cost(texts[:2]) == cost(texts[2:])
    assert Customer.objects.filter(sms_consent="refused").count() == 60


def take_at_once(rounds, since):
    new = 0
    for turn in range(rounds):
        meet()
        texts = [
            Incoming(f"t-{turn}-{n}", PHONE, ("STOP", "START")[n % 2], since + timedelta(seconds=3 * turn + n))
            for n in range(3)
        ]
        new += take_incoming("acme", texts)
    return new


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
@pytest.mark.xdist_group("races")
def test_the_same_text_told_to_two_processes_counts_once(pair, ada):
    now = int(time_machine.escape_hatch.time.time())
    since = datetime.fromtimestamp(now - 3600, UTC)

    new = pair.run((take_at_once, 20, since), (take_at_once, 20, since))

    assert sum(new) == IncomingText.objects.count() == 60
    assert ada.incoming_texts.count() == 60
    assert consent_of(ada)[::2] == ("refused", since + timedelta(seconds=59))


def write_stops(rounds):
    for turn in range(rounds):
        meet()
        take_incoming("acme", [Incoming(f"t-{turn}", f"+1602555{100 + turn:04d}", "STOP")])


def bring_customers(rounds):
    for turn in range(rounds):
        meet()
        bring({"external_id": f"C-{turn}", "phone": f"+1 602 555 {100 + turn:04d}"})


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
@pytest.mark.xdist_group("races")
def test_a_stop_is_not_lost_on_a_customer_who_comes_at_that_moment(pair):
    pair.run((write_stops, 60), (bring_customers, 60))

    assert set(Customer.objects.values_list("sms_consent", flat=True)) == {"refused"}


def hold_meanwhile(external_id):
    with transaction.atomic():
        Customer.objects.select_for_update().get(external_id=external_id)
        meet()
        meet()


def give_number_in_the_admin(pk):
    admin = signed_in(is_superuser=True)
    admin.defaults["HTTP_HOST"] = "localhost"
    meet()
    type_in(admin, page_of("customers_customer", "change", pk))
    meet()


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
@pytest.mark.xdist_group("races")
def test_a_number_given_in_the_admin_waits_for_nobody_else_who_has_it(pair):
    """A call that has locked that one and goes on to this one would wait for the admin, and the admin for it."""
    write("STOP")
    CustomerFactory(external_id="C-OTHER", phone_written="+1 602 555 0124")
    customer = CustomerFactory(external_id="C-NEW", phone_written="")

    pair.run((hold_meanwhile, "C-OTHER"), (give_number_in_the_admin, customer.pk))

    assert consent_of_new() == ("refused", proof(), EARLIER)
