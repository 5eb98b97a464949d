"""The published schema is the API: nothing answers otherwise than it says, whatever is sent."""

import pytest
import schemathesis
from django.conf import settings
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck
from hypothesis import settings as effort
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from orders.said import Said
from orders.transitions import hear
from orderstatus_project.wsgi import application
from tests.callers import Caller
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


schema, whole_schema = load(thorough=False), load(thorough=True)


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
    hear([Said("0", "payment", "paid"), Said("1", "payment", "paid")], shop)
    return Caller.of(shop)


@schema.parametrize()
@effort(max_examples=3, derandomize=True, **UNHURRIED)
def test_whatever_is_sent_the_answer_is_one_of_the_schemas(case, api):
    check(case, api)


@pytest.mark.proof
@whole_schema.parametrize()
@effort(max_examples=100, **UNHURRIED)
def test_however_much_is_sent_the_answer_is_one_of_the_schemas(case, api):
    check(case, api)


def check(case, api):
    is_batch = case.operation.definition.raw["operationId"] in BATCHES
    checks = CHECKS if is_batch else [*CHECKS, negative_data_rejection]
    case.call_and_validate(headers={"Authorization": f"Bearer {api.secret}"}, checks=checks)


def test_the_committed_schema_is_in_step(tmp_path):
    now = tmp_path / "openapi.yaml"

    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(now))

    assert SCHEMA_FILE.read_text() == now.read_text(), "Run `make schema` and look at what changed."
