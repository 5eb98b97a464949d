import json
from datetime import timedelta

import pytest

from campaigns.draining import drain
from campaigns.lifecycle import activate, save_draft
from campaigns.models import Campaign, CampaignState, CampaignVersion, IncomingText, Message, Run, SmsGateway
from campaigns.sms.gateways.base import Delivery, Incoming
from campaigns.sms.incoming import take_incoming
from campaigns.sms.receipts import take_receipts
from campaigns.unfinished import Page, keep
from tests.campaigns.shop import NOON, asks, condition, definition, sms
from tests.factories import CustomerFactory, OrderFactory
from tests.screens import HTMX, cost, done, page_of, signed_in
from workspace.models import Workspace

pytestmark = pytest.mark.django_db

ADD = page_of("campaigns_campaign", "add")


@pytest.fixture
def admin():
    return signed_in(is_superuser=True)


@pytest.fixture
def draft(shop):
    return save_draft(definition(sms()))[0]


def post(client, address, raw, **fields):
    text = raw if isinstance(raw, str) else json.dumps(raw)
    return client.post(address, {"definition": text, "revision": 0} | fields)


def edit(client, campaign, raw, **fields):
    return post(
        client, page_of("campaigns_campaign", "change", campaign.pk), raw, **{"revision": campaign.revision} | fields
    )


def verb(client, name, campaign):
    return client.post(page_of("campaigns_campaign", name, campaign.pk), headers=HTMX)


def test_a_new_campaign_becomes_a_draft(admin, shop):
    answer = post(admin, ADD, definition(sms()))

    campaign = Campaign.objects.get()
    assert answer.url == page_of("campaigns_campaign", "change", campaign.pk)
    assert (campaign.state, campaign.created_by) == ("draft", admin.user)
    assert [verb for verb, _changes in done()] == ["created"]


def test_problems_are_told_with_their_places_and_nothing_typed_is_lost(admin, shop):
    raw = definition(sms(text="{{ order.secret }}"), name="")

    answer = post(admin, ADD, raw)

    assert [problem["pointer"] for problem in answer.context["problems"]] == ["/steps/0/params/text", "/name"]
    assert json.loads(answer.context["definition"]) == raw
    assert not Campaign.objects.exists()


@pytest.mark.parametrize(
    "raw", ["{", '{"format": NaN}', "[" * 5000, '{"name": "\\u0000"}', '{"name": "\\ud800"}', "5", ""]
)
def test_what_is_no_definition_is_refused_with_a_sentence(admin, shop, raw):
    answer = post(admin, ADD, raw)

    assert answer.status_code == 200
    assert answer.context["problems"]
    assert answer.context["definition"] == raw


@pytest.mark.parametrize("raw", ["[]", "null", "{}"])
def test_what_is_no_campaign_says_what_one_is(admin, draft, raw):
    answers = [post(admin, ADD, raw), edit(admin, draft, raw)]

    for answer in answers:
        assert answer.context["problems"][0]["detail"].startswith("A campaign is a JSON object")


def test_the_tab_of_a_campaign_has_its_name(admin, draft):
    assert "New campaign" in admin.get(ADD).context["title"]
    assert admin.get(page_of("campaigns_campaign", "change", draft.pk)).context["title"] == draft.name


def test_an_empty_list_says_so(admin, draft):
    found = admin.get(page_of("campaigns_campaign", "changelist"), {"q": "no such campaign"}).content
    Campaign.objects.all().delete()
    empty = admin.get(page_of("campaigns_campaign", "changelist")).content

    assert b"Nothing matches" in found
    assert b"There are no campaigns yet" in empty


def test_the_list_tells_what_runs_not_what_is_drafted(admin, draft):
    activate(draft)
    changed = {**draft.draft, "trigger": {"kind": "order_status_changed", "params": {"type": "payment", "to": "any"}}}
    Campaign.objects.update(draft=changed)

    shown = admin.get(page_of("campaigns_campaign", "changelist")).content.decode()

    assert "to Paid" in shown
    assert "to any status" not in shown


def test_a_new_campaign_takes_no_others_place(admin, draft):
    answer = post(admin, ADD, definition(sms(text="Mine")))

    assert answer.context["problems"][0]["pointer"] == "/code"
    assert Campaign.objects.get().draft == draft.draft


def test_a_code_that_is_taken_is_told_with_all_else_that_is_wrong(admin, draft):
    raw = definition(sms(text="{{ order.secret }}"), name="")

    answer = post(admin, ADD, raw)

    pointers = [problem["pointer"] for problem in answer.context["problems"]]
    assert pointers == ["/code", "/steps/0/params/text", "/name"]
    assert json.loads(answer.context["definition"]) == raw


