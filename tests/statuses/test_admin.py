import json
import re

import pytest
from django.db.models.signals import pre_save
from django.urls import reverse

from campaigns.lifecycle import save_draft
from statuses import lifecycle
from statuses.models import OrderStatus, StatusAlias
from tests.campaigns.shop import asks, condition, definition, sms, trigger
from tests.factories import OrderFactory, SourceFactory, StatusFactory
from tests.screens import HTMX, actions, cost, done, holding, page_of, signed_in
from workspace.models import User

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


def test_the_orders_of_a_page_are_counted_by_a_request_of_its_own_at_the_same_cost(admin):
    """On a million of them it takes longer than a list may."""
    few = [StatusFactory(type=type) for type in ("general", "delivery", "payment")]
    OrderFactory(payment_status=few[2])
    address = f"{LIST}orders/?of=" + ",".join(str(status.pk) for status in few)
    told = admin.get(address).content.decode()
    before = cost(admin, address)

    more = [OrderFactory(general_status=StatusFactory()).general_status_id for _number in range(10)]

    assert re.findall(r'id="orders-\d+"[^>]*>(\d+)<', told) == ["0", "0", "1"]
    assert f"/admin/orders/order/?payment_status={few[2].pk}" in told
    assert cost(admin, address + "".join(f",{pk}" for pk in more)) == before


def test_types_come_as_people_read_them_and_statuses_as_they_were_put(admin):
    for type, code, position in (
        ("payment", "paid", 1),
        ("delivery", "sent", 2),
        ("delivery", "packed", 1),
        ("general", "new", 1),
    ):
        StatusFactory(type=type, code=code, position=position)

    page = admin.get(LIST).content.decode()

    assert re.findall(r"<code>(\w+)</code>", page) == ["new", "packed", "sent", "paid"]


@pytest.mark.parametrize("name", ["Оплачен", "تم الشحن", "🎉 Доставлен 🎉", "<script>alert(1)</script>", "x" * 200])
def test_a_name_of_any_script_is_shown_as_it_is_among_five_hundred_and_found_in_any_case(admin, name):
    OrderStatus.objects.bulk_create(
        OrderStatus(type="general", code=f"s{n}", code_key=f"s{n}", name=f"S {n}", position=n + 1) for n in range(500)
    )
    StatusFactory(name=name, code="wanted", type="delivery")

    page = admin.get(LIST, {"q": name.upper()}).content.decode()

    assert re.findall(r"<code>(\w+)</code>", page) == ["wanted"]
    assert "<script>alert" not in page


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


def test_of_two_who_add_a_code_in_the_same_second_the_second_is_told(admin):
    """The first comes between the look whether the code is taken and the save."""

    def first(**_kwargs):
        pre_save.disconnect(first, OrderStatus)
        StatusFactory(type="delivery", code="Packed")

    pre_save.connect(first, OrderStatus)

    answer = admin.post(WINDOW, NEW, headers=HTMX)

    assert answer.context["form"].errors == {"code": ["A status of this type already has this code."]}


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("PAID", "A status of this type already has this code."),
        ("settled", "is another code of “Paid”"),
        ("None", "means something of its own in campaigns"),
        ("x" * 65, "at most 64 characters"),
        (" sent ", "The spaces at its ends are left out."),
        ("all gone", "It has a space within"),
        ("", "No code could be made of this name."),
        ("a\x00b", "Null characters are not allowed."),
        ("sent", ""),
    ],
)
def test_a_code_is_judged_before_it_is_saved(admin, code, told):
    StatusAlias.objects.create(status=StatusFactory(type="payment", code="paid"), type="payment", code="settled")

    said = admin.get(f"{LIST}code/", {"type": "payment", "code": code, "name": "🎉"}).content.decode()

    assert told in said if told else not said.strip()


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


def form_of(admin, status):
    """What the window would send, as it was opened."""
    form = admin.get(page_of("statuses_orderstatus", "change", status.pk), headers=HTMX).context["form"]
    return {name: form[name].value() for name in form.fields} | {"include_in_analytics": "on"}


