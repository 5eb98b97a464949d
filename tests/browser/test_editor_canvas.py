"""The canvas of the editor: by mouse, and as a second view of what the list form shows."""

import pytest
from playwright.sync_api import expect

from campaigns.lifecycle import save_draft
from campaigns.models import Campaign
from campaigns.steps import STEPS
from campaigns.steps.base import Branch, Continue, Decision, PlainChoiceField, StepForm, StepKind, ValueField
from tests.browser.conftest import SIZES
from tests.browser.editor import ADD, definition, drag, gap, node, settings, tool, view
from tests.screens import documented_statuses, page_of, ready_for_pickup, signed_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def statuses(db):
    return documented_statuses()


@pytest.fixture
def open_canvas(page, visit):
    def open_canvas(campaign):
        page.set_viewport_size(SIZES["desktop"])
        visit(page_of("campaigns_campaign", "change", campaign.pk))
        expect(node(page, "/trigger")).to_be_visible()

    return open_canvas


def test_a_step_is_dragged_into_a_branch_and_back_by_undo(page, open_canvas, statuses):
    before = ready_for_pickup()
    open_canvas(save_draft(before)[0])

    drag(page, node(page, "sms"), gap(page, "/steps/0/branches/no/0"))
    expect(page.locator('[data-place="/steps/0/branches/no/1"]')).to_have_count(1)
    moved = definition(page)
    page.get_by_role("button", name="Undo").click()
    back = definition(page)
    page.get_by_role("button", name="Redo").click()

    assert moved["steps"][0]["branches"] == {"yes": [], "no": before["steps"][0]["branches"]["yes"]}
    assert back == before
    assert definition(page) == moved


def test_a_step_is_copied_with_its_branches_and_removed(page, open_canvas, statuses):
    open_canvas(save_draft(ready_for_pickup())[0])

    node(page, "filter").click()
    settings(page).get_by_role("button", name="Duplicate").click()
    expect(node(page, "filter_customers")).to_be_visible()
    copied = definition(page)["steps"]
    node(page, "filter").click()
    settings(page).get_by_role("button", name="Copy the steps of “Yes” to “No”").click()
    expect(node(page, "send_sms-2")).to_be_visible()
    node(page, "sms").click()
    settings(page).get_by_role("button", name="Remove").click()

    assert [step["key"] for step in copied] == ["filter", "filter_customers"]
    assert [step["key"] for step in copied[1]["branches"]["yes"]] == ["send_sms"]
    branches = definition(page)["steps"][0]["branches"]
    assert branches["yes"] == []
    assert [step["key"] for step in branches["no"]] == ["send_sms-2"]


def test_what_is_to_be_mended_is_marked_and_found(page, open_canvas, statuses):
    open_canvas(save_draft(ready_for_pickup())[0])

    node(page, "sms").click()
    settings(page).get_by_label("Text", exact=True).fill("{{ order.secret }}")
    expect(page.locator(".ed-problem")).to_have_count(1)
    settings(page).get_by_role("button", name="Campaign").click()
    page.get_by_role("button", name="1 thing to mend").click()
    page.get_by_role("link", name="Send SMS, Text:").click()

    expect(settings(page).get_by_label("Text", exact=True)).to_be_focused()
    expect(settings(page).get_by_label("Text", exact=True)).to_have_attribute("aria-invalid", "true")
    settings(page).get_by_label("Text", exact=True).fill("Mended")
    expect(page.locator(".ed-problem")).to_have_count(0)


def test_nobody_is_told_to_mend_what_nobody_has_typed(page, visit, statuses):
    page.set_viewport_size(SIZES["desktop"])
    visit(ADD)
    expect(node(page, "/trigger")).to_be_visible()
    expect(page.locator("#ed-left")).to_be_hidden()
    expect(page.locator(".ed-problem")).to_have_count(0)

    drag(page, tool(page, "Filter customers"), gap(page, "/steps/0"))

    expect(page.locator("#ed-left")).to_be_visible()
    expect(node(page, "filter_customers").locator(".ed-problem")).to_have_count(
        1
    )  # on the card, not beside its branches


def test_keys_go_from_step_to_step(page, open_canvas, statuses):
    open_canvas(save_draft(ready_for_pickup())[0])

    page.get_by_role("application").focus()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    expect(page.get_by_text("Send SMS. Sends “{{ order.external_id }} is ready.”", exact=True)).to_have_count(1)
    page.keyboard.press("Enter")

    expect(settings(page).get_by_label("Text", exact=True)).to_be_focused()


def test_the_view_is_remembered(page, open_canvas, statuses):
    campaign = save_draft(ready_for_pickup())[0]
    open_canvas(campaign)

    view(page, "List")
    page.reload()

    expect(page.get_by_role("tab", name="List")).to_have_attribute("aria-selected", "true")


