"""What the README tells a newcomer to type works, in the order in which it is told."""

import shlex
from io import StringIO

import pytest
from django.core.management import call_command

from campaigns.models import Campaign
from orders.models import Order
from orderstatus_project.environment import BASE_DIR
from workspace.models import ApiKey, Workspace

PAGE = (BASE_DIR / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line.split("manage.py ")[1] for line in PAGE.splitlines() if line.startswith("    .venv/bin/python manage.py")
]


@pytest.mark.django_db
def test_a_newcomer_can_type_every_command_in_turn(monkeypatch):
    monkeypatch.chdir(BASE_DIR)

    for command in COMMANDS:
        call_command(*_on_our_files(command), stdout=StringIO(), stderr=StringIO())

    assert Workspace.orders_are_on()
    assert (ApiKey.objects.count(), Order.objects.count()) == (1, 7)
    assert Campaign.objects.get().state == "active"


def _on_our_files(command):
    """A shop's own files are not ours to name: small ones of the tests stand for them."""
    return [
        f"tests/data/{word.removesuffix('.gz')}" if word.endswith(".csv.gz") else word for word in shlex.split(command)
    ]


def test_it_leads_to_production():
    assert "docs/operating.md" in PAGE
    assert (BASE_DIR / "docs" / "operating.md").exists()
