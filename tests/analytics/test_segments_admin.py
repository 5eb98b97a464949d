import json
from io import BytesIO
from zipfile import ZipFile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from analytics import counting, history, lists, segments
from analytics.models import Member, Segment
from analytics.wording import rule_in_words
from customers.models import Customer
from tests.factories import CustomerFactory, OrderFactory, StatusFactory, vocabulary
from tests.screens import HTMX, cost, done, holding, page_of, signed_in

pytestmark = pytest.mark.django_db

LIST = "/admin/analytics/segment/"
GERMANS = {"combinator": "and", "rules": [{"field": "customer.language", "operator": "=", "value": "de"}]}
EVER_PAID = {
    "combinator": "and",
    "rules": [
        {
            "combinator": "and",
            "of": "any_order",
            "rules": [{"field": "order.payment_reached", "operator": "anyOf", "value": ["paid"]}],
        }
    ],
}


@pytest.fixture
def admin():
    return signed_in(is_superuser=True)


@pytest.fixture
def germans():
    CustomerFactory(external_id="anna", first_name="Anna", language="de", phone_written="+1 602 555 0124")
    CustomerFactory(external_id="clara", language="fr")
    segment = segments.create(code="germans", name="Germans", rule=GERMANS)
    counting.refresh(segment)
    return segment


def text(answer):
    return answer.content.decode()


def test_the_list_costs_the_same_for_few_and_many(admin, germans):
    few = cost(admin, LIST)

    for number in range(10):
        segments.create(code=f"s-{number}", name=f"S {number}", rule=GERMANS)

    assert cost(admin, LIST) == few


def test_without_any_it_says_how_to_begin(admin):
    shown = text(admin.get(LIST))

    assert "There are no segments yet." in shown
    assert f"{LIST}ready/" in shown


def test_the_page_of_a_segment_tells_who_is_in_it_and_who_uses_it(admin, germans):
    rule = {"combinator": "and", "rules": [{"field": "customer.segments", "operator": "anyOf", "value": ["germans"]}]}
    segments.create(code="others", name="Others", rule=rule)

    shown = text(admin.get(page_of("analytics_segment", "change", germans.pk)))

    assert "50.0 % of 2 customers" in shown
    assert "Anna" in shown
    assert "Segment “Others”" in shown


def test_the_page_costs_the_same_for_few_and_many(admin, germans):
    page = page_of("analytics_segment", "change", germans.pk)
    few = cost(admin, page)
    CustomerFactory.create_batch(8, language="de")
    counting.refresh(germans)

    assert cost(admin, page) == few


def test_an_analyst_sees_who_is_in_it_without_personal_data(germans):
    analyst = holding("Analyst")

    page = text(analyst.get(page_of("analytics_segment", "change", germans.pk)))
    listed = text(analyst.get(f"/admin/analytics/member/?segment__id__exact={germans.pk}"))
    file = b"".join(analyst.get(f"/admin/analytics/member/export/?segment__id__exact={germans.pk}")).decode()
    sheet = analyst.get(f"/admin/analytics/member/export/xlsx/?segment__id__exact={germans.pk}").content

    for shown in (page, listed, file, unzipped(sheet)):
        assert "anna" in shown
        assert "Anna" not in shown
        assert "6025550124" not in shown


def unzipped(sheet):
    with ZipFile(BytesIO(sheet)) as files:
        return "".join(files.read(name).decode() for name in files.namelist())


def test_customers_of_a_segment_are_exported_as_text_whatever_they_are_called(admin, germans):
    CustomerFactory(external_id="=1+1", first_name='=HYPERLINK("http://evil")', language="de")
    counting.refresh(germans)

    file = b"".join(admin.get(f"/admin/analytics/member/export/?segment__id__exact={germans.pk}")).decode()
    sheet = unzipped(admin.get(f"/admin/analytics/member/export/xlsx/?segment__id__exact={germans.pk}").content)

    assert "'=1+1" in file
    assert "+16025550124" in file
    assert "<t>=1+1</t>" in sheet
    assert "<f>" not in sheet
    assert [verb for verb, _changes in done()] == ["exported", "exported"]


