"""Windows in which a status is retired, restored and merged, and who uses it."""

import pytest

from campaigns.lifecycle import activate, save_draft
from statuses.models import OrderStatus
from tests.campaigns.shop import asks, condition, definition, sms, trigger
from tests.factories import OrderFactory, StatusFactory
from tests.screens import HTMX, cost, done, holding, signed_in
from workspace.models import Workspace

pytestmark = pytest.mark.django_db

LIST = "/admin/statuses/orderstatus/"


@pytest.fixture
def admin():
    return signed_in(is_superuser=True)


def window(verb, status):
    return f"{LIST}{status.pk}/{verb}/"


def named(code):
    return OrderStatus.objects.get(code=code)


def test_it_is_retired_as_was_chosen_and_restored(admin):
    status = StatusFactory()

    admin.post(window("retire", status), {"taken": "no"}, headers=HTMX)
    retired = OrderStatus.objects.get()
    assert (retired.is_retired, retired.is_taken_from_sources) == (True, False)

    admin.post(window("restore", status), headers=HTMX)
    assert not OrderStatus.objects.get().is_retired
    assert [verb for verb, _changes in done()] == ["changed", "changed"]


def test_before_anything_is_done_it_says_who_uses_it(admin):
    Workspace.objects.update(orders_enabled=True)
    paid = StatusFactory(code="paid", type="payment")
    OrderFactory(payment_status=paid)
    activate(save_draft(definition(sms(), trigger=trigger(to=["PAID"])))[0])
    asked = asks(condition("order.payment_status", "in", ["paid"]), yes=[sms()])
    save_draft(definition(asked, code="draft", name="Later <soon>", trigger=trigger("delivery", to=["sent"])))

    page = admin.get(window("retire", paid), headers=HTMX).content.decode()

    assert "1 order stands in it" in page
    assert f"/admin/orders/order/?payment_status={paid.pk}" in page
    assert "Campaign “Thanks”" in page
    assert "Draft of the campaign “Later &lt;soon&gt;”" in page


def test_nobody_uses_it_is_said_too(admin):
    assert "No order stands in it" in admin.get(window("merge", StatusFactory()), headers=HTMX).content.decode()


def test_a_merge_is_offered_with_others_of_its_type_that_are_offered(admin, django_capture_on_commit_callbacks):
    payed, paid = StatusFactory(code="payed", type="payment"), StatusFactory(code="paid", type="payment")
    StatusFactory(type="delivery")
    order = OrderFactory(payment_status=payed)

    form = admin.get(window("merge", payed), headers=HTMX).context["form"]
    assert list(form.fields["into"].queryset) == [paid]

    with django_capture_on_commit_callbacks(execute=True):
        admin.post(window("merge", payed), {"into": paid.pk}, headers=HTMX)
    order.refresh_from_db()
    assert order.payment_status == paid
    assert named("payed").merged_into == paid
    assert "Merged into “Paid”" in admin.get(LIST).content.decode()


def test_what_cannot_be_done_is_told(admin):
    payed, paid = StatusFactory(code="payed"), StatusFactory(code="paid")
    admin.post(window("merge", payed), {"into": paid.pk})

    answer = admin.post(window("restore", payed), follow=True)

    assert "There is no way back." in answer.content.decode()


def test_a_choice_left_out_is_asked_for(admin):
    page = admin.post(window("merge", StatusFactory()), {"into": ""}, headers=HTMX).content.decode()

    assert "This field is required." in page


@pytest.mark.parametrize("verb", ["retire", "restore", "merge"])
def test_only_who_may_change_statuses_may(verb):
    status, marketer = StatusFactory(), holding("Marketer")

    assert marketer.post(window(verb, status), {"taken": "no"}).status_code == 403
    page = marketer.get(LIST).content.decode()
    assert "Offered" in page
    assert window(verb, status) not in page


def test_the_list_says_who_uses_each_at_the_same_cost_for_few_and_many(admin):
    Workspace.objects.update(orders_enabled=True)
    OrderFactory(general_status=StatusFactory())
    few = cost(admin, LIST)

    for _number in range(8):
        OrderFactory(general_status=StatusFactory())

    assert cost(admin, LIST) == few


def test_a_merge_tells_how_many_orders_are_left_to_who_may_know_of_orders(admin):
    payed, paid = StatusFactory(code="payed", type="payment"), StatusFactory(code="paid", type="payment")
    OrderFactory(payment_status=payed)
    OrderStatus.objects.filter(pk=payed.pk).update(merging_into=paid, retired_at="2026-05-01T12:00Z")
    integrator = holding("Integrator")

    assert "Being merged into “Paid”: 1 orders to go" in admin.get(window("standing", payed)).content.decode()
    assert "Being merged into “Paid”<" in integrator.get(window("standing", payed)).content.decode()
    assert "Orders now" not in integrator.get(LIST).content.decode()
