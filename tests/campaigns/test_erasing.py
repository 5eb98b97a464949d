"""An erased customer: nothing of the person is left in the whole database, and nothing reaches them any more."""

import threading
import time
import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone

from campaigns.books import audit
from campaigns.draining import drain
from campaigns.engine import advance
from campaigns.lifecycle import pause
from campaigns.models import IncomingText, Message, PhoneText, Receipt, Run
from campaigns.sms.gateways.base import Delivery, Incoming
from campaigns.sms.incoming import take_incoming
from campaigns.sms.receipts import take_receipts
from campaigns.sms.sending import send_due
from customers.attributes import Change, change
from customers.erasing import Reason, erase
from customers.models import Customer
from orders.models import Order, OrderDate, StatusTransition
from orders.said import Said
from orders.transitions import hear
from tests.callers import Caller
from tests.campaigns.shop import Shop, asks, condition, ending, later, message_of, sms, step, wait, webhook
from tests.factories import CustomerFactory
from tests.processes import meet
from tests.screens import HTMX, actions, holding, page_of, signed_in
from workspace import history
from workspace.database import lock_rows
from workspace.models import Action

pytestmark = pytest.mark.django_db

PHONE = "+1 602 555 0199"
# What is known of the person, each as it may stand somewhere.
PERSON = ("Zebedee", "Quagmire", "6025550199", "zq@example.org", "platinumzeb", "zebtag", "Elm Street 7", "Zeb's gift")


