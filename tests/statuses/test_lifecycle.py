"""What becomes of a status that is not wanted any more."""

import pytest
from django.core.exceptions import ValidationError

from campaigns.lifecycle import save_draft
from statuses.lifecycle import Refusal, add_alias, begin_merge, change, delete, delete_unused, restore, retire
from statuses.models import OrderStatus, StatusAlias
from tests.campaigns.shop import definition, sms, trigger
from tests.factories import OrderFactory, StatusFactory

pytestmark = pytest.mark.django_db


def refused(do):
    with pytest.raises(Refusal) as refusal:
        do()
    return refusal.value.code


def test_a_retired_status_is_offered_no_more_and_can_be_restored():
    status = StatusFactory()

    retired = retire(status, is_taken=False)
    assert retired.is_retired
    assert not OrderStatus.objects.offered().exists()
    assert not OrderStatus.objects.get().is_taken_from_sources

    restore(status)
    assert OrderStatus.objects.offered().get().is_taken_from_sources


def test_whether_it_is_taken_can_be_chosen_again_without_losing_when_it_was_retired():
    first = retire(StatusFactory(), is_taken=True)

    again = retire(first, is_taken=False)

    assert again.retired_at == first.retired_at
    assert (first.revision, again.revision) == (2, 3)


def test_a_merge_is_asked_for_and_begins_once_it_is_committed():
    payed, paid = StatusFactory(code="payed"), StatusFactory(code="paid")

    merging = begin_merge(payed, paid)

    assert (merging.merging_into, merging.merged_into) == (paid, None)
    assert merging.is_retired


def test_a_merge_that_makes_no_sense_is_refused():
    one, other, payment = StatusFactory(), StatusFactory(), StatusFactory(type="payment")
    gone = retire(StatusFactory(), is_taken=True)

    assert refused(lambda: begin_merge(one, one)) == "same_status"
    assert refused(lambda: begin_merge(one, payment)) == "other_type"
    assert refused(lambda: begin_merge(one, gone)) == "target_retired"

    begin_merge(one, other)
    assert refused(lambda: begin_merge(one, other)) == "merged"
    assert refused(lambda: begin_merge(other, StatusFactory())) == "being_merged"
    assert refused(lambda: restore(one)) == "merged"
    assert refused(lambda: retire(one, is_taken=True)) == "merged"


def test_only_an_unused_status_is_deleted():
    used, unused = StatusFactory(), StatusFactory()
    OrderFactory(general_status=used)

    delete(unused)

    assert refused(lambda: delete(used)) == "status_in_use"
    assert list(OrderStatus.objects.all()) == [used]


def test_an_alias_of_an_unused_status_goes_with_it():
    status = StatusFactory()
    add_alias(status, "other")

    delete(status)

    assert not StatusAlias.objects.exists()


def test_an_alias_that_means_something_already_is_refused():
    status = StatusFactory(code="paid")
    StatusFactory(code="new")
    add_alias(status, "payed")

    assert refused(lambda: add_alias(status, "NEW")) == "status_exists"
    assert refused(lambda: add_alias(status, "Payed")) == "alias_exists"
    with pytest.raises(ValidationError):
        add_alias(status, "any")


def test_a_new_status_comes_after_all_others_of_its_type():
    first, second, of_another = StatusFactory(), StatusFactory(), StatusFactory(type="payment")

    assert (first.position, second.position, of_another.position) == (1, 2, 1)
    assert StatusFactory(position=7).position == 7
    assert StatusFactory().position == 8


def test_what_a_draft_names_by_its_code_alone_stays_too():
    named, unused = StatusFactory(code="paid", type="payment"), StatusFactory(code="lost", type="payment")
    save_draft(definition(sms(), trigger=trigger("payment", to=["paid"])))

    assert delete_unused([named.pk, unused.pk]) == [unused]
    assert refused(lambda: delete(named)) == "status_in_use"
    assert refused(lambda: change(named, {"code": "settled"})) == "status_in_use"


def test_a_status_is_not_merged_into_one_that_was_deleted_meanwhile():
    payed, paid = StatusFactory(code="payed"), StatusFactory(code="paid")
    OrderStatus.objects.filter(pk=paid.pk).delete()

    with pytest.raises(OrderStatus.DoesNotExist):
        begin_merge(payed, paid)