def test_the_customers_of_another_segment_are_not_in_it(admin, germans):
    friends = segments.create(code="friends", name="Friends")
    lists.add(friends, ["clara"])

    shown = text(admin.get(f"/admin/analytics/member/?segment__id__exact={friends.pk}"))

    assert "Customers in “Friends”" in shown
    assert "clara" in shown
    assert "anna" not in shown


def test_who_is_on_a_list_can_be_taken_off_it_and_nobody_off_a_rule(admin, germans):
    friends = segments.create(code="friends", name="Friends")
    lists.add(friends, ["clara"])

    for segment in (friends, germans):
        member = Member.objects.get(segment=segment)
        admin.post(page_of("analytics_member", "take_off", member.pk))

    assert list(Member.objects.values_list("segment__code", flat=True)) == ["germans"]


def test_anybody_who_sees_it_may_have_it_counted(germans):
    analyst = holding("Analyst")

    shown = text(analyst.post(page_of("analytics_segment", "refresh", germans.pk), headers=HTMX))

    assert "Waiting for a worker" in shown
    assert counting.due_segments() == [germans]

    Segment.objects.update(count_began_at=timezone.now(), counting_until=timezone.now() + counting.LEASE)
    assert "Counting for 0 s" in text(analyst.get(page_of("analytics_segment", "standing", germans.pk), headers=HTMX))


def test_a_segment_is_copied_with_a_code_of_its_own(admin, germans):
    admin.post(page_of("analytics_segment", "copy", germans.pk))
    admin.post(page_of("analytics_segment", "copy", germans.pk))

    assert list(Segment.objects.order_by("pk").values_list("code", "name")) == [
        ("germans", "Germans"),
        ("germans-2", "Germans (copy)"),
        ("germans-3", "Germans (copy)"),
    ]


def test_who_is_on_a_list_is_on_its_copy(admin):
    CustomerFactory(external_id="anna")
    friends = segments.create(code="friends", name="Friends")
    lists.add(friends, ["anna"])

    admin.post(page_of("analytics_segment", "copy", friends.pk))

    assert Member.objects.get(segment__code="friends-2").customer.external_id == "anna"


def test_only_what_nothing_uses_is_deleted(admin, germans):
    rule = {"combinator": "and", "rules": [{"field": "customer.segments", "operator": "anyOf", "value": ["germans"]}]}
    others = segments.create(code="others", name="Others", rule=rule)
    delete = page_of("analytics_segment", "delete", germans.pk)

    assert "Segment “Others”" in text(admin.get(delete, headers=HTMX))
    admin.post(delete)
    assert Segment.objects.count() == 2

    admin.post(page_of("analytics_segment", "delete", others.pk))
    admin.post(delete)
    assert not Segment.objects.exists()


def test_a_list_is_made_of_pasted_lines_and_what_was_not_found_is_shown(admin):
    CustomerFactory(external_id="anna")
    said = {"name": "Friends", "code": "friends", "lines": "anna\nnobody"}

    shown = text(admin.post(f"{LIST}list/", said))

    assert "1 customer was put on it." in shown
    assert "1 line is no customer:" in shown
    assert "nobody</textarea>" in shown
    assert Segment.objects.get().members_count == 1


