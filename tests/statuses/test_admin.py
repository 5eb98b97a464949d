import pytest
from django.urls import reverse

from statuses.models import OrderStatus
from tests.factories import OrderFactory, StatusFactory
from tests.screens import HTMX, actions, cost, page_of, signed_in

pytestmark = pytest.mark.django_db

LIST = "/admin/statuses/orderstatus/"
WINDOW = f"{LIST}add-status/"
NEW = {"name": "Packed", "type": "delivery", "code": "packed", "include_in_analytics": "on"}


@pytest.fixture
def admin():
    return signed_in(is_superuser=True)


def test_the_list_costs_the_same_for_few_and_many(admin):
    StatusFactory()
    few = cost(admin, LIST)

    StatusFactory.create_batch(10)

    assert cost(admin, LIST) == few


def test_a_tab_shows_its_type_alone(admin):
    StatusFactory(name="Packed", type="delivery")
    StatusFactory(name="Refunded", type="payment")

    page = admin.get(LIST, {"type__exact": "payment"}).content.decode()

    assert "Refunded" in page
    assert "Packed" not in page


def test_the_window_takes_the_type_of_the_tab_it_was_opened_from(admin):
    headers = HTMX | {"HX-Current-URL": f"http://testserver{LIST}?type__exact=payment"}

    window = admin.get(WINDOW, headers=headers)

    assert window.context["form"].initial == {"type": "payment", "include_in_analytics": True}
    assert "<html" not in window.content.decode()


def test_without_a_script_the_window_is_a_page(admin):
    page = admin.get(WINDOW).content.decode()

    assert "<html" in page
    assert "Status property" in page


def test_a_saved_status_sends_the_window_back_to_its_list(admin):
    answer = admin.post(WINDOW, NEW, headers=HTMX)

    assert answer.headers["HX-Redirect"] == LIST
    assert OrderStatus.objects.get().code == "packed"
    assert actions().get().verb == "created"


def test_save_and_add_another_comes_back_empty_and_says_what_was_added(admin):
    answer = admin.post(WINDOW, NEW | {"_addanother": "1"}, headers=HTMX)

    assert "HX-Redirect" not in answer.headers
    assert answer.headers["HX-Trigger"] == "os-saved"
    assert "“Packed” was added to Delivery" in answer.content.decode()
    assert answer.context["form"].initial["type"] == "delivery"


def test_an_error_stands_beside_its_field_and_nothing_typed_is_lost(admin):
    StatusFactory(type="delivery", code="PACKED")

    answer = admin.post(WINDOW, NEW, headers=HTMX)

    assert answer.context["form"].errors == {"code": ["A status of this type already has this code."]}
    assert 'value="Packed"' in answer.content.decode()
    assert 'aria-describedby="id_code_error"' in answer.content.decode()


def test_the_switch_sets_what_was_asked_for(admin):
    status = StatusFactory(include_in_analytics=False)

    answer = admin.post(f"{LIST}{status.pk}/analytics/", {"on": "false"})

    status.refresh_from_db()
    assert not status.include_in_analytics
    assert 'aria-checked="false"' in answer.content.decode()


def test_the_switch_is_not_for_those_who_only_look():
    status = StatusFactory()
    viewer = signed_in("statuses.view_orderstatus")

    assert viewer.post(f"{LIST}{status.pk}/analytics/", {"on": "false"}).status_code == 403
    assert viewer.get(WINDOW).status_code == 403
    assert "Add status" not in viewer.get(LIST).content.decode()


def test_type_and_code_are_fixed_once_used(admin):
    status = StatusFactory(type="payment", code="paid")
    OrderFactory(payment_status=status)

    admin.post(
        page_of("statuses_orderstatus", "change", status.pk), {"name": "Paid up", "type": "general", "code": "x"}
    )

    status.refresh_from_db()
    assert (status.name, status.type, status.code) == ("Paid up", "payment", "paid")


def test_an_unused_status_may_get_another_code_and_keeps_its_type(admin):
    status = StatusFactory(type="payment", code="paid")
    form = {"name": "Paid", "type": "general", "code": "settled"}

    admin.post(page_of("statuses_orderstatus", "change", status.pk), form)

    status.refresh_from_db()
    assert (status.type, status.code) == ("payment", "settled")


def test_a_used_status_stays_and_the_person_is_told_why(admin):
    status = StatusFactory(type="payment", name="Paid")
    OrderFactory(payment_status=status)

    page = admin.post(page_of("statuses_orderstatus", "delete", status.pk), {"post": "yes"}, follow=True)

    assert OrderStatus.objects.filter(pk=status.pk).exists()
    assert "“Paid” is used by orders" in page.content.decode()


def test_an_unused_status_can_be_deleted(admin):
    status = StatusFactory()

    admin.post(reverse("admin:statuses_orderstatus_delete", args=[status.pk]), {"post": "yes"})

    assert not OrderStatus.objects.exists()