def test_who_may_only_look_changes_nothing(page, open_canvas, live_server, statuses):
    campaign = save_draft(ready_for_pickup())[0]
    viewer = signed_in("campaigns.view_campaign")
    page.context.add_cookies(
        [{"name": "sessionid", "value": viewer.cookies["sessionid"].value, "url": live_server.url}]
    )
    open_canvas(campaign)

    node(page, "sms").click()

    expect(settings(page).get_by_label("Text", exact=True)).to_be_disabled()
    expect(page.get_by_role("toolbar")).to_have_count(0)
    expect(page.locator(".ed-plus")).to_have_count(0)


class Form(StepForm):
    colour = PlainChoiceField(label="Colour", choices=[("red", "Red"), ("blue", "Blue")], initial="red")


KIND = StepKind(
    "paint",
    "Paint the parcel",
    Form,
    lambda runs, _step, _params, _world: [Decision(Continue("dry")) for _run in runs],
    branches=(Branch("dry", "Dry"), Branch("wet", "Still wet", ends_when_empty=True)),
    says=lambda params, _names: f"Paints it {params.get('colour')}.",
    icon="palette",
)


def test_a_kind_that_a_test_adds_is_there_by_itself(page, open_canvas, statuses, monkeypatch):
    monkeypatch.setitem(STEPS, "paint", KIND)
    open_canvas(save_draft(ready_for_pickup())[0])

    drag(page, tool(page, "Paint the parcel"), gap(page, "/steps/1"))
    settings(page).get_by_label("Colour").select_option("blue")
    expect(node(page, "paint")).to_contain_text("Paints it blue.")
    expect(page.locator(".ed-way-name")).to_have_text(["Yes", "No", "Dry", "Still wet"])
    view(page, "List")
    step = page.get_by_role("region", name="Step 3, Paint the parcel")
    expect(step.get_by_label("Colour")).to_have_value("blue")
    page.get_by_role("button", name="Save draft").click()

    expect(page.get_by_text("The draft is saved.")).to_be_visible()
    assert Campaign.objects.get().draft["steps"][1]["params"] == {"colour": "blue"}


def anything(control, label="", **options):
    return ValueField(lambda raw: raw, control=control, options=options, label=label or control, required=False)


class Everything(StepForm):
    """A field of each control there is for kinds."""

    number = anything("number", min=1, max=9)
    line = anything("line")
    time = anything("time")
    date = anything("date")
    moment = anything("moment")
    weekdays = anything("weekdays")
    duration = anything("duration")
    flag = anything("flag")
    name = anything("name", choices=[{"key": "known", "label": "Known"}])
    choice_many = anything("choice_many", choices=[{"key": "a", "label": "Apple"}, {"key": "b", "label": "Pear"}])
    type = PlainChoiceField(
        label="type", choices=[("delivery", "Delivery"), ("payment", "Payment")], initial="delivery"
    )
    statuses = anything("statuses", type_from="type")
    variants = anything("weights", keys=["a", "b"], min=1, max=2)
    unheard_of = anything("unheard_of")
    seldom = anything("line", "rare", more=True)


def test_each_control_writes_what_its_field_reads(page, open_canvas, statuses, monkeypatch):
    kind = StepKind("all", "All", Everything, KIND.decide)
    monkeypatch.setitem(STEPS, "all", kind)
    raw = ready_for_pickup()
    open_canvas(save_draft(raw | {"steps": [{"key": "all", "kind": "all", "params": {"type": "delivery"}}]})[0])
    node(page, "all").click()
    panel = settings(page)

    for label, text in {"number": "7", "line": "Hello", "time": "09:30", "date": "2026-05-03", "name": "known"}.items():
        panel.get_by_label(label, exact=True).fill(text)
    panel.get_by_label("moment", exact=True).fill("2026-05-03T09:30")
    panel.get_by_text("Wednesday").click()
    panel.get_by_label("duration", exact=True).check()
    panel.get_by_label("flag", exact=True).check()
    panel.get_by_text("Pear").click()
    panel.get_by_text("Shipped").click()
    panel.get_by_label("type", exact=True).select_option("payment")
    panel.get_by_text("Paid", exact=True).click()
    panel.get_by_role("button", name="Add variant").click()
    panel.get_by_label("Variant A: Name").fill("Left")
    panel.get_by_label("unheard_of", exact=True).fill('{"any": 1}')
    panel.get_by_text("More", exact=True).click()
    panel.get_by_label("rare", exact=True).fill("Rare")

    assert definition(page)["steps"][0]["params"] == {
        "number": 7,
        "line": "Hello",
        "time": "09:30",
        "date": "2026-05-03",
        "moment": "2026-05-03T09:30:00.000Z",
        "weekdays": [3],
        "duration": {"value": 1, "unit": "hours"},
        "flag": True,
        "name": "known",
        "choice_many": ["b"],
        "type": "payment",
        "statuses": ["paid"],
        "variants": [{"key": "a", "weight": 50, "name": "Left"}],
        "unheard_of": {"any": 1},
        "seldom": "Rare",
    }