def test_a_list_is_brought_as_a_file_and_replaces_who_was_on_it(admin):
    CustomerFactory(external_id="anna")
    CustomerFactory(external_id="boris")
    friends = segments.create(code="friends", name="Friends")
    lists.add(friends, ["anna"])
    file = SimpleUploadedFile("friends.csv", b"name,external_id\nBoris,boris\n")

    shown = text(admin.post(page_of("analytics_segment", "list", friends.pk), {"file": file, "how": "replace"}))

    assert "1 was taken off it." in shown
    assert Member.objects.get().customer.external_id == "boris"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"lines": ""}, "Name at least one customer, or choose a file."),
        ({"file": SimpleUploadedFile("f.csv", b"\xff\xfe\x00")}, "The file is not UTF-8."),
        ({"lines": '"anna\nboris', "code": "germans"}, "Germans"),
    ],
)
def test_a_list_that_cannot_be_made_says_why_and_makes_nothing(admin, said, told):
    shown = text(admin.post(f"{LIST}list/", {"name": "Germans", "code": "friends", **said}))

    assert told in shown


def test_the_preview_tells_how_many_and_why(admin):
    awaiting = StatusFactory(type="payment", code="awaiting", name="Awaiting payment")
    anna = CustomerFactory(external_id="anna", first_name="Anna", last_name="Ash")
    OrderFactory(external_id="1001", customer=anna, payment_status=awaiting, total_minor=1000, currency="EUR")
    OrderFactory(customer=CustomerFactory(), total_minor=3000, currency="EUR")
    rule = {
        "combinator": "and",
        "rules": [
            {
                "combinator": "and",
                "of": "any_order",
                "rules": [{"field": "order.payment_status", "operator": "in", "value": ["awaiting"]}],
            }
        ],
    }

    told = admin.post(f"{LIST}preview/", {"rule": json.dumps(rule)}).json()

    assert [(figure["key"], figure["value"], figure["of"]) for figure in told["figures"]] == [
        ("count", "1", "50.0 % of 2"),
        ("orders", "1", "50.0 % of 2"),
        ("revenue", "€10.00", "25.0 % of €40.00"),
    ]
    assert told["sample"] == [
        {
            "name": "Anna Ash",
            "url": f"/admin/customers/customer/{anna.pk}/change/",
            "why": ["order 1001: payment status: Awaiting payment"],
        }
    ]


def test_the_preview_says_so_while_history_is_read_for_the_first_time(admin):
    """And a mark was taken away meanwhile, which is for the background to read."""
    history._begin_again()
    StatusFactory(type="payment", code="paid")
    StatusFactory(type="payment", code="invoiced", include_in_analytics=False)

    told = admin.post(f"{LIST}preview/", {"rule": json.dumps(EVER_PAID)}).json()
    assert told["as_of"] is None
    assert told["counted"] == "History is being read for the first time: not all of it is counted yet."

    history.follow(within_s=60)
    told = admin.post(f"{LIST}preview/", {"rule": json.dumps(EVER_PAID)}).json()
    assert told["as_of"] is not None
    assert told["counted"].startswith("As of ")


def test_the_preview_counts_alone_if_that_is_asked(admin, germans):
    told = admin.post(f"{LIST}preview/", {"rule": json.dumps(GERMANS), "parts": "count"}).json()

    assert [figure["key"] for figure in told["figures"]] == ["count"]
    assert told["sample"] == []


def test_a_wrong_rule_is_answered_with_where_it_is_wrong(admin):
    answer = admin.post(f"{LIST}preview/", {"rule": '{"combinator": "and", "rules": [{"field": "moon"}]}'})

    assert answer.status_code == 422
    assert answer.json()["problems"][0]["pointer"] == "/rule/rules/0/field"
    assert admin.post(f"{LIST}preview/", {"rule": "{"}).status_code == 422


def test_a_preview_that_takes_too_long_says_so(admin, monkeypatch):
    monkeypatch.setattr("analytics.previews.MOST_S", 0.0)
    CustomerFactory.create_batch(3)

    answer = admin.post(f"{LIST}preview/", {"rule": json.dumps(GERMANS)})

    assert answer.status_code in (200, 422)


def test_the_preview_shows_an_analyst_nothing_personal_and_asks_nothing_personal(germans):
    analyst = holding("Analyst")
    rule = {"combinator": "and", "rules": [{"field": "customer.first_name", "operator": "=", "value": "Anna"}]}

    told = analyst.post(f"{LIST}preview/", {"rule": json.dumps(GERMANS)})

    assert told.json()["sample"][0]["name"] == "anna"
    assert analyst.post(f"{LIST}preview/", {"rule": json.dumps(rule)}).status_code == 422


