"""The system checks: a production set up well is silent, and each thing wrong with it is named."""

import pytest
from django.core.checks import run_checks
from django.db import connection

from campaigns.models import SmsGateway
from orderstatus_project import checks

SET_UP_WELL = {
    "PRODUCTION": True,
    "DEBUG": False,
    "DEMO": False,
    "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz-0123456789-xyz",
    "SECRET_KEY_IS_GIVEN": True,
    "ALLOWED_HOSTS": ["orders.example.com"],
    "CSRF_TRUSTED_ORIGINS": ["https://orders.example.com"],
    "REDIS_IS_BUNDLED": False,
    "ENCRYPTION_KEYS_ARE_GIVEN": True,
    "PUBLIC_URL": "https://orders.example.com",
    "METRICS_TOKEN": "0123456789abcdefghijklmnopqrstuv",
    "FAILPOINT_FILE": "",
}


@pytest.fixture
def production(settings, monkeypatch):
    monkeypatch.setattr(checks, "is_postgresql", lambda: True)
    for name, value in SET_UP_WELL.items():
        setattr(settings, name, value)
    return settings


def found():
    return [finding.id for finding in run_checks() if finding.id.startswith("project.")]


def test_a_production_set_up_well_is_silent(production):
    assert found() == []


@pytest.mark.parametrize(
    ("name", "value", "finding"),
    [
        ("DEBUG", True, "project.E001"),
        ("DEMO", True, "project.E002"),
        ("SECRET_KEY_IS_GIVEN", False, "project.E003"),
        ("SECRET_KEY", "0123456789abcdefghijklmnopqrstuvwxyz-0123456789-x", "project.E004"),
        ("ALLOWED_HOSTS", [], "project.E005"),
        ("ALLOWED_HOSTS", ["orders.example.com", "*"], "project.E006"),
        ("CSRF_TRUSTED_ORIGINS", ["http://orders.example.com"], "project.E007"),
        ("SMS_GATEWAY", "carrier_pigeon", "project.E008"),
        ("REDIS_IS_BUNDLED", True, "project.W002"),
        ("ENCRYPTION_KEYS_ARE_GIVEN", False, "project.E009"),
        ("PUBLIC_URL", "http://orders.example.com", "project.E010"),
        ("METRICS_TOKEN", "0123456789abcdefghijklmnopqrstu", "project.E011"),
        ("FAILPOINT_FILE", "/tmp/failpoint", "project.E012"),
    ],
)
def test_in_production_it_is_named(production, name, value, finding):
    setattr(production, name, value)

    assert found() == [finding]


@pytest.mark.parametrize("name", ["PUBLIC_URL", "METRICS_TOKEN"])
def test_in_production_these_may_be_left_out(production, name):
    setattr(production, name, "")

    assert found() == []


def found_with_database():
    return [f.id for f in run_checks(databases=["default"]) if f.id.startswith("project.")]


@pytest.mark.django_db
def test_that_no_gateway_is_connected_is_said_where_the_database_may_be_asked(production):
    before = found_with_database()
    SmsGateway.objects.create(code="main", name="Main", kind="memory", is_active=False)
    inactive = found_with_database()
    SmsGateway.objects.update(is_active=True)

    assert (before, inactive, found_with_database()) == (["project.W003"], ["project.W003"], [])


@pytest.mark.django_db
def test_a_database_that_is_not_migrated_yet_is_not_asked_for_gateways(production):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE campaigns_smsgateway RENAME TO not_made_yet")

    assert found_with_database() == []


def test_in_production_sqlite_is_named_and_its_bundled_redis_is_fine(production, monkeypatch):
    monkeypatch.setattr(checks, "is_postgresql", lambda: False)
    production.REDIS_IS_BUNDLED = True

    assert found() == ["project.W001"]


def test_every_finding_says_what_to_do():
    assert all(say().hint for _, say in checks.PRODUCTION_RULES)


def test_outside_production_all_of_it_is_allowed(production):
    production.PRODUCTION = False
    production.DEBUG = production.DEMO = production.REDIS_IS_BUNDLED = True
    production.ALLOWED_HOSTS, production.SECRET_KEY, production.SMS_GATEWAY = ["*"], "short", "phone"

    assert found() == []


def test_a_gateway_that_does_not_exist_is_named_everywhere(settings):
    settings.PRODUCTION, settings.SMS_GATEWAY = False, "carrier_pigeon"

    assert found() == ["project.E008"]