def traces():
    """(table, word) wherever anything of the person stands in a row of any table, as text."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if connection.vendor == "postgresql":
                cursor.execute(f'SELECT CAST(t AS text) FROM "{table}" t')
            else:
                columns = [c.name for c in connection.introspection.get_table_description(cursor, table)]
                whole = " || ' ' || ".join(f"COALESCE(CAST(\"{name}\" AS TEXT), '')" for name in columns)
                cursor.execute(f'SELECT {whole} FROM "{table}"')
            rows = [row for (row,) in cursor.fetchall()]
            found += [(table, word) for word in PERSON if any(word.lower() in row.lower() for row in rows)]
    return found


@pytest.fixture
def known(shop, receiver):
    """Whoever Zebedee is, by every way in which somebody becomes known here."""
    api = Caller.of(shop.source)
    receiver.endpoint.customer_fields = ["first_name", "phone", "email"]
    receiver.endpoint.save()
    shop.start(
        asks(
            condition("customer.first_name", "contains", "e"),
            yes=[
                sms(text="{{ customer.first_name }} {{ customer.attributes.level }}: {{ order.custom.note }}"),
                webhook(),
                step("change_customer", "keep", add_tags=["texted"]),
                wait(value=1, unit="days"),
                sms("reminder", text="Once more, {{ customer.first_name }}", purpose="marketing"),
            ],
        )
    )
    person = {
        "external_id": "C-1",
        "first_name": "Zebedee",
        "last_name": "Quagmire",
        "phone": PHONE,
        "email": "zq@example.org",
        "sms_consent": "given",
        "timezone": "Europe/Lisbon",
        "attributes": {"level": "platinumzeb"},
        "tags": ["zebtag"],
    }
    api.post("customers/", person, headers={"Idempotency-Key": "one"})
    order = {
        "external_id": "O-1",
        "customer": "C-1",
        "delivery": {"address": "Elm Street 7", "date": "2030-05-05"},
        "custom": {"note": "Zeb's gift"},
        "payment": {"holder": "Zebedee Quagmire"},
        "lines": [{"sku": "S-1", "name": "Lamp"}],
    }
    api.post("orders/", order, headers={"Idempotency-Key": "two"})
    shop.tell("O-1", "paid")
    drain()
    first = message_of(Run.objects.get())
    reason = Delivery("undelivered", reference=str(first.reference), reason="Zebedee is away")
    take_receipts(first.gateway, [reason])
    take_incoming("memory", [Incoming("1", PHONE, "Zebedee here: who is this?"), Incoming("2", PHONE, "STOP")])
    take_incoming("memory", [Incoming("3", PHONE, "START")])
    PhoneText.objects.create(reference=first.reference, to=first.phone, text=first.text)
    page = page_of("customers_customer", "change", Customer.objects.get().pk)
    signed_in(is_superuser=True).post(page, {"first_name": "Zebedee", "external_id": "C-1", "sms_consent": "given"})
    Customer.objects.update(last_name="Quagmire", phone_written=PHONE, phone="+16025550199", phone_kind="unknown")
    Customer.objects.update(email="zq@example.org", attributes={"level": "platinumzeb"}, tags=["zebtag"])
    return Customer.objects.get()


def erased(customer):
    return erase(customer, Reason.ASKED, history.COMMAND)


def test_before_it_is_erased_a_person_stands_in_many_places(known):
    assert {word for _table, word in traces()} == set(PERSON)
    assert {table for table, _word in traces()} >= {
        "customers_customer",
        "orders_order",
        "campaigns_message",
        "campaigns_incomingtext",
        "campaigns_phonetext",
        "workspace_keptanswer",
    }


def test_erased_nothing_of_the_person_is_left_anywhere(known):
    erased(known)
    drain()

    assert traces() == []


def test_what_happened_stays_and_the_books_hold(known):
    before = (Run.objects.count(), StatusTransition.objects.count(), Message.objects.count(), Receipt.objects.count())

    erased(known)
    drain()

    now = (Run.objects.count(), StatusTransition.objects.count(), Message.objects.count(), Receipt.objects.count())
    assert now == before
    assert Order.objects.get().lines == [{"sku": "S-1", "name": "Lamp"}]
    assert not OrderDate.objects.exists()
    assert (Customer.objects.get().external_id, str(Customer.objects.get())) == ("C-1", "C-1")
    assert audit()["unaccounted"] == 0


def test_texts_that_are_owed_are_skipped_and_say_why(shop, known, clock, memory):
    memory.clear()
    erased(known)

    later(clock, days=1)

    reminder = message_of(Run.objects.get(), "reminder")
    assert (reminder.state, reminder.skip_reason, reminder.text, reminder.phone) == ("skipped", "erased", "", "")
    assert ending(Run.objects.get()) == ("stopped", "erased")
    assert memory.taken == {}


def test_a_text_that_waited_for_the_morning_is_skipped_at_once(shop, clock, memory):
    shop.start(sms(deliver="outside_quiet_hours", text="{{ customer.first_name }}"))
    clock.shift(timedelta(hours=11))
    run = shop.pay("O-1")
    assert message_of(run).state == "pending"

    erased(run.customer)
    drain()

    assert (message_of(run).state, message_of(run).skip_reason, memory.taken) == ("skipped", "erased", {})


def test_a_text_in_a_workers_hand_is_taken_from_it(shop, memory):
    campaign = shop.start(sms(text="{{ customer.first_name }}"))
    run = shop.pay("O-1")
    soon = timezone.now() + timedelta(minutes=1)
    lease = "11111111-1111-1111-1111-111111111111"
    claimed = {"state": "claimed", "ended_at": None, "lease": lease, "leased_until": soon}
    Message.objects.update(**claimed, text="Ada, hello", phone="+16025550111")
    pause(campaign)

    erased(run.customer)

    message = message_of(run)
    assert (message.state, message.lease, message.text, message.phone) == ("pending", None, "", "")


def test_a_new_order_of_an_erased_customer_sends_nothing(shop, known, memory):
    erased(known)
    memory.clear()

    shop.order("O-2", customer=known, custom={"note": "x"})
    shop.tell("O-2", "paid")
    drain()

    assert memory.taken == {}


def test_what_is_told_of_them_later_is_refused(shop, known):
    erased(known)
    api = Caller.of(shop.source)

    one = api.patch("customers/C-1/", {"first_name": "Zebedee"})
    many = api.post("customers/bulk/", [{"external_id": "C-1", "phone": PHONE}, {"external_id": "C-2"}])

    assert (one.status_code, one.json()["errors"][0]["code"]) == (422, "erased")
    assert [item["code"] for item in many.json()["rejected_items"]] == ["erased"]
    assert traces() == []


def test_campaigns_write_nothing_on_them(known):
    erased(known)

    [answer] = change([Change(known.pk, add_tags=["vip"])])

    assert (answer.problem.code, Customer.objects.get().tags) == ("gone", [])


def test_no_code_can_fill_the_row_again(known):
    customer = erased(known)
    customer.first_name = "Zebedee"

    with pytest.raises(IntegrityError), transaction.atomic():
        customer.save()


def test_texts_of_others_stay(shop):
    shop.start(sms(text="{{ customer.first_name }}"))
    run, other = shop.pay("O-1"), shop.pay("O-2")
    take_incoming("memory", [Incoming("1", other.customer.phone, "Hello")])

    erased(run.customer)

    assert message_of(other).text
    assert IncomingText.objects.get().text == "Hello"


def test_a_new_customer_with_the_number_is_somebody_else(shop, known):
    erased(known)

    answer = Caller.of(shop.source).post("customers/", {"external_id": "C-2", "phone": PHONE})

    assert (answer.status_code, answer.json()["sms_consent"]) == (201, "unknown")


def test_erased_again_what_came_since_goes_too(shop, known):
    first = erased(known).erased_at
    Order.objects.update(delivery={"address": "Elm Street 7"})

    again = erased(known)

    assert again.erased_at == first
    assert traces() == []


# Who may, and what is kept of it


def test_over_the_api_with_a_reason(shop, known):
    api = Caller.of(shop.source, "customers:write")

    answer = api.post("customers/C-1/erase/", {"reason": "asked"})

    assert answer.status_code == 200
    assert (answer.json()["first_name"], answer.json()["phone"]) == ("", "")
    assert answer.json()["erased_at"] is not None
    action = Action.objects.get(verb="erased")
    assert (action.key_id, action.changes, action.object_id) == (api.key.pk, {"reason": [None, "asked"]}, str(known.pk))
    assert traces() == []


@pytest.mark.parametrize("body", [{}, {"reason": "because"}, {"reason": "asked", "name": "Zebedee"}])
def test_over_the_api_it_takes_one_of_the_reasons_and_no_words(shop, known, body):
    answer = Caller.of(shop.source).post("customers/C-1/erase/", body)

    assert answer.status_code == 422
    assert Customer.objects.get().erased_at is None


def test_test_keys_erase_nobody(shop, known):
    answer = Caller.of(shop.source, is_test=True).post("customers/C-1/erase/", {"reason": "asked"})

    assert (answer.status_code, answer.json()["code"]) == (403, "test_key")
    assert Customer.objects.get().erased_at is None


def test_an_administrator_erases_in_a_window(known):
    admin, page = holding("Administrator"), page_of("customers_customer", "change", known.pk)
    window = f"/admin/customers/customer/{known.pk}/erase/"
    assert window in admin.get(page).content.decode()
    assert "cannot be undone" in admin.get(window, headers=HTMX).content.decode()

    answer = admin.post(window, {"reason": "not_needed"}, headers=HTMX)

    assert answer.headers["HX-Redirect"] == page
    [action] = actions().filter(verb="erased")
    assert (action.user_id, action.changes) == (admin.user.pk, {"reason": [None, "not_needed"]})
    after = admin.get(page).content.decode()
    assert "nothing is kept of this customer" in after
    assert 'name="first_name"' not in after
    assert traces() == []


def test_whoever_does_not_see_the_number_erases_what_is_known_by_it(db):
    """As a role of somebody's own making may have it: they are shown two digits of it."""
    customer = CustomerFactory(phone_written=PHONE)
    PhoneText.objects.create(reference=uuid.uuid4(), to=customer.phone, text="A try for Zebedee")
    clerk = signed_in("customers.view_customer", "customers.erase_customer")

    clerk.post(f"/admin/customers/customer/{customer.pk}/erase/", {"reason": "asked"}, headers=HTMX)

    assert traces() == []