ORDERED = {
    "combinator": "and",
    "rules": [
        {
            "combinator": "and",
            "of": "any_order",
            "rules": [{"field": "order.currency", "operator": "=", "value": "EUR"}],
        }
    ],
}
WITH_PERSONAL_DATA = ("analytics.view_segment", "customers.view_personal_data", "orders.view_order")


def test_nobody_is_named_to_whoever_may_not_see_customers(germans):
    """Roles of one's own may hold any permissions, personal data without customers too."""
    anna = Customer.objects.get(external_id="anna")
    OrderFactory(customer=anna, currency="EUR")
    reader = signed_in(*WITH_PERSONAL_DATA)

    previews = [reader.post(f"{LIST}preview/", {"rule": json.dumps(rule)}) for rule in (GERMANS, ORDERED)]
    page = reader.get(page_of("analytics_segment", "change", germans.pk))

    assert [told.json()["figures"][0]["value"] for told in previews] == ["1", "1"]
    assert [told.json()["sample"] for told in previews] == [None, None]
    for shown in (*previews, page):
        assert "anna" not in text(shown).lower()
        assert f"/customer/{anna.pk}/" not in text(shown)
    of_segment = f"?segment__id__exact={germans.pk}"
    for address in ("", "export/", "export/xlsx/"):
        assert reader.get(f"/admin/analytics/member/{address}{of_segment}").status_code == 403


def test_orders_are_named_to_whoever_may_see_orders():
    OrderFactory(external_id="1001", customer=CustomerFactory(external_id="anna"), currency="EUR")
    without = signed_in("analytics.view_segment", "customers.view_customer")
    with_it = signed_in("analytics.view_segment", "customers.view_customer", "orders.view_order")

    whys = [
        reader.post(f"{LIST}preview/", {"rule": json.dumps(ORDERED)}).json()["sample"][0]["why"]
        for reader in (without, with_it)
    ]

    assert whys == [["an order: order currency: EUR"], ["order 1001: order currency: EUR"]]


def test_a_segment_is_saved_and_counted_soon(admin):
    said = {"name": " Germans ", "code": "germans", "rule": json.dumps(GERMANS)}

    answer = admin.post(f"{LIST}save/", said)

    made = Segment.objects.get()
    assert answer.json()["saved"] == f"{LIST}{made.pk}/change/"
    assert (made.name, made.rule, made.created_by) == ("Germans", GERMANS, admin.user)
    assert counting.due_segments() == [made]


@pytest.mark.parametrize(
    ("said", "pointers"),
    [
        ({"name": ""}, ["/name"]),
        ({"code": "a b"}, ["/code"]),
        ({"name": "", "code": "", "rule": "[]"}, ["/name", "/code", "/rule"]),
        ({"rule": '{"combinator": "and", "rules": []}'}, ["/rule/rules"]),
    ],
)
def test_what_is_wrong_is_told_all_at_once_and_nothing_is_made(admin, said, pointers):
    whole = {"name": "Germans", "code": "germans", "rule": json.dumps(GERMANS)}

    answer = admin.post(f"{LIST}save/", {**whole, **said})

    assert answer.status_code == 422
    assert [problem["pointer"] for problem in answer.json()["problems"]] == pointers
    assert not Segment.objects.exists()


def test_a_code_that_is_taken_is_told_beside_the_code(admin, germans):
    said = {"name": "Germans", "code": "germans", "rule": json.dumps(GERMANS)}

    assert admin.post(f"{LIST}save/", said).json()["problems"][0]["pointer"] == "/code"


