"""What commands say to people can be said in another language, looked up when it is said."""

from io import StringIO

import pytest
from django.core.management import call_command, get_commands, load_command_class
from django.core.management.base import BaseCommand
from django.utils import translation

OURS = sorted(
    (name, app)
    for name, app in get_commands().items()
    if app in {"analytics", "campaigns", "customers", "orders", "orderstatus_project", "statuses", "workspace"}
)
PLAIN = {action.dest for action in BaseCommand().create_parser("manage.py", "any")._actions}


@pytest.fixture
def abroad(monkeypatch):
    """A language in which every text stands in brackets."""
    monkeypatch.setattr(translation._trans, "gettext", lambda message: f"[{message}]")


def texts_of(parser):
    yield parser.description
    for action in parser._actions:
        if action.dest == "verb":
            yield from (choice.help for choice in action._choices_actions)
            for verb in action.choices.values():
                yield from (argument.help for argument in verb._actions if argument.help and argument.dest != "help")
        elif action.dest not in PLAIN and action.help:
            yield action.help


def test_our_commands_are_known():
    assert [name for name, _app in OURS] == [
        "audit",
        "campaign",
        "create_api_key",
        "drain",
        "listen",
        "load",
        "make_history",
        "make_login",
        "orders",
        "rule_fields",
        "seed_demo",
        "statuses",
    ]


@pytest.mark.parametrize(("name", "app"), OURS)
def test_what_a_command_says_of_itself_is_translated(name, app, abroad):
    command = load_command_class(app, name)

    texts = list(texts_of(command.create_parser("manage.py", name)))

    assert [text for text in texts if not text.startswith("[")] == []


@pytest.mark.django_db
def test_counts_are_told_in_the_readers_language(abroad):
    out = StringIO()

    call_command("drain", stdout=out)
    call_command("audit", stdout=out)

    lines = out.getvalue().splitlines()
    assert lines[:3] == ["[parked: 0]", "[runs: 0]", "[messages: 0]"]
    assert lines[4].startswith("[changes]: 0 ([Moved the order]: 0, [Changed nothing]: 0")
    assert lines[-2:] == ["[owed without message or call]: 0", "[unaccounted: 0]"]


@pytest.mark.django_db
def test_what_programs_read_is_the_same_in_every_language(abroad):
    out = StringIO()

    call_command("audit", "--json", stdout=out)

    assert out.getvalue().startswith('{"changes": {"received": 0, "moved": 0')
