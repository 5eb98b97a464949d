"""Wherever a campaign is shown as JSON, its keys stand as docs/campaigns.md writes them."""

import json
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command

from campaigns.lifecycle import save_draft
from tests.callers import Caller
from tests.factories import SourceFactory
from tests.screens import page_of, signed_in

pytestmark = pytest.mark.django_db

DOCUMENTED = {
    "format": 1,
    "code": "thanks",
    "name": "Thanks",
    "trigger": {"kind": "order_status_changed", "params": {"to": "any", "from": "any", "type": "payment"}},
    "reentry": {"mode": "once_per_order"},
    "max_age": {"unit": "hours", "value": 24},
    "steps": [
        {
            "key": "asked",
            "kind": "filter_customers",
            "params": {"rule": {"rules": [{"field": "order.total", "operator": "notNull"}], "combinator": "and"}},
            "branches": {
                "yes": [{"key": "a", "kind": "wait", "params": {"duration": {"unit": "days", "value": 1}}}],
                "no": [{"key": "b", "kind": "wait", "params": {"duration": {"unit": "days", "value": 2}}}],
            },
        }
    ],
}


def reversed_throughout(value):
    """On SQLite, where objects keep the order in which they were told, as far from it as can be."""
    if isinstance(value, dict):
        return {key: reversed_throughout(value[key]) for key in reversed(value)}
    return [reversed_throughout(each) for each in value] if isinstance(value, list) else value


@pytest.fixture
def campaign():
    return save_draft(reversed_throughout(DOCUMENTED))[0]


def keys_of(definition):
    (step,) = definition["steps"]
    return [*definition], [*definition["trigger"]], [*step], [*step["branches"]], [*step["branches"]["yes"][0]]


WRITTEN = (
    ["format", "code", "name", "trigger", "reentry", "max_age", "steps"],
    ["kind", "params"],
    ["key", "kind", "params", "branches"],
    ["yes", "no"],
    ["key", "kind", "params"],
)


def test_a_file(campaign):
    out = StringIO()

    call_command("campaign", "export", "thanks", stdout=out)

    assert keys_of(json.loads(out.getvalue())) == WRITTEN
    assert json.loads(out.getvalue()) == DOCUMENTED


def test_the_api(campaign):
    answer = Caller.of(SourceFactory()).get("campaigns/thanks/").json()

    assert keys_of(answer["definition"]) == WRITTEN


def test_the_editor(campaign):
    page = signed_in(is_superuser=True).get(page_of("campaigns_campaign", "change", campaign.pk))

    assert keys_of(json.loads(page.context["definition"])) == WRITTEN


def test_the_example_of_the_docs_is_written_so(db):
    text = (settings.BASE_DIR / "docs" / "ready_for_pickup.json").read_text(encoding="utf-8")
    save_draft(json.loads(text))
    out = StringIO()

    call_command("campaign", "export", "ready-for-pickup", stdout=out)

    assert [*json.loads(out.getvalue())] == [*json.loads(text)]