@pytest.mark.parametrize("state", CampaignState.values)
def test_a_code_that_is_taken_is_told_whatever_became_of_its_campaign(admin, draft, state):
    Campaign.objects.update(state=state)

    answer = post(admin, ADD, definition(sms(text="Mine")))

    taken = "Another campaign has the code “thanks”. Choose another one."
    assert answer.context["problems"] == [{"pointer": "/code", "detail": taken}]
    assert Campaign.objects.get().draft == draft.draft


@pytest.mark.parametrize("code", [None, 7, ["thanks"], {}, "", "x" * 1000])
def test_what_is_no_code_is_taken_by_nobody(admin, draft, code):
    answer = post(admin, ADD, definition(sms(), code=code))

    assert [problem["pointer"] for problem in answer.context["problems"]] == ["/code"]


def test_a_code_is_fixed_once_the_campaign_is_made(admin, draft):
    answer = edit(admin, draft, definition(sms(), code="other"))

    assert answer.context["problems"] == [{"pointer": "/code", "detail": "The code stays “thanks”."}]
    assert Campaign.objects.count() == 1


def test_a_draft_saved_by_somebody_else_meanwhile_is_not_overwritten_unseen(admin, draft):
    save_draft(definition(sms(text="Theirs")))
    mine = definition(sms(text="Mine"))

    answer = edit(admin, draft, mine)

    assert answer.context["is_stale"]
    assert json.loads(answer.context["definition"]) == mine
    assert Campaign.objects.get().draft == definition(sms(text="Theirs"))


def test_seeing_that_one_may_put_ones_own_in_its_place(admin, draft):
    save_draft(definition(sms(text="Theirs")))
    mine = definition(sms(text="Mine"))

    edit(admin, draft, mine, over=2, _over="1")

    assert Campaign.objects.get().draft == mine


def test_an_ended_campaign_stays_as_it_is(admin, draft):
    Campaign.objects.update(state=CampaignState.ENDED)

    assert "Save draft" not in admin.get(page_of("campaigns_campaign", "change", draft.pk)).content.decode()
    assert edit(admin, draft, definition(sms(text="New"))).status_code == 403


def test_activating_says_from_when_and_where_messages_go(admin, draft):
    page = admin.get(page_of("campaigns_campaign", "activate", draft.pk), headers=HTMX).content.decode()

    assert "Starts with changes after 12:00." in page
    assert "messages go to the test phone only" in page


def test_activating_with_a_gateway_connected_says_that_customers_are_reached(admin, draft):
    SmsGateway.objects.create(code="main", name="Main", kind="memory")

    page = admin.get(page_of("campaigns_campaign", "activate", draft.pk), headers=HTMX).content.decode()

    assert "Messages go to customers' phones." in page


def test_activating_says_that_orders_is_off(admin, draft):
    Workspace.objects.update(orders_enabled=False)

    page = admin.get(page_of("campaigns_campaign", "activate", draft.pk), headers=HTMX).content.decode()

    assert "Orders is off: no campaign starts until you turn it on" in page


def test_activating_names_statuses_that_are_missing(admin, shop):
    raw = definition(
        sms(), trigger={"kind": "order_status_changed", "params": {"type": "payment", "from": "any", "to": ["gone"]}}
    )
    campaign = save_draft(raw)[0]

    page = admin.get(page_of("campaigns_campaign", "activate", campaign.pk), headers=HTMX).content.decode()

    assert 'data-caution="unknown_status"' in page
    assert "“gone”" in page


def test_a_campaigns_life_is_written_down(admin, draft):
    for name, state in (("activate", "active"), ("pause", "paused"), ("resume", "active"), ("end", "ended")):
        verb(admin, name, draft)
        assert Campaign.objects.get().state == state

    assert done() == [
        ("activated", {"state": ["draft", "active"], "version": [None, 1]}),
        ("paused", {"state": ["active", "paused"]}),
        ("resumed", {"state": ["paused", "active"]}),
        ("ended", {"state": ["active", "ended"]}),
    ]


def test_a_verb_that_does_not_fit_is_refused_with_a_sentence(admin, draft):
    page = admin.post(page_of("campaigns_campaign", "pause", draft.pk), follow=True).content.decode()

    assert "Only an active campaign can be paused." in page
    assert done() == []


@pytest.mark.parametrize("name", ["activate", "pause", "resume", "end"])
def test_its_life_is_for_those_who_may(draft, name):
    editor = signed_in("campaigns.view_campaign", "campaigns.change_campaign")

    assert verb(editor, name, draft).status_code == 403
    assert Campaign.objects.get().state == "draft"


