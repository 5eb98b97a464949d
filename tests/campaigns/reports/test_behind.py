"""From each figure of the reports Messages and Campaign to the list of what it counts."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.urls import reverse

from analytics.models import Bookmark, Member, Segment
from campaigns.models import Message
from campaigns.reports.behind import EnteredBehind, MessagesBehind
from campaigns.sms.gateways.base import Delivery
from campaigns.sms.receipts import take_receipts
from tests.campaigns.shop import NOON, later, sms, wait
from tests.factories import CustomerFactory, StatusFactory
from tests.screens import cost, holding, page_of, signed_in
from workspace.models import Workspace

pytestmark = pytest.mark.django_db

ROW = re.compile(r'<th scope="row">([^<]*)</th>(.*?)</tr>', re.DOTALL)
LINK = re.compile(r'<a class="os-link" href="([^"]+)">([\d,]+)</a>')
HEADLINE = re.compile(r"<dt>([^<]*)</dt>\s*<dd>(.*?)</dd>", re.DOTALL)
AS_ADMIN = {"is_superuser": True}
A_SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def no_history_to_read(shop):
    Bookmark.objects.create(pk=1, order_id=None, read_at=NOON)


def address(report, **asked):
    return f"{reverse('report', args=[report])}?" + "&".join(f"{name}={value}" for name, value in asked.items())


def told(external_id, state):
    message = Message.objects.get(order__external_id=external_id)
    take_receipts(message.gateway, [Delivery(state, reference=str(message.reference))])


def behind(client, page):
    """By the words beside it, each figure of the page's tables and headlines: as it is written, and how many its list
    has."""
    told = [(unescape(words), link) for words, rest in ROW.findall(page) for link in LINK.findall(rest)]
    told += [
        (f"headline {unescape(words)}", link) for words, rest in HEADLINE.findall(page) for link in LINK.findall(rest)
    ]
    return {words: (int(figure), rows(client, unescape(link))) for words, (link, figure) in told}


def rows(client, link):
    page = client.get(link)
    assert "Behind the figure: " in page.content.decode()
    return len(page.context["cl"].result_list)


def test_figures_of_messages_lead_to_the_messages(shop, clock):
    shop.start(sms(purpose="marketing"))
    for name in ("delivered", "failed", "sent"):
        shop.pay(name, customer=CustomerFactory(sms_consent="given"))
    shop.pay("no consent")
    told("delivered", "delivered")
    told("failed", "undelivered")
    clock.shift(A_SECOND)  # what happens now is of the next moment
    client = signed_in(**AS_ADMIN)

    found = behind(client, client.get(address("messages")).content.decode())

    assert found == {
        "To be sent in all": (4, 4),
        "Sent": (3, 3),
        "Delivered": (1, 1),
        "Failed": (1, 1),
        "Not sent": (1, 1),
        "Parts": (3, 3),
        "no consent": (1, 1),
        "3 May": (3, 3),
        "headline Sent": (3, 3),
        "headline Not sent": (1, 1),
        "headline Parts": (3, 3),
    }


def test_a_figure_of_a_day_or_of_the_period_before_leads_to_its_own(shop, clock):
    shop.start(sms())
    shop.pay("long ago")
    later(clock, days=7)
    shop.pay("yesterday")
    later(clock, days=1)
    shop.pay("today")
    shop.pay("today too")
    clock.shift(A_SECOND)  # what happens now is of the next moment
    client = signed_in(**AS_ADMIN)

    page = client.get(address("messages", period="last_7_days", compare=1)).content.decode()

    days = {words: rest for words, rest in ROW.findall(page) if words in {"10 May", "11 May"}}
    assert {
        words: [rows(client, unescape(link)) for link, _n in LINK.findall(rest)] for words, rest in days.items()
    } == {
        "10 May": [1, 1, 1],  # to be sent, sent, parts
        "11 May": [2, 2, 2],
    }
    owed = dict(ROW.findall(page))["To be sent in all"]
    assert [(figure, rows(client, unescape(link))) for link, figure in LINK.findall(owed)] == [("3", 3), ("1", 1)]


def test_figures_of_a_campaign_lead_to_the_orders_that_entered_and_their_texts(shop, clock):
    StatusFactory(type="payment", code="refunded")
    shop.start(sms("other"), code="another")
    shop.start(sms("first"), wait("pause", 1, "hours"), sms("second"))
    shop.pay("O-1")
    Message.objects.filter(campaign__code="another").delete()  # an order has the texts of one campaign in flight
    later(clock, hours=2)
    shop.pay("O-2")
    shop.tell("O-1", "refunded")
    clock.shift(A_SECOND)  # what happens now is of the next moment
    client = signed_in(**AS_ADMIN)

    page = client.get(address("campaign", campaign="thanks")).content.decode()
    steps = [
        (words, [(figure, rows(client, unescape(link))) for link, figure in LINK.findall(rest)])
        for words, rest in ROW.findall(page)
    ]

    assert steps == [
        ("Orders that entered", [("2", 2)]),
        ("Send SMS", [("2", 2)]),
        ("Wait", [("2", 2)]),
        ("Send SMS", [("1", 1)]),
        ("Orders that got a text", [("2", 2)]),
        ("Texts sent", [("3", 3)]),
        ("Texts delivered", []),
        ("Orders that went on", [("1", 1)]),
    ]


def test_a_source_and_a_segment_go_with_the_figure(shop, clock):
    shop.start(sms())
    one = shop.pay("O-1")
    shop.pay("O-2")
    segment = Segment.objects.create(code="some", name="Some", kind=Segment.Kind.LIST)
    Member.objects.create(segment=segment, customer_id=one.customer_id, since=NOON)
    clock.shift(A_SECOND)  # what happens now is of the next moment
    client = signed_in(**AS_ADMIN)

    for report in ("messages", "campaign"):
        page = client.get(address(report, segment="some", source=shop.source.code)).content.decode()
        link = unescape(LINK.search(page)[1])

        assert rows(client, link) == 1
        assert f"source “{shop.source.name}”, segment “Some”" in client.get(link).content.decode()


def test_figures_lead_nowhere_for_whoever_may_not_see_the_list(shop, clock):
    shop.start(sms())
    shop.pay("O-1")
    clock.shift(A_SECOND)
    reads = ("analytics.read_reports", "campaigns.view_message", "campaigns.view_campaign")

    assert LINK.search(holding("Analyst").get(address("campaign")).content.decode())
    may_not = signed_in(*reads).get(address("campaign")).content.decode()
    Workspace.objects.update(orders_enabled=False)  # there are no lists of orders
    is_off = signed_in(**AS_ADMIN).get(address("campaign")).content.decode()

    for page in (may_not, is_off):
        lists = {link.partition("?")[0] for link, _figure in LINK.findall(page)}
        assert lists == {page_of("campaigns_message")}


@pytest.mark.parametrize(
    ("model", "permission", "figure"),
    [
        (
            "campaigns_message",
            "campaigns.view_message",
            "fate=sent&start=2024-05-01T00:00:00Z&end=2024-06-01T00:00:00Z",
        ),
        (
            "campaigns_run",
            "campaigns.view_run",
            "stage=entered&campaign=1&start=2024-05-01T00:00:00Z&end=2024-06-01T00:00:00Z",
        ),
    ],
)
def test_only_who_may_read_reports_comes_to_what_is_behind_a_figure(shop, model, permission, figure):
    def page(*permissions):
        answer = signed_in(permission, *permissions).get(page_of(model), {"figure": figure}, follow=True)
        return answer.content.decode()

    assert "Behind the figure: " in page("analytics.read_reports")
    assert "Behind the figure: " not in page()


SPAN = "&start=2024-05-01T00:00:00Z&end=2024-06-01T00:00:00Z"


@pytest.mark.parametrize(
    "written",
    [
        "",
        "fate=lost" + SPAN,
        "fate=sent&start=2024-05-01T00:00:00Z",
        "fate=sent&end=2024-05-01T00:00:00Z",
        "fate=skipped&reason=whim" + SPAN,
        "fate=sent&campaign=one" + SPAN,
        "fate=sent&segment=99999999999999999999" + SPAN,
        "fate=sent&start=yesterday&end=2024-06-01T00:00:00Z",
    ],
)
def test_what_is_no_figure_of_messages_has_none(written):
    assert MessagesBehind.read(written) is None


@pytest.mark.parametrize(
    "written",
    [
        "stage=lost&campaign=1" + SPAN,
        "stage=entered" + SPAN,
        "stage=entered&campaign=1",
        "stage=entered&campaign=x" + SPAN,
        "stage=reached&campaign=1&step=%00" + SPAN,
    ],
)
def test_what_is_no_figure_of_a_campaign_has_none(written):
    assert EnteredBehind.read(written) is None


def test_a_figure_that_cannot_be_read_is_said_to_be_none(shop, clock):
    shop.start(sms())
    shop.pay("O-1")
    clock.shift(A_SECOND)  # what happens now is of the next moment
    client = signed_in(**AS_ADMIN)

    for model in ("campaigns_message", "campaigns_run"):
        page = client.get(page_of(model), {"figure": "nonsense"})

        assert "This figure cannot be read." in page.content.decode()
        assert len(page.context["cl"].result_list) == 0


@pytest.mark.parametrize("report", ["messages", "campaign"])
def test_pages_and_lists_take_the_same_queries_for_any_number(shop, clock, report):
    shop.start(sms("first"), wait(), sms("second"))
    shop.pay("O-1")
    clock.shift(A_SECOND)  # what happens now is of the next moment
    client = signed_in(**AS_ADMIN)
    asked = address(report, compare=1)
    links = [unescape(link) for link, _figure in LINK.findall(client.get(asked).content.decode())]
    first = [cost(client, asked), *(cost(client, link) for link in links)]
    for number in range(2, 8):
        shop.pay(f"O-{number}")
    clock.shift(A_SECOND)
    links = [unescape(link) for link, _figure in LINK.findall(client.get(asked).content.decode())]

    assert [cost(client, asked), *(cost(client, link) for link in links)] == first


def test_the_list_behind_a_figure_is_exported_as_it_is(shop, clock):
    shop.start(sms())
    shop.pay("O-1")
    shop.pay("O-2")
    figure = MessagesBehind("delivered", NOON - timedelta(days=1), NOON + timedelta(days=1))
    told("O-1", "delivered")

    answer = signed_in(**AS_ADMIN).get(reverse("admin:campaigns_message_export"), {"figure": figure.written()})

    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert len(lines) == 2
    assert "O-1" in lines[1]
