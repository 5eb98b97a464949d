"""A kind is one file. Trigger, step and gateway are added here, and are everywhere by themselves."""

import pytest
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator

from campaigns.books import audit
from campaigns.draining import drain
from campaigns.editing import vocabulary
from campaigns.kinds_page import kinds_page
from campaigns.models import From, Run, SmsGateway
from campaigns.sms.gateways import KINDS
from campaigns.steps import STEPS, TRIGGERS
from campaigns.steps.base import (
    Branch,
    Continue,
    Decision,
    PlainChoiceField,
    StepForm,
    StepKind,
    TriggerKind,
    ValueField,
    Watched,
    read_whole,
)
from tests.callers import Caller
from tests.campaigns.shop import ending, path, sms, step
from tests.campaigns.sms import pigeon
from tests.factories import CustomerFactory, SourceFactory
from tests.screens import page_of, signed_in
from workspace.encryption import encrypt

pytestmark = pytest.mark.django_db


class TriggerForm(StepForm):
    to = PlainChoiceField(label="To", choices=[("paid", "Paid"), ("invoiced", "Invoice issued")])


class StepParams(StepForm):
    least = ValueField(read_whole(1, 9), control="number", options={"min": 1, "max": 9}, label="At least")
    colour = PlainChoiceField(label="Colour", choices=[("red", "Red"), ("blue", "Blue")], required=False)


TRIGGER = TriggerKind(
    "money_moved",
    "Money moved",
    TriggerForm,
    watched=lambda params: Watched("payment", frozenset({params["to"]}), From.ANY, frozenset()),
    has_change=True,
    statuses=lambda params: frozenset({("payment", params["to"])}),
    says=lambda _params, _names: "When money moved",
)
STEP = StepKind(
    "paint",
    "Paint the parcel",
    StepParams,
    lambda runs, _step, params, _world: [Decision(Continue("dry" if params["least"] > 4 else "wet")) for _run in runs],
    branches=(Branch("dry", "Dry"), Branch("wet", "Still wet", ends_when_empty=True)),
    says=lambda params, _names: f"Paints it {params.get('colour')}.",
)


@pytest.fixture
def loft(monkeypatch):
    loft, kind = pigeon.kind()
    monkeypatch.setitem(TRIGGERS, TRIGGER.key, TRIGGER)
    monkeypatch.setitem(STEPS, STEP.key, STEP)
    monkeypatch.setitem(KINDS, kind.key, kind)
    return loft


@pytest.mark.usefixtures("loft")
def test_canvas_and_list_offer_them():
    told = vocabulary()

    [trigger] = [each for each in told["triggers"] if each["key"] == "money_moved"]
    [kind] = [each for each in told["kinds"] if each["key"] == "paint"]
    assert [field["key"] for field in trigger["fields"]] == ["to"]
    assert [(field["key"], field["control"]) for field in kind["fields"]] == [("least", "number"), ("colour", "choice")]
    assert [(branch["key"], branch["ends"]) for branch in kind["branches"]] == [("dry", False), ("wet", True)]


@pytest.mark.usefixtures("loft")
def test_the_screen_of_gateways_offers_it():
    page = signed_in(is_superuser=True).get(page_of("campaigns_smsgateway", "add"))

    assert "pigeon" in [kind.key for kind in page.context["kinds"]]


@pytest.mark.usefixtures("loft")
def test_the_schema_of_the_api_describes_them():
    schemas = SchemaGenerator().get_schema(request=None, public=True)["components"]["schemas"]

    assert {"$ref": "#/components/schemas/TriggerMoneyMoved"} in schemas["CampaignTrigger"]["oneOf"]
    assert {"$ref": "#/components/schemas/StepPaint"} in schemas["CampaignStep"]["oneOf"]
    assert schemas["TriggerMoneyMoved"]["properties"]["kind"]["enum"] == ["money_moved"]
    step = schemas["StepPaint"]["properties"]
    assert step["params"]["required"] == ["least"]
    assert step["params"]["properties"] == {
        "least": {"type": "integer", "minimum": 1, "maximum": 9, "description": "At least"},
        "colour": {"type": "string", "enum": ["red", "blue"], "description": "Colour"},
    }
    assert list(step["branches"]["properties"]) == ["dry", "wet"]


@pytest.mark.usefixtures("loft")
def test_the_page_of_kinds_lists_them():
    page = kinds_page()

    assert "| `money_moved` | Money moved | `to` |" in page
    assert "| `paint` | Paint the parcel | `least`, [`colour`] | `dry`, `wet` |" in page
    assert "| `pigeon` | Carrier pigeons | For those who live on a hill. |" in page


@pytest.mark.usefixtures("loft")
def test_they_need_no_migration():
    call_command("makemigrations", "campaigns", check_changes=True, dry_run=True, verbosity=0)


def test_they_run_from_end_to_end(loft, shop):
    SmsGateway.objects.create(
        code="loft",
        name="Loft",
        kind="pigeon",
        settings={"url": "https://pigeons.example"},
        secrets=encrypt({"password": "hush"}),
    )
    shop.start(
        step("paint", "colours", least=5, branches={"dry": [sms(text="It is dry")]}),
        trigger={"kind": "money_moved", "params": {"to": "paid"}},
    )

    run = shop.pay(customer=CustomerFactory(phone_written="+61 491 570 156"))
    drain()

    assert path(run) == [("", "admitted"), ("colours", "dry"), ("text", "owed"), ("text", "sent")]
    assert ending(run) == ("finished", "")
    assert [sent[1] for sent in loft.sent] == ["It is dry"]
    assert Run.objects.count() == 1
    assert audit()["unaccounted"] == 0


@pytest.mark.usefixtures("loft")
def test_the_api_takes_them_and_says_what_is_wrong():
    caller = Caller.of(SourceFactory())
    definition = {
        "format": 1,
        "code": "painted",
        "name": "Painted",
        "trigger": {"kind": "money_moved", "params": {"to": "paid"}},
        "steps": [{"key": "colours", "kind": "paint", "params": {"least": 10}}],
    }

    [mistake] = caller.post("campaigns/", definition).json()["errors"]
    assert mistake["pointer"] == "#/steps/0/params/least"

    definition["steps"][0]["params"]["least"] = 9
    assert caller.post("campaigns/", definition).status_code == 201