def test_without_a_reason_nobody_is_erased(known):
    holding("Administrator").post(f"/admin/customers/customer/{known.pk}/erase/", {}, headers=HTMX)

    assert Customer.objects.get().erased_at is None


def test_whoever_is_no_administrator_is_not_offered_it(known):
    operator = holding("Operator")

    assert "/erase/" not in operator.get(page_of("customers_customer", "change", known.pk)).content.decode()
    assert operator.post(f"/admin/customers/customer/{known.pk}/erase/", {"reason": "asked"}).status_code == 403
    assert Customer.objects.get().erased_at is None


def test_logs_name_nobody(known, capfd):
    erased(known)
    drain()

    told = "".join(capfd.readouterr())
    assert not [word for word in PERSON if word.lower() in told.lower()]


# Beside workers


def send_until_it_is_through():
    meet()
    while send_due() or Message.objects.filter(state="pending").exists():
        pass


def erase_all():
    meet()
    for customer in Customer.objects.order_by("pk"):
        erased(customer)


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
@pytest.mark.xdist_group("races")
def test_erased_beside_a_worker_that_sends_no_text_stays(pair, transactional_db):
    shop = Shop()
    shop.start(sms(text="{{ customer.first_name }}"))
    for number in range(300):
        shop.order(f"O-{number}", customer=CustomerFactory(first_name="Zebedee"))
    hear([Said(f"O-{number}", "payment", "paid") for number in range(300)], shop.source)
    while advance():
        pass

    pair.run((send_until_it_is_through,), (erase_all,))

    assert not Message.objects.exclude(text="", phone="").exists()
    assert set(Message.objects.values_list("state", "skip_reason")) <= {("accepted", ""), ("skipped", "erased")}
    assert not Customer.objects.filter(erased_at=None).exists()
    assert audit()["breaches"]["messages_in_no_place"] == 0


@pytest.mark.skipif(connection.vendor != "postgresql", reason="on SQLite who writes is alone")
@pytest.mark.django_db(transaction=True)
@pytest.mark.xdist_group("races")
def test_whoever_erases_takes_texts_in_the_order_of_workers(transactional_db):
    """So that neither of two waits for the other: one would lose what a gateway has just answered."""
    shop, customer = Shop(), CustomerFactory()
    shop.start(sms())
    for name in ("O-1", "O-2"):
        shop.order(name, customer=customer)
        shop.pay(name)
    first, second = Message.objects.order_by("pk")
    Message.objects.filter(pk=first.pk).update(gateway_id="late")  # now it lies behind the other, in indexes too
    has_first, lost = threading.Event(), []

    def write_answers():
        try:
            with transaction.atomic():
                list(lock_rows(Message.objects.filter(pk=first.pk)))
                has_first.set()
                time.sleep(0.5)
                list(lock_rows(Message.objects.filter(pk=second.pk)))
        except OperationalError as error:
            lost.append(error)
        finally:
            connection.close()

    worker = threading.Thread(target=write_answers)
    worker.start()
    has_first.wait(5)
    erased(customer)
    worker.join()

    assert lost == []
    assert set(Message.objects.values_list("text", "phone")) == {("", "")}
