import pytest

from orders.by_hand import change_status
from orders.models import Order, StatusTransition
from orders.said import Said
from orders.transitions import hear
from tests.factories import CustomerFactory, OrderFactory, SourceFactory, StatusFactory
from tests.screens import HTMX, actions, cost, page_of, signed_in, turn_orders_on
from workspace.models import Workspace
from workspace.roles import PERSONAL_DATA

pytestmark = pytest.mark.django_db

LISTS = ["orders_order", "orders_statuschange", "orders_statustransition"]


@pytest.fixture(autouse=True)
def _orders_on():
    turn_orders_on()


@pytest.fixture
def admin():
    return signed_in(is_superuser=True)


@pytest.fixture
def paid():
    return StatusFactory(type="payment", code="paid", name="Paid")


@pytest.fixture
def invoiced():
    return StatusFactory(type="payment", code="invoiced", name="Invoice issued")


def moved_orders(number):
    shop = SourceFactory()
    orders = OrderFactory.create_batch(number)
    hear([Said(order.external_id, "payment", "paid") for order in orders], shop)
    return orders


def change(order, client, to, seen):
    address = page_of("orders_order", "change_status", order.pk, "payment")
    return client.post(address, {"to": to.pk, "seen": seen}, headers=HTMX)


@pytest.mark.usefixtures("paid")
@pytest.mark.parametrize("model", LISTS)
def test_a_list_costs_the_same_for_few_and_many(admin, model):
    moved_orders(2)
    few = cost(admin, page_of(model))

    moved_orders(20)

    assert cost(admin, page_of(model)) == few


@pytest.mark.usefixtures("paid")
@pytest.mark.parametrize("model", LISTS)
def test_a_list_counts_no_rows(admin, model, django_assert_num_queries):
    moved_orders(2)

    with django_assert_num_queries(cost(admin, page_of(model))) as queries:
        admin.get(page_of(model))

    assert not [query for query in queries.captured_queries if "COUNT(" in query["sql"] and "LIMIT" not in query["sql"]]


@pytest.mark.parametrize("model", LISTS)
def test_without_orders_its_screens_are_gone(admin, model):
    Workspace.objects.update(orders_enabled=False)

    assert admin.get(page_of(model)).status_code == 403


@pytest.mark.usefixtures("paid")
def test_an_orders_page_costs_the_same_however_much_happened(admin, invoiced):
    [order] = moved_orders(1)
    short = cost(admin, page_of("orders_order", "change", order.pk))

    for at in range(6):
        hear([Said(order.external_id, "payment", ("invoiced", "paid")[at % 2])], SourceFactory())

    assert cost(admin, page_of("orders_order", "change", order.pk)) == short


@pytest.mark.usefixtures("paid")
def test_an_orders_page_tells_what_happened_and_holds_no_form_of_statuses(admin):
    [order] = moved_orders(1)

    page = admin.get(page_of("orders_order", "change", order.pk)).content.decode()

    assert "Payment became Paid" in page
    assert "Told by Shop" in page
    assert "payment_status" not in page


def test_changing_a_status_records_who_did_it(admin, paid, invoiced):
    order = OrderFactory(payment_status=invoiced)

    answer = change(order, admin, paid, invoiced.pk)

    assert answer.headers["HX-Redirect"] == page_of("orders_order", "change", order.pk)
    newest = StatusTransition.objects.first()
    assert (newest.from_status, newest.to_status, newest.actor_id) == (invoiced, paid, admin.user.pk)
    assert newest.silent_because == ""
    assert not actions().exists()  # it is the ledger's


def test_who_saw_another_status_is_told_and_nothing_moves(admin, paid, invoiced):
    order = OrderFactory(payment_status=invoiced)
    refunded = StatusFactory(type="payment", name="Refunded")
    change_status(order.pk, paid, seen=invoiced.pk, actor_id=None)

    answer = change(order, admin, refunded, invoiced.pk)

    assert "This order is now Paid; you saw Invoice issued." in answer.content.decode()
    assert Order.objects.get().payment_status == paid
    assert f'name="seen" value="{paid.pk}"' in answer.content.decode()


def test_who_saw_none_is_told_of_the_first(admin, paid, invoiced):
    order = OrderFactory(payment_status=invoiced)

    answer = change(order, admin, paid, "")

    assert "you saw without a status" in answer.content.decode()


def test_a_status_of_another_type_is_no_choice(admin, invoiced):
    order = OrderFactory(payment_status=invoiced)

    answer = change(order, admin, StatusFactory(type="delivery"), invoiced.pk)

    assert answer.context["form"].errors["to"]


