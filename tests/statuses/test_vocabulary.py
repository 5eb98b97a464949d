"""What a code means, and to whom."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from statuses.models import StatusAlias, TypeIsFixed
from statuses.vocabulary import Meaning, Vocabulary, Words, read_vocabulary
from tests.factories import SourceFactory, StatusFactory

pytestmark = pytest.mark.django_db


def merge(status, into):
    status.merged_into, status.retired_at = into, timezone.now()
    status.save()


def test_a_code_means_its_status_to_every_source_in_any_case():
    paid = StatusFactory(code="Paid", type="payment")

    vocabulary = read_vocabulary(["PAID", "nonsense"])

    assert vocabulary.find(1, "payment", "paid") == Meaning(paid.pk)
    assert vocabulary.find(1, "general", "paid") is None
    assert not vocabulary.knows(1, "payment", "nonsense")


def test_a_source_has_words_of_its_own():
    shop, other = SourceFactory(), SourceFactory()
    new, fresh = StatusFactory(code="new"), StatusFactory(code="fresh")
    StatusAlias.objects.create(source=shop, type="general", code="New", status=fresh)

    vocabulary = read_vocabulary(["new"])

    assert vocabulary.find(shop.pk, "general", "new") == Meaning(fresh.pk)
    assert vocabulary.find(other.pk, "general", "new") == Meaning(new.pk)


def test_an_alias_for_every_source_gives_way_to_a_status_with_that_code():
    new, fresh = StatusFactory(code="new"), StatusFactory(code="fresh")
    StatusAlias.objects.create(type="general", code="neu", status=new)
    StatusAlias.objects.create(type="general", code="fresh", status=new)

    vocabulary = read_vocabulary(["neu", "fresh"])

    assert vocabulary.find(1, "general", "neu") == Meaning(new.pk)
    assert vocabulary.find(1, "general", "fresh") == Meaning(fresh.pk)


def test_a_code_may_say_nothing():
    shop = SourceFactory()
    StatusAlias.objects.create(source=shop, type="general", code="draft", status=None)

    assert read_vocabulary(["draft"]).find(shop.pk, "general", "draft") == Meaning(None)


def test_what_is_retired_is_taken_or_refused_as_was_chosen():
    StatusFactory(code="old", retired_at=timezone.now())
    StatusFactory(code="older", retired_at=timezone.now(), is_taken_from_sources=False)

    vocabulary = read_vocabulary(["old", "older"])

    assert vocabulary.find(1, "general", "old").is_taken
    assert not vocabulary.find(1, "general", "older").is_taken


def test_the_code_of_what_was_merged_means_what_it_was_merged_into():
    paid, payed = StatusFactory(code="paid"), StatusFactory(code="payed")
    StatusAlias.objects.create(type="general", code="pd", status=payed)
    merge(payed, paid)

    vocabulary = read_vocabulary(["payed", "pd"])

    assert vocabulary.find(1, "general", "payed") == vocabulary.find(1, "general", "pd") == Meaning(paid.pk)


def test_reading_it_is_one_query_or_none(django_assert_num_queries):
    StatusFactory(code="paid")

    with django_assert_num_queries(1):
        read_vocabulary(["paid", "other"])
    with django_assert_num_queries(0):
        assert read_vocabulary([]) == Vocabulary()


def test_all_words_are_read_at_once_with_what_was_renamed(django_assert_num_queries):
    paid, payed = StatusFactory(code="Paid", type="payment"), StatusFactory(code="payed", type="payment")
    merge(payed, paid)

    with django_assert_num_queries(1):
        words = Words()

    assert words[payed.pk].stands_for_id == paid.pk
    assert words.renamed == {("payment", "payed"): "paid"}


def test_an_alias_is_one_for_each_source_and_one_for_all():
    shop, status = SourceFactory(), StatusFactory()
    for source in (shop, None):
        StatusAlias.objects.create(source=source, type="general", code="x", status=status)
        with pytest.raises(IntegrityError), transaction.atomic():
            StatusAlias.objects.create(source=source, type="general", code="X", status=status)


def test_an_alias_is_of_the_type_of_its_status():
    with pytest.raises(TypeIsFixed):
        StatusAlias.objects.create(type="payment", code="x", status=StatusFactory(type="general"))
