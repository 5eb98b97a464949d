"""The system checks: a production set up well is silent, and each thing wrong with it is named."""

import pytest
from django.core.checks import run_checks

from campaigns.sms.gateways import BUILTIN
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
    "SMS_GATEWAY": "contracted",
}


@pytest.fixture
def production(settings, monkeypatch):
    monkeypatch.setitem(BUILTIN, "contracted", object())
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
    ],
)
def test_in_production_it_is_named(production, name, value, finding):
    setattr(production, name, value)

    assert found() == [finding]


def test_in_production_sqlite_is_named_and_its_bundled_redis_is_fine(production, monkeypatch):
    monkeypatch.setattr(checks, "is_postgresql", lambda: False)
    production.REDIS_IS_BUNDLED = True

    assert found() == ["project.W001"]


def test_every_finding_says_what_to_do():
    assert all(finding.hint for _, finding in checks.PRODUCTION_RULES)


def test_outside_production_all_of_it_is_allowed(production):
    production.PRODUCTION = False
    production.DEBUG = production.DEMO = production.REDIS_IS_BUNDLED = True
    production.ALLOWED_HOSTS, production.SECRET_KEY, production.SMS_GATEWAY = ["*"], "short", "phone"

    assert found() == []


def test_a_gateway_that_does_not_exist_is_named_everywhere(settings):
    settings.PRODUCTION, settings.SMS_GATEWAY = False, "carrier_pigeon"

    assert found() == ["project.E008"]