def test_changes_to_a_running_campaign_wait_to_be_published(admin, draft):
    verb(admin, "activate", draft)
    edit(admin, draft, definition(sms(text="New")))

    page = admin.get(page_of("campaigns_campaign", "change", draft.pk)).content.decode()

    assert "The draft below differs from what runs." in page
    verb(admin, "activate", draft)
    assert CampaignVersion.objects.count() == 2


def test_who_may_only_look_sees_the_campaign_and_saves_nothing(draft):
    viewer = signed_in("campaigns.view_campaign")

    page = viewer.get(page_of("campaigns_campaign", "change", draft.pk)).content.decode()

    assert "Save draft" not in page
    assert edit(viewer, draft, definition(sms(text="New"))).status_code == 403
    assert viewer.get(ADD).status_code == 403


def busy(shop, number):
    """So many orders are paid, and what follows is carried out."""
    for order in OrderFactory.create_batch(number):
        shop.tell(order.external_id, "paid")
    drain()


@pytest.mark.parametrize("model", ["campaigns_campaign", "campaigns_run", "campaigns_message"])
def test_a_list_costs_the_same_for_few_and_many(admin, shop, model):
    activate(save_draft(definition(asks(condition("order.payment_status", "=", "paid"), yes=[sms()])))[0])
    busy(shop, 2)
    few = cost(admin, page_of(model))

    busy(shop, 10)
    for number in range(5):
        save_draft(definition(sms(), code=f"more-{number}"))

    assert cost(admin, page_of(model)) == few


def test_an_order_that_entered_and_its_message_tell_their_story(admin, shop):
    activate(save_draft(definition(sms()))[0])
    busy(shop, 1)

    entered = admin.get(page_of("campaigns_run", "change", Run.objects.get().pk)).content.decode()
    message = admin.get(page_of("campaigns_message", "change", Message.objects.get().pk)).content.decode()

    for page in (entered, message):
        assert "It entered “Thanks”." in page
        assert "Hello" in page


def test_a_messages_receipt_is_told_with_its_reason(admin, shop):
    activate(save_draft(definition(sms()))[0])
    busy(shop, 1)
    message = Message.objects.get()
    receipt = Delivery("expired", message.gateway_id, reason="24 hours are over", occurred_at=NOON)
    take_receipts("memory", [receipt])

    page = admin.get(page_of("campaigns_message", "change", message.pk)).content.decode()

    assert "Not delivered" in page
    assert "expired: 24 hours are over" in page


@pytest.fixture
def written(clock):
    """Ada wrote STOP and then something else; somebody unknown wrote, too."""
    ada = CustomerFactory(phone_written="+1 602 555 0124")
    earlier = NOON - timedelta(minutes=1)
    told = [
        Incoming("1", "+16025550124", "Stop.", earlier),
        Incoming("2", "+16025550124", "Where is <b>my</b> order?", NOON),
        Incoming("3", "12345", "Win now", NOON),
    ]
    assert take_incoming("acme", told) == 3
    return ada


def test_what_people_wrote_is_listed_with_what_it_meant(admin, written):
    page = admin.get(page_of("campaigns_incomingtext")).content.decode()

    assert "Wants no more messages" in page
    assert "Where is &lt;b&gt;my&lt;/b&gt; order?" in page
    assert page_of("customers_customer", "change", written.pk) in page
    assert "unknown number" in page


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"meaning__exact": "stop"}, ["Stop."]),
        ({"meaning__exact": "other"}, ["Win now", "Where is <b>my</b> order?"]),
        ({"gateway": "other"}, []),
        ({"q": "12345"}, ["Win now"]),
    ],
)
def test_what_people_wrote_is_found(admin, written, asked, found):
    rows = admin.get(page_of("campaigns_incomingtext"), asked).context["cl"].result_list

    assert [text.text for text in rows] == found


def test_what_people_wrote_is_told_with_the_names_of_gateways(admin, written):
    SmsGateway.objects.create(code="acme", name="Main route", kind="memory")

    listed = admin.get(page_of("campaigns_incomingtext"), {"gateway": "acme"})
    own = admin.get(page_of("campaigns_incomingtext", "change", IncomingText.objects.first().pk))

    [_meaning, gateway] = listed.context["cl"].filter_specs
    assert [choice["display"] for choice in gateway.choices(listed.context["cl"])] == ["All", "Main route"]
    assert len(listed.context["cl"].result_list) == 3
    assert dict(own.context["facts"])["Gateway"] == "Main route"


def test_while_nobody_wrote_it_is_said_how_texts_come(admin):
    page = admin.get(page_of("campaigns_incomingtext")).content.decode()

    assert "There are no incoming texts yet." in page
    assert "They come through a gateway: its page under Settings &gt; SMS" in page