def save(admin, status, form):
    return admin.post(page_of("statuses_orderstatus", "change", status.pk), form, headers=HTMX)


def test_what_somebody_else_changed_meanwhile_is_shown_beside_what_was_typed(admin):
    status = StatusFactory(type="payment", code="paid", name="Paid")
    mine = form_of(admin, status) | {"name": "Paid up"}
    lifecycle.change(status, {"name": "Settled", "colour": "green"})

    answer = save(admin, status, mine)

    told = [(each.label, each.now, each.yours) for each in answer.context["told"]]
    assert told == [("Name", "Settled", "Paid up"), ("Colour", "Green", None)]
    status.refresh_from_db()
    assert (status.name, status.revision) == ("Settled", 2)
    again = {name: field.value() for name, field in ((n, answer.context["form"][n]) for n in mine)}
    assert (again["name"], again["colour"], again["revision"]) == ("Paid up", "green", 2)
    save(admin, status, again | {"include_in_analytics": "on"})
    status.refresh_from_db()
    assert (status.name, status.colour, status.revision) == ("Paid up", "green", 3)


def test_who_edits_has_nothing_to_be_told_of_another_place(admin):
    status, _other = StatusFactory(name="Paid"), StatusFactory()
    mine = form_of(admin, status) | {"name": "Paid up"}
    admin.post(f"{LIST}{status.pk}/place/", {"by": "1"})

    assert save(admin, status, mine).headers["HX-Redirect"] == LIST
    status.refresh_from_db()
    assert (status.name, status.position) == ("Paid up", 2)


def test_the_switch_counts_as_a_change(admin):
    status = StatusFactory()
    mine = form_of(admin, status) | {"name": "Other"}

    admin.post(f"{LIST}{status.pk}/analytics/", {"on": "false"})

    assert [each.label for each in save(admin, status, mine).context["told"]] == ["Include in analytics"]


@pytest.mark.parametrize("seen", ["", "no JSON", "[]", '{"name": 1}'])
def test_a_form_that_does_not_say_what_it_saw_overwrites_nothing(admin, seen):
    status = StatusFactory(name="Paid")
    mine = form_of(admin, status) | {"name": "Paid up", "seen": seen}
    lifecycle.change(status, {"colour": "green"})

    answer = save(admin, status, mine)

    assert "Somebody else changed it while you did." in answer.content.decode()
    status.refresh_from_db()
    assert (status.name, status.colour) == ("Paid", "green")


def test_a_code_that_a_draft_or_a_source_names_is_fixed_and_it_says_where(admin):
    paid, sent = StatusFactory(code="paid", type="payment"), StatusFactory(code="sent", type="delivery", name="Sent")
    asked = asks(condition("order.payment_status", "in", ["paid"]), yes=[sms()])
    save_draft(definition(asked, name="Later", trigger=trigger("delivery", to=["gone"])))
    StatusAlias.objects.create(source=SourceFactory(name="Web shop"), type="delivery", code="dispatched", status=sent)

    for status, where in ((paid, "Draft of the campaign “Later”"), (sent, "Web shop sends “dispatched” for it")):
        window = admin.get(page_of("statuses_orderstatus", "change", status.pk), headers=HTMX)
        assert where in window.content.decode()
        save(admin, status, form_of(admin, status) | {"code": "other"})
        status.refresh_from_db()
        assert status.code != "other"


def test_whoever_may_not_change_a_status_looks_at_it():
    status, marketer = StatusFactory(), holding("Marketer")
    address = page_of("statuses_orderstatus", "change", status.pk)

    window = marketer.get(address, headers=HTMX).content.decode()

    assert "Close" in window
    assert 'type="submit"' not in window
    assert marketer.post(address, {"name": "x"}).status_code == 403


