import pytest

from analytics import lists, segments
from analytics.models import Crossing, Member
from customers.erasing import Reason, erase
from tests.factories import CustomerFactory, OrderFactory
from workspace.database import is_postgresql
from workspace.files import BadFile
from workspace.history import COMMAND

pytestmark = pytest.mark.django_db


@pytest.fixture
def friends():
    return segments.create(code="friends", name="Friends")


def on(segment):
    return set(Member.objects.filter(segment=segment).values_list("customer__external_id", flat=True))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("c1\nc2\n\n c3 \n", ["c1", "c2", "c3"]),
        ("c1\r\nc1\r\nc2", ["c1", "c2"]),
        ("\ufeffexternal_id,name\nc1,Anna\nc2,Boris\n", ["c1", "c2"]),
        ("name;Phone\nAnna;+1 602 555 0124\n", ["+1 602 555 0124"]),
        ("c1,Anna\nc2,Boris\n", ["c1", "c2"]),
        ('"c,1"\nc2\n', ["c,1", "c2"]),
        ("", []),
    ],
)
def test_lines_are_read_as_people_paste_them_and_tables_save_them(written, read):
    assert lists.read_lines(written) == read


def test_too_many_lines_are_refused_whole():
    with pytest.raises(BadFile, match="At most 50000 lines"):
        lists.read_lines("c\n" * 50_001)


def test_customers_are_found_by_id_and_by_number_and_others_are_told(friends):
    CustomerFactory(external_id="c1")
    CustomerFactory(external_id="c2", phone_written="+1 602 555 0124")

    taken = lists.add(friends, ["c1", "(602) 555-0124", "nobody", "+1 602 555 0199"])

    assert (taken.entered, taken.there_already, list(taken.not_found)) == (2, 0, ["nobody", "+1 602 555 0199"])
    assert on(friends) == {"c1", "c2"}
    friends.refresh_from_db()
    assert friends.members_count == 2


def test_numbers_are_asked_for_only_by_who_may_see_them(friends):
    CustomerFactory(external_id="c2", phone_written="+1 602 555 0124")

    taken = lists.add(friends, ["+1 602 555 0124"], by_phone=False)

    assert list(taken.not_found) == ["+1 602 555 0124"]
    assert on(friends) == set()


def test_who_is_on_the_list_stays_since_when_they_came(friends):
    CustomerFactory(external_id="c1")
    CustomerFactory(external_id="c2")
    lists.add(friends, ["c1"])
    since = Member.objects.get().since

    taken = lists.add(friends, ["c1", "c2"])

    assert (taken.entered, taken.there_already) == (1, 1)
    assert Member.objects.get(customer__external_id="c1").since == since


def test_a_replaced_list_lets_all_others_go(friends):
    for id in ("c1", "c2", "c3"):
        CustomerFactory(external_id=id)
    lists.add(friends, ["c1", "c2"])

    taken = lists.add(friends, ["c2", "c3"], replaces=True)

    assert (taken.entered, taken.left, taken.there_already) == (1, 1, 1)
    assert on(friends) == {"c2", "c3"}


def test_each_who_comes_or_goes_crosses_once_with_their_last_order(friends):
    customer = CustomerFactory(external_id="c1")
    OrderFactory(customer=customer, ordered_at="2026-05-01T10:00:00Z")
    last = OrderFactory(customer=customer, ordered_at="2026-05-02T10:00:00Z")
    OrderFactory(customer=customer, ordered_at="2026-04-02T10:00:00Z")
    nobody = CustomerFactory(external_id="c2")

    lists.add(friends, ["c1", "c2"])
    lists.remove(friends, [customer.pk])

    assert list(Crossing.objects.order_by("pk").values_list("customer", "order", "has_entered")) == [
        (customer.pk, last.pk, True),
        (nobody.pk, None, True),
        (customer.pk, last.pk, False),
    ]


def test_sets_of_one_list_cross_once_each(friends, monkeypatch):
    monkeypatch.setattr("workspace.database.set_size", lambda: 2)
    for number in range(5):
        CustomerFactory(external_id=f"c{number}")

    taken = lists.add(friends, [f"c{number}" for number in range(5)])

    assert taken.entered == 5
    assert Crossing.objects.count() == 5


def test_who_was_erased_is_not_found(friends):
    erase(CustomerFactory(external_id="c1"), Reason.ASKED, COMMAND)

    assert list(lists.add(friends, ["c1"]).not_found) == ["c1"]


def test_a_list_costs_the_same_few_queries_for_one_and_for_many(friends, django_assert_num_queries):
    for number in range(200):
        CustomerFactory(external_id=f"c{number}")

    with django_assert_num_queries(19 if is_postgresql() else 13):
        lists.add(friends, ["c1"])
    with django_assert_num_queries(19 if is_postgresql() else 13):
        lists.add(friends, [f"c{number}" for number in range(200)])