def test_the_second_of_two_who_change_it_is_told(admin, germans):
    save = page_of("analytics_segment", "save", germans.pk)
    said = {"rule": json.dumps(GERMANS), "revision": "1"}
    assert admin.post(save, {**said, "name": "Deutsche"}).status_code == 200

    answer = admin.post(save, {**said, "name": "Allemands"})

    assert answer.status_code == 409
    assert "Deutsche" in answer.json()["conflict"]
    assert admin.post(save, {**said, "name": "Allemands", "_over": "1", "over": "2"}).status_code == 200
    germans.refresh_from_db()
    assert germans.name == "Allemands"


def test_segments_that_would_ask_about_each_other_in_a_circle_are_refused(admin, germans):
    about = {"combinator": "and", "rules": [{"field": "customer.segments", "operator": "anyOf", "value": ["germans"]}]}
    others = segments.create(code="others", name="Others", rule=about)
    back = {"combinator": "and", "rules": [{"field": "customer.segments", "operator": "anyOf", "value": ["others"]}]}

    answer = admin.post(
        page_of("analytics_segment", "save", germans.pk),
        {"name": "Germans", "rule": json.dumps(back), "revision": "1"},
    )

    assert answer.status_code == 422
    assert "“Germans” → “Others” → “Germans”" in answer.json()["problem"] or others.name in answer.json()["problem"]


def test_who_may_only_look_saves_nothing(germans):
    analyst = holding("Analyst")
    said = {"name": "X", "code": "x", "rule": json.dumps(GERMANS)}

    assert analyst.post(f"{LIST}save/", said).status_code == 403
    assert analyst.post(page_of("analytics_segment", "save", germans.pk), said).status_code == 403


def test_ready_made_ones_know_the_statuses_of_the_example(admin):
    vocabulary(("payment", "awaiting_payment", "Awaiting payment"), ("delivery", "at_pickup_point", "At pickup point"))

    shown = text(admin.get(f"{LIST}ready/"))
    answer = admin.post(f"{LIST}ready/awaiting-payment/", {"awaiting-payment-status": "awaiting_payment"})

    assert '<option value="awaiting_payment" selected' in shown
    made = Segment.objects.get()
    assert answer.headers["Location"] == f"{LIST}{made.pk}/change/"
    assert (made.code, made.name) == ("awaiting-payment", "Awaiting payment for over a day")


def test_a_ready_made_one_asks_which_status_is_meant(admin):
    shown = text(admin.post(f"{LIST}ready/cancelled-twice/", {}))

    assert "Say which status that is." in shown
    assert not Segment.objects.exists()


@pytest.mark.parametrize(
    ("language", "customers"), [("en", (1, "customer", "50.0 % of 2 customers")), ("ru", (1, "клиент", "50,0 % из 2"))]
)
def test_the_number_of_customers_and_its_word_agree(admin, germans, language, customers):
    admin.user.language = language
    admin.user.save()
    number, word, share = customers

    shown = text(admin.get(f"{LIST}{germans.pk}/change/"))

    assert f'<p class="sg-number">{number}</p>' in shown
    assert f'<p class="os-quiet">{word}</p>' in shown
    assert share in shown


def test_a_sentence_has_brackets_only_where_it_needs_them(admin):
    vocabulary(("payment", "paid", "Paid"), ("payment", "lost", "Lost"))

    def condition(code):
        return {"field": "order.payment_status", "operator": "=", "value": code}

    one = {"combinator": "and", "of": "any_order", "rules": [condition("paid")]}
    two = {"combinator": "or", "of": "any_order", "rules": [condition("paid"), condition("lost")]}
    said = {
        "one": "one of the customer's orders: payment status is Paid",
        "two": "one of the customer's orders: payment status is Paid or payment status is Lost",
        "both": "one of the customer's orders: payment status is Paid and "
        "one of the customer's orders: (payment status is Paid or payment status is Lost)",
    }

    for name, rules in {"one": [one], "two": [two], "both": [one, two]}.items():
        assert rule_in_words({"combinator": "and", "rules": rules}, admin.user) == said[name]