def test_who_may_only_look_changes_nothing(paid, invoiced):
    order = OrderFactory(payment_status=invoiced)
    viewer = signed_in("orders.view_order")

    assert "Change status" not in viewer.get(page_of("orders_order", "change", order.pk)).content.decode()
    assert change(order, viewer, paid, invoiced.pk).status_code == 403


@pytest.mark.parametrize("verb", ["changelist", "change"])
def test_who_may_not_see_customers_reads_their_ids_alone(verb):
    order = OrderFactory(customer=CustomerFactory(external_id="C-77", first_name="Grace"))
    address = page_of("orders_order", verb, *([order.pk] if verb == "change" else []))

    without = signed_in("orders.view_order", PERSONAL_DATA).get(address).content.decode()
    having = signed_in("orders.view_order", PERSONAL_DATA, "customers.view_customer").get(address).content.decode()

    assert "C-77" in without
    assert "Grace" not in without
    assert "Grace" in having


def test_who_may_not_see_customers_finds_no_order_by_a_phone():
    order = OrderFactory(customer=CustomerFactory(phone_written="+1 602 555 0177", last_name="Hopper"))

    blind = signed_in("orders.view_order", PERSONAL_DATA)
    seeing = signed_in("orders.view_order", PERSONAL_DATA, "customers.view_customer")
    for sought in ("+16025550177", "Hopper"):
        without = blind.get(page_of("orders_order"), {"q": sought})
        having = seeing.get(page_of("orders_order"), {"q": sought})

        assert order.external_id not in without.content.decode()
        assert order.external_id in having.content.decode()


@pytest.mark.usefixtures("paid")
@pytest.mark.parametrize("model", LISTS)
def test_rows_are_only_read(admin, model):
    moved_orders(1)
    pk = {"orders_order": Order, "orders_statustransition": StatusTransition}.get(model, Order).objects.first().pk

    assert admin.get(page_of(model, "add")).status_code == (200 if model == "orders_order" else 403)
    assert admin.post(page_of(model, "delete", pk), {"post": "yes"}).status_code in (302, 403)
    assert Order.objects.count() == 1
    assert StatusTransition.objects.count() == 1


@pytest.mark.usefixtures("paid")
def test_what_was_received_and_what_moved_have_pages(admin):
    [order] = moved_orders(1)
    move = StatusTransition.objects.get()

    assert order.external_id in admin.get(page_of("orders_statuschange", "change", move.change_id)).content.decode()
    assert "none → Paid" in admin.get(page_of("orders_statustransition", "change", move.pk)).content.decode()


def add(client, **written):
    return client.post(page_of("orders_order", "add"), {"external_id": "BY-PHONE-1"} | written)


def test_an_order_is_added_by_hand_with_its_statuses(admin, paid):
    customer = CustomerFactory()

    answer = add(admin, customer=customer.external_id, total="12.30", payment_status=paid.pk)

    order = Order.objects.get(external_id="BY-PHONE-1")
    assert answer.url == page_of("orders_order", "change", order.pk)
    assert (order.customer, order.total_minor, order.currency) == (customer, 1230, "EUR")
    move = StatusTransition.objects.get(order=order)
    assert (move.to_status, move.actor_id, move.silent_because) == (paid, admin.user.pk, "")
    assert actions().values_list("verb", "object_label").get() == ("created", "BY-PHONE-1")


def test_a_customer_added_on_the_way_to_an_order_leads_on_to_it(admin):
    written = {"external_id": "Ada & Co", "language": "en", "sms_consent": "given"}

    answer = admin.post(f"{page_of('customers_customer', 'add')}?for=order", written)

    assert answer.url == f"{page_of('orders_order', 'add')}?customer=Ada+%26+Co"
    assert 'value="Ada &amp; Co"' in admin.get(answer.url).content.decode()


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({"customer": "nobody"}, "There is no customer with this id."),
        ({"total": "12.345"}, "EUR has 2 decimals"),
        ({"external_id": " "}, "This field is required."),
    ],
)
def test_an_order_added_by_hand_is_refused_with_what_to_mend(admin, written, told):
    assert told in add(admin, **written).content.decode()
    assert not Order.objects.exists()


def test_who_sees_no_names_is_offered_none_with_an_order():
    CustomerFactory(first_name="Ada", external_id="C-7")
    rights = ("orders.view_order", "orders.add_order", "customers.view_customer")

    offered = signed_in(*rights).get(page_of("orders_order", "add")).content.decode()

    assert 'id="customers"' in offered
    assert "C-7" not in offered
    assert "C-7" in signed_in(*rights, PERSONAL_DATA).get(page_of("orders_order", "add")).content.decode()