def test_a_long_text_is_seen_to_go_on_and_can_be_read_in_the_list(admin):
    take_incoming("acme", [Incoming("1", "+16025550124", "Where is my order? " * 20)])

    page = admin.get(page_of("campaigns_incomingtext")).content.decode()

    assert "Where is my order? Where is my order? Where is my order? Wh…</span>" in page
    assert f'title="{"Where is my order? " * 20}"' in page


def test_what_people_wrote_is_read_one_by_one(admin, written):
    text = IncomingText.objects.get(gateway_id="2")

    page = admin.get(page_of("campaigns_incomingtext", "change", text.pk)).content.decode()

    assert "Where is &lt;b&gt;my&lt;/b&gt; order?" in page
    assert '<span class="os-here">Text from +16025550124</span>' in page


def test_what_people_wrote_is_for_those_who_may_see_it_and_for_nobody_to_change(written):
    text = IncomingText.objects.first()
    listed, one = page_of("campaigns_incomingtext"), page_of("campaigns_incomingtext", "change", text.pk)
    reader = signed_in("campaigns.view_incomingtext", "campaigns.change_incomingtext")
    other = signed_in("campaigns.view_message")

    assert [reader.get(page).status_code for page in (listed, one)] == [200, 200]
    assert [other.get(page).status_code for page in (listed, one)] == [403, 403]
    assert reader.get(page_of("campaigns_incomingtext", "add")).status_code == 403
    assert reader.post(page_of("campaigns_incomingtext", "delete", text.pk), {"post": "yes"}).status_code == 403


def test_a_list_of_texts_costs_the_same_whatever_its_length(admin, written):
    few = cost(admin, page_of("campaigns_incomingtext"))
    take_incoming("acme", [Incoming(f"more-{n}", "+16025550124", "Hello") for n in range(20)])

    assert cost(admin, page_of("campaigns_incomingtext")) == few


def test_a_customers_page_tells_what_they_wrote(admin, written):
    page = admin.get(page_of("customers_customer", "change", written.pk))

    entries = page.context["entries"]
    assert [(entry.text, entry.words, entry.tone) for entry in entries] == [
        ("Wrote to us", "Where is <b>my</b> order?", ""),
        ("Wants no more messages", "Stop.", "bad"),
    ]
    proof = f"sms:{IncomingText.objects.get(meaning='stop').pk}"
    assert f"by a text from their number ({proof})" in page.content.decode()


@pytest.mark.parametrize(
    ("proof", "told"),
    [
        ("gateway:acme:7", "by a gateway that they told so (gateway:acme:7)"),
        ("Web shop", "by Web shop"),
        ("sms", "by sms"),
    ],
)
def test_a_customers_page_tells_who_told_of_their_consent(admin, proof, told):
    customer = CustomerFactory(sms_consent="refused", sms_consent_source=proof, sms_consent_at=NOON)

    assert f"{told}, <time" in admin.get(page_of("customers_customer", "change", customer.pk)).content.decode()


@pytest.mark.parametrize("model", [Run, Message])
def test_what_ran_is_only_read(admin, shop, model):
    activate(save_draft(definition(sms()))[0])
    busy(shop, 1)
    name = f"campaigns_{model._meta.model_name}"

    assert admin.get(page_of(name, "add")).status_code == 403
    assert admin.post(page_of(name, "delete", model.objects.get().pk), {"post": "yes"}).status_code == 403


def test_screens_never_say_the_engines_words(admin, shop):
    activate(save_draft(definition(sms()))[0])
    busy(shop, 1)

    for model, pk in (("campaigns_campaign", Campaign), ("campaigns_run", Run), ("campaigns_message", Message)):
        for address in (page_of(model), page_of(model, "change", pk.objects.get().pk)):
            words = admin.get(address).content.decode().split("campaign-data")[0].lower().split()
            assert not {"run", "inbox", "ledger", "watermark", "outlet"} & set(words)


@pytest.mark.parametrize(
    "typed", ["[]", "null", '{"trigger": 5}', '{"steps": 5}', '{"steps": [5]}', '{"steps": [{}]}', '{"name": ""}']
)
def test_what_is_half_typed_opens_also_after_somebody_else_saved(admin, draft, typed):
    keep(typed, draft.revision, campaign=draft, by=admin.user, page=Page.new())
    save_draft(definition(sms(text="Theirs")))

    answer = admin.get(page_of("campaigns_campaign", "change", draft.pk))

    assert answer.status_code == 200
    assert json.loads(answer.context["definition"]) == json.loads(typed)
