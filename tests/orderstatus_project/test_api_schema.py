"""The published schema is the API: nothing answers otherwise than it says, whatever is sent."""

from datetime import datetime
from functools import cache

import pytest
import schemathesis
import yaml
from django.conf import settings
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck
from hypothesis import settings as effort
from jsonschema import Draft202012Validator, FormatChecker
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from campaigns.api.messages import EXAMPLE as MESSAGE
from campaigns.draining import drain
from campaigns.lifecycle import activate, save_draft
from orders.said import Said
from orders.transitions import hear
from orderstatus_project import api_schema
from orderstatus_project.wsgi import application
from tests.callers import Caller
from tests.campaigns.shop import definition, sms
from tests.factories import CustomerFactory, OrderFactory, SourceFactory, StatusFactory
from workspace.models import Workspace

CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    ignored_auth,
]
# A batch that holds bad items is no bad request.
BATCHES = ("customers_bulk", "orders_bulk", "status_changes_create")
UNHURRIED = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
}


SCHEMA_FILE = settings.BASE_DIR / "docs" / "openapi.yaml"


def load(*, thorough):
    phases = {"examples": {"enabled": True}, "coverage": {"enabled": thorough}, "stateful": {"enabled": False}}
    schema = schemathesis.openapi.from_path(
        SCHEMA_FILE, config=schemathesis.config.SchemathesisConfig.from_dict({"phases": phases})
    )
    schema.app = application
    return schema


schema = load(thorough=False)


@pytest.fixture
def one_connection():
    """Django's test client does the same: a request must not close the connection whose transaction is the test's."""
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    yield
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


@pytest.fixture
def api(db, one_connection, settings):
    """A shop where something of each kind is there to be found."""
    settings.API_REQUESTS_PER_MINUTE = 0
    Workspace.objects.update(orders_enabled=True)
    shop = SourceFactory()
    StatusFactory(type="payment", code="paid")
    StatusFactory(type="delivery", code="shipped")
    OrderFactory(external_id="0", customer=CustomerFactory(external_id="0"))
    activate(save_draft(definition(sms()))[0])
    hear([Said("0", "payment", "paid"), Said("1", "payment", "paid")], shop)
    drain()
    return Caller.of(shop)


@schema.parametrize()
@effort(max_examples=3, derandomize=True, **UNHURRIED)
def test_whatever_is_sent_the_answer_is_one_of_the_schemas(case, api):
    check(case, api)


def check(case, api):
    is_batch = case.operation.definition.raw["operationId"] in BATCHES
    checks = CHECKS if is_batch else [*CHECKS, negative_data_rejection]
    case.call_and_validate(headers={"Authorization": f"Bearer {api.secret}"}, checks=checks)


@cache
def written():
    return yaml.load(SCHEMA_FILE.read_text(), yaml.CSafeLoader)  # which is ten times as fast as safe_load


def operations():
    for address, methods in written()["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {address}", operation


def answers():
    """[("get /…", the 200 answer in JSON), …]"""
    for name, operation in operations():
        content = operation["responses"].get("200", {}).get("content", {})
        if "application/json" in content:
            yield name, content["application/json"]


def bodies():
    for name, operation in operations():
        for media in operation.get("requestBody", {}).get("content", {}).values():
            yield name, media


def examples(medias):
    return [
        pytest.param(media["schema"], example["value"], id=f"{name} {title}")
        for name, media in medias
        for title, example in media.get("examples", {}).items()
    ]


FORMATS = FormatChecker()


@FORMATS.checks("date-time", raises=ValueError)
def has_an_offset(value):
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


def validator(schema, *, of_body=False):
    """OpenAPI 3.0 in the words of JSON Schema, and stricter: an example names no field that is not there."""

    def translated(part):
        if isinstance(part, list):
            return [translated(item) for item in part]
        if not isinstance(part, dict):
            return part
        plain = {name: translated(value) for name, value in part.items() if name != "nullable"}
        if part.get("type") == "object" and "properties" in part:
            plain.setdefault("additionalProperties", False)
            unsent = [name for name, field in part["properties"].items() if of_body and field.get("readOnly")]
            plain["required"] = [name for name in part.get("required", []) if name not in unsent]
        return {"anyOf": [{"type": "null"}, plain]} if part.get("nullable") is True else plain

    root = {**translated(schema), "components": translated(written()["components"])}
    return Draft202012Validator(root, format_checker=FORMATS)


def test_every_answer_to_a_get_is_shown_by_an_example():
    bare = [name for name, media in answers() if name.startswith("get ") and not media.get("examples")]

    assert bare == []


@pytest.mark.parametrize(("schema", "value"), examples(answers()))
def test_an_example_answer_is_one_that_the_schema_allows(schema, value):
    assert [error.message for error in validator(schema).iter_errors(value)] == []


@pytest.mark.parametrize(("schema", "value"), examples(bodies()))
def test_an_example_body_is_one_that_the_schema_allows(schema, value):
    assert [error.message for error in validator(schema, of_body=True).iter_errors(value)] == []


@pytest.mark.parametrize(
    "wrong",
    [{"id": "1"}, {"due_at": "soon"}, {"due_at": "2026-05-03T14:05:00"}, {"state": "lost"}, {"order": 7}, {"x": 1}],
)
def test_an_example_that_lies_would_be_noticed(wrong):
    message = validator({"$ref": "#/components/schemas/Message"})

    assert message.is_valid(MESSAGE)
    assert not message.is_valid({**MESSAGE, **wrong})


def test_the_committed_schema_is_in_step(tmp_path):
    now = tmp_path / "openapi.yaml"

    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(now))

    assert SCHEMA_FILE.read_text() == now.read_text(), "Run `make schema` and look at what changed."


def test_it_is_served_in_both_forms_and_made_once_in_each(client):
    api_schema.written.cache_clear()
    first, again = client.get("/api/v1/schema/"), client.get("/api/v1/schema/")
    as_json = client.get("/api/v1/schema/", headers={"Accept": "application/json"})

    assert first.headers["Content-Type"] == "application/vnd.oai.openapi; charset=utf-8"
    assert first.headers["Content-Disposition"] == 'inline; filename="Order Status API.yaml"'
    assert yaml.load(first.content, yaml.CSafeLoader) == as_json.json() == written()
    assert again.content == first.content
    assert api_schema.written.cache_info().misses == 2
