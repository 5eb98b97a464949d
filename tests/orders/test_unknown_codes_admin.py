"""A person says what a code means when a source sends it."""

import pytest
from django.urls import reverse

from orders.models import Order, StatusChange, StatusTransition, UnknownCode
from orders.said import Said
from orders.transitions import hear
from statuses.models import OrderStatus, StatusAlias
from tests.factories import OrderFactory, SourceFactory, StatusFactory
from tests.screens import HTMX, cost, done, holding, signed_in
from workspace.models import Workspace

pytestmark = pytest.mark.django_db

LIST = "/admin/orders/unknowncode/"


@pytest.fixture
def admin():
    return signed_in(is_superuser=True)


@pytest.fixture
def unknown(db):
    Workspace.objects.update(orders_enabled=True)
    StatusFactory(code="sent", type="delivery")
    OrderFactory(external_id="O-1", customer=None)
    hear([Said("O-1", "delivery", "<dispatched>", event_id="1")], SourceFactory(name="Web shop"))
    return UnknownCode.objects.get()


def window(unknown):
    return reverse("admin:orders_unknowncode_meaning", args=[unknown.pk])


def say(client, unknown, **said):
    return client.post(window(unknown), {"waiting": "silently", **said}, headers=HTMX)


def test_the_list_tells_what_came_how_often_and_what_waits(admin, unknown):
    page = admin.get(LIST).content.decode()

    assert "&lt;dispatched&gt;" in page
    assert "Web shop" in page
    assert "Unknown codes (1)" in page


def test_the_window_says_what_would_be_applied(admin, unknown):
    assert "Changes that wait for it: 1, of which 1 may start campaigns." in admin.get(
        window(unknown), headers=HTMX
    ).content.decode().replace("&quot;", '"')


@pytest.mark.parametrize(("waiting", "because"), [("silently", "history"), ("firing", "")])
def test_it_is_mapped_for_its_source_and_what_waited_is_applied(admin, unknown, waiting, because):
    sent = OrderStatus.objects.get()

    answer = say(admin, unknown, meaning="map", status=sent.pk, waiting=waiting)

    assert answer.headers["HX-Redirect"] == LIST
    assert StatusAlias.objects.get().status == sent
    assert Order.objects.get().delivery_status == sent
    assert StatusTransition.objects.get().silent_because == because
    assert [verb for verb, _changes in done()] == ["created"]


def test_a_status_is_made_of_it(admin, unknown):
    say(admin, unknown, meaning="create", name="Dispatched")

    assert Order.objects.get().delivery_status.name == "Dispatched"
    assert not UnknownCode.objects.exists()


def test_it_is_ignored(admin, unknown):
    say(admin, unknown, meaning="ignore")

    assert StatusChange.objects.get().verdict == "ignored"
    assert "There are no unknown codes yet." in admin.get(LIST).content.decode()


def test_the_page_of_an_order_tells_of_an_ignored_change(admin, unknown):
    say(admin, unknown, meaning="ignore")

    page = admin.get(reverse("admin:orders_order_change", args=[Order.objects.get().pk])).content.decode()
    assert "“&lt;dispatched&gt;” says nothing here" in page


def test_what_is_left_out_is_asked_for(admin, unknown):
    page = say(admin, unknown, meaning="map").content.decode()

    assert "Choose the status that it means." in page
    assert UnknownCode.objects.exists()


def test_somebody_who_was_quicker_is_told_of(admin, unknown):
    StatusAlias.objects.bulk_create(
        [StatusAlias(source=unknown.source, type="delivery", code=unknown.code, code_key=unknown.code_key)]
    )

    page = say(admin, unknown, meaning="ignore").content.decode()

    assert "Somebody has just said what it means." in page


def test_an_integrator_maps_and_makes_no_status(unknown):
    integrator = holding("Integrator")

    page = integrator.get(window(unknown), headers=HTMX).content.decode()
    assert "A new status with this code" not in page
    assert "meaning" in say(integrator, unknown, meaning="create").context["form"].errors
    say(integrator, unknown, meaning="ignore")
    assert not UnknownCode.objects.exists()


def test_others_do_not_see_them(unknown):
    marketer = holding("Marketer")

    assert [marketer.get(LIST).status_code, marketer.get(window(unknown)).status_code] == [403, 403]
    assert "Unknown codes" not in marketer.get("/admin/statuses/orderstatus/").content.decode()


def test_the_list_costs_the_same_for_few_and_many(admin, unknown):
    few = cost(admin, LIST)

    hear([Said("O-1", "delivery", f"x{n}", event_id=f"x{n}") for n in range(12)], SourceFactory())

    assert cost(admin, LIST) == few


def test_whoever_comes_too_late_is_told_so(admin, unknown):
    say(admin, unknown, meaning="ignore")

    answer = say(admin, unknown, meaning="ignore")

    assert answer.headers["HX-Redirect"] == LIST
    assert "Somebody has just said what it means." in admin.get(LIST).content.decode()


@pytest.mark.parametrize(("times", "told"), [(1, "sent it once, for"), (2, "sent it 2 times, last for")])
def test_the_window_says_how_often_it_came(admin, unknown, times, told):
    UnknownCode.objects.update(times=times)

    assert f"Web shop {told} the order O-1." in admin.get(window(unknown), headers=HTMX).content.decode()
