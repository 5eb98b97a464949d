import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.forms import modelform_factory

from statuses.models import OrderStatus, StatusAlias, TypeIsFixed
from tests.factories import OrderFactory, SourceFactory, StatusFactory
from workspace.models import Source

pytestmark = pytest.mark.django_db


def found(code, type="general"):
    return OrderStatus.objects.with_code(type, code).exists()


@pytest.mark.parametrize(
    ("code", "asked"), [("Paid", "pAID"), ("Оплачен", "ОПЛАЧЕН"), ("größe", "GRÖSSE"), ("x", " X ")]
)
def test_a_code_is_found_in_any_case_and_keeps_its_spelling(code, asked):
    StatusFactory(code=code)

    assert OrderStatus.objects.with_code("general", asked).get().code == code


def test_a_code_is_found_within_its_type_only():
    StatusFactory(code="new", type="delivery")

    assert not found("new")


@pytest.mark.parametrize(("code", "same"), [("paid", "PAID"), ("оплачен", "ОПЛАЧЕН")])
def test_a_code_is_unique_within_its_type_in_any_case(code, same):
    StatusFactory(code=code)

    StatusFactory(code=same, type="payment")
    with pytest.raises(IntegrityError), transaction.atomic():
        StatusFactory(code=same)


def test_a_form_is_told_that_a_code_is_taken():
    StatusFactory(code="paid")
    form = modelform_factory(OrderStatus, fields=["type", "name", "code", "position"])(
        {"type": "general", "name": "Paid", "code": "PAID", "position": 0}
    )

    assert form.errors == {"__all__": ["A status of this type already has this code."]}


@pytest.mark.parametrize("code", ["any", "ANY_existing", " None", "none"])
def test_words_of_campaigns_are_no_codes(code):
    with pytest.raises(ValidationError, match="means something of its own"):
        StatusFactory.build(code=code).full_clean()


def test_a_type_is_one_of_three():
    with pytest.raises(IntegrityError), transaction.atomic():
        StatusFactory(type="mood")


def change_type(status):
    status.type = "payment"
    status.save()


def change_type_alone(status):
    status.type = "payment"
    status.save(update_fields=["type"])


def overwrite(status):
    OrderStatus(pk=status.pk, type="payment", name="x", code="x", created_at=status.created_at).save()


def change_type_in_bulk(status):
    status.type = "payment"
    OrderStatus.objects.bulk_update([status], ["type"])


def upsert_in_bulk(status):
    row = OrderStatus(pk=status.pk, type="payment", name="x", code="x")
    OrderStatus.objects.bulk_create([row], update_conflicts=True, unique_fields=["id"], update_fields=["type"])


@pytest.mark.parametrize(
    "change",
    [
        change_type,
        change_type_alone,
        overwrite,
        change_type_in_bulk,
        upsert_in_bulk,
        lambda status: OrderStatus.objects.update(type="payment"),
        lambda status: OrderStatus.objects.update_or_create(pk=status.pk, defaults={"type": "payment"}),
    ],
)
def test_a_status_keeps_its_type(change):
    status = StatusFactory(type="general")

    with pytest.raises(TypeIsFixed, match="Make another status"):
        change(status)

    assert OrderStatus.objects.get().type == "general"


def test_a_form_is_told_that_a_type_is_fixed():
    status = StatusFactory(type="general")
    form = modelform_factory(OrderStatus, fields=["type"])({"type": "payment"}, instance=status)

    assert form.errors == {"type": ["A status keeps its type. Add another status of the other type instead."]}


def test_all_else_of_a_status_may_change():
    status = StatusFactory(type="general", code="old", name="Old")

    status.code, status.name = "new", "New"
    status.save()
    OrderStatus.objects.update(position=3)

    assert OrderStatus.objects.values_list("type", "code", "name", "position").get() == ("general", "new", "New", 3)


def test_a_longest_code_fits_whatever_its_case_does_to_it():
    StatusFactory(code="ΐ" * 64)

    assert found("ΐ" * 64)


@pytest.mark.parametrize("how", [{}, {"update_fields": ["code"]}])
def test_a_renamed_code_is_found_by_its_new_name_alone(how):
    status = StatusFactory(code="old")

    status.code = "new"
    status.save(**how)

    assert found("new")
    assert not found("old")


def test_missing_statuses_are_added_once_and_named_after_their_codes():
    StatusFactory(code="paid", type="payment")

    added = OrderStatus.objects.add_missing(
        [("payment", "PAID"), ("general", "in_progress"), ("general", "In_Progress")]
    )

    assert [(status.type, status.code, status.name) for status in added] == [("general", "in_progress", "In progress")]
    assert OrderStatus.objects.count() == 2


def test_a_form_is_told_beside_the_code_that_it_is_an_alias():
    StatusAlias.objects.create(status=StatusFactory(code="paid", name="Paid"), type="general", code="ok")
    form = modelform_factory(OrderStatus, fields=["type", "name", "code", "position"])(
        {"type": "general", "name": "OK", "code": "OK", "position": 0}
    )

    assert form.errors == {"code": ["“ok” is another code of “Paid”. Choose another, or take it from there first."]}


def test_a_code_that_says_nothing_to_us_is_no_code_of_a_status():
    StatusAlias.objects.create(type="general", code="ping")

    with pytest.raises(ValidationError, match="says nothing to us"):
        StatusFactory.build(code="PING").full_clean()


def test_what_one_source_means_by_a_code_keeps_nobody_from_it():
    StatusAlias.objects.create(type="general", code="ping", source=SourceFactory())

    StatusFactory.build(code="ping").full_clean()


def test_a_form_that_leaves_the_type_out_is_told_that_a_code_is_taken():
    StatusFactory(code="paid")
    form = modelform_factory(OrderStatus, fields=["code"])({"code": "PAID"}, instance=StatusFactory(code="ok"))

    assert form.errors == {"__all__": ["A status of this type already has this code."]}


@pytest.mark.parametrize("source", [None, "load"])
def test_a_code_that_an_alias_knows_is_not_missing(source):
    load = Source.objects.get(pk=Source.LOAD_ID)
    StatusAlias.objects.create(
        status=StatusFactory(code="paid"), type="general", code="ok", source=load if source else None
    )
    StatusAlias.objects.create(type="general", code="ping", source=load)
    StatusAlias.objects.create(type="general", code="other", source=SourceFactory())

    added = OrderStatus.objects.add_missing([("general", "OK"), ("general", "Ping"), ("general", "other")], load)

    assert [status.code for status in added] == ["other"]


def test_another_code_alone_is_no_use_of_a_status():
    status = StatusFactory()
    StatusAlias.objects.create(status=status, type="general", code="ok")

    assert not status.is_used()
    assert list(OrderStatus.objects.unused()) == [status]


def test_what_an_order_stands_in_is_used():
    status = StatusFactory(type="payment")
    OrderFactory(payment_status=status)
    free = StatusFactory()

    assert list(OrderStatus.objects.unused()) == [free]