def test_a_status_that_was_deleted_meanwhile_is_told_of(admin):
    status = StatusFactory()
    mine = form_of(admin, status)
    status.delete()

    answer = save(admin, OrderStatus(pk=10**6), mine)

    assert answer.headers["HX-Redirect"] == LIST
    assert "somebody deleted it" in admin.get(LIST).content.decode()


def test_a_status_is_put_beside_another_and_that_is_written_down(admin):
    first, second, third = (StatusFactory(type="payment", name=name) for name in ("One", "Two", "Three"))

    answer = admin.post(f"{LIST}{third.pk}/place/", {"before": first.pk})

    assert json.loads(answer.content) == {"said": "“Three” is now 1 of 3 in Payment.", "moved": True}
    assert list(OrderStatus.objects.all()) == [third, first, second]
    assert done() == [("changed", {"position": [3, 1]})]


def test_a_status_is_put_nowhere_by_nonsense_or_by_others(admin):
    status, other = StatusFactory(type="payment"), StatusFactory(type="general")
    place = f"{LIST}{status.pk}/place/"

    assert [admin.post(place, said).status_code for said in ({}, {"by": "x"}, {"after": other.pk})] == [400, 400, 409]
    assert holding("Marketer").post(place, {"by": "1"}).status_code == 403
    assert "can be put only among the statuses of its type" in admin.get(LIST).content.decode()


def test_a_used_status_stays_and_the_person_is_told_why(admin):
    status = StatusFactory(type="payment", name="Paid")
    OrderFactory(payment_status=status)

    page = admin.post(page_of("statuses_orderstatus", "delete", status.pk), {"post": "yes"}, follow=True)

    assert OrderStatus.objects.filter(pk=status.pk).exists()
    assert "“Paid” is used by orders" in page.content.decode()


def test_a_status_that_only_a_draft_names_stays(admin):
    status = StatusFactory(code="paid", type="payment")
    save_draft(definition(sms(), name="Later", trigger=trigger("payment", to=["paid"])))

    window = admin.get(page_of("statuses_orderstatus", "delete", status.pk), headers=HTMX).content.decode()
    admin.post(page_of("statuses_orderstatus", "delete", status.pk))

    assert "Draft of the campaign “Later”" in window
    assert OrderStatus.objects.filter(pk=status.pk).exists()


def test_other_codes_of_a_status_go_with_it_and_that_is_said(admin):
    status = StatusFactory(code="paid", type="payment")
    StatusAlias.objects.create(source=SourceFactory(name="Web shop"), type="payment", code="ok", status=status)

    window = admin.get(page_of("statuses_orderstatus", "delete", status.pk), headers=HTMX).content.decode()
    admin.post(page_of("statuses_orderstatus", "delete", status.pk))

    assert "Gone with it:" in window
    assert "Web shop sends “ok” for it" in window
    assert not StatusAlias.objects.exists()


def test_an_unused_status_can_be_deleted(admin):
    status = StatusFactory()

    admin.post(reverse("admin:statuses_orderstatus_delete", args=[status.pk]), {"post": "yes"})

    assert not OrderStatus.objects.exists()


@pytest.mark.parametrize("window", ["retire", "restore", "merge"])
def test_a_status_that_is_deleted_before_its_window_opens_is_told_of(admin, window):
    answer = admin.get(f"{LIST}1000000/{window}/", headers=HTMX)

    assert answer.headers["HX-Redirect"] == LIST
    assert "somebody deleted it" in admin.get(LIST).content.decode()


def test_what_was_seen_may_be_nonsense(admin):
    status = StatusFactory(name="Paid")

    answer = save(admin, status, {**form_of(admin, status), "name": "Payed", "revision": "7", "seen": "[" * 100_000})

    assert "Somebody else changed it while you did." in answer.content.decode()


def test_in_russian_too_it_is_a_status_that_is_deleted(admin):
    User.objects.filter(pk=admin.user.pk).update(language="ru")
    status = StatusFactory(name="Оплачен")

    window = admin.get(page_of("statuses_orderstatus", "delete", status.pk), headers=HTMX).content.decode()

    assert "Удалить статус «Оплачен»?" in window
