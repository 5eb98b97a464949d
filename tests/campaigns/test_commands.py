"""`manage.py campaign`, and the books as people read them."""

import json
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from campaigns import books
from campaigns.lifecycle import read_reach
from campaigns.models import Activation, Campaign, Message
from tests.campaigns.shop import definition, sms
from tests.factories import CustomerFactory, StatusFactory
from workspace.models import Workspace
from workspace.reading import Problem

pytestmark = pytest.mark.django_db


NO_GATEWAY = "No SMS gateway is connected: texts go to the test phone at most. Connect one in Settings > SMS.\n"


@pytest.fixture
def thanks(tmp_path):
    Workspace.objects.update(orders_enabled=True)
    file = tmp_path / "thanks.json"
    file.write_text(json.dumps(definition(sms())))
    return str(file)


def campaign(*arguments):
    out, err = StringIO(), StringIO()
    call_command("campaign", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_a_file_becomes_a_draft_and_then_a_new_draft(thanks):
    StatusFactory(type="payment", code="paid")

    assert campaign("import", thanks) == ("Created campaign thanks.\n", NO_GATEWAY)
    assert campaign("import", thanks) == ("Updated the draft of campaign thanks.\n", NO_GATEWAY)
    assert Campaign.objects.get().state == "draft"


def test_a_status_that_is_not_there_yet_is_told(thanks):
    _out, err = campaign("import", thanks)

    unknown = "The trigger names the status “paid”, which does not exist yet: nothing matches it until it does.\n"
    assert err == unknown + NO_GATEWAY


@pytest.mark.parametrize("arguments", [(), ("--activate",)])
def test_that_orders_is_off_is_told(thanks, arguments):
    Workspace.objects.update(orders_enabled=False)
    StatusFactory(type="payment", code="paid")

    _out, err = campaign("import", thanks, *arguments)

    off = "Orders is off: no campaign starts until you turn it on, in the admin or with `manage.py orders on`.\n"
    assert err == off + NO_GATEWAY


def test_it_is_activated_from_the_beginning(thanks):
    out, _err = campaign("import", thanks, "--activate", "--effective-from", "beginning")

    assert out == (
        "Created campaign thanks.\n"
        "Activated version 1, effective from the beginning.\n"
        "Orders that entered from changes heard before: 0\n"
    )
    assert Activation.objects.get().effective_from is None


def test_it_is_activated_from_a_time(thanks):
    out, _err = campaign("import", thanks, "--activate", "--effective-from", "2026-05-03T14:05:00+02:00")

    assert "effective from 2026-05-03 12:05:00+00:00." in out
    assert Activation.objects.get().effective_from == datetime(2026, 5, 3, 12, 5, tzinfo=UTC)


@pytest.mark.parametrize("written", ["soon", "2026-05-03T14:05:00", ""])
def test_a_time_that_is_none_imports_nothing(thanks, written):
    with pytest.raises(CommandError, match=r"^--effective-from: .* Or write “beginning”\.$"):
        campaign("import", thanks, "--activate", "--effective-from", written)

    assert not Campaign.objects.exists()


def test_a_draft_takes_no_effect(thanks):
    with pytest.raises(CommandError, match="needs --activate"):
        campaign("import", thanks, "--effective-from", "beginning")


def test_an_unknown_campaign_is_answered_with_those_there_are(thanks):
    with pytest.raises(CommandError, match=r"There is no campaign “x”\. There are: none yet\."):
        campaign("export", "x")


def test_what_is_exported_can_be_imported(thanks):
    campaign("import", thanks)

    out, _err = campaign("export", "thanks")

    assert json.loads(out) == definition(sms())


def test_left_out_is_from_now_on_and_beginning_is_all():
    assert read_reach(None) == {"from_the_beginning": False, "effective_from": None}
    assert read_reach("beginning") == {"from_the_beginning": True, "effective_from": None}


def test_an_empty_time_is_no_time():
    assert read_reach("") == Problem("empty", "Give a time. Or write “beginning”.", "effective_from")


def test_the_books_are_told_in_words(shop):
    shop.start(sms())
    shop.pay("A")
    shop.pay("B", customer=CustomerFactory(sms_consent="refused"))
    out = StringIO()

    call_command("audit", stdout=out)

    assert out.getvalue().splitlines()[:6] == [
        (
            "changes: 4 (Moved the order: 4, Changed nothing: 0, Came late: 0, Waits to be understood: 0, "
            "Its code says nothing here: 0)"
        ),
        "transitions: 4 (General: 0, Delivery: 0, Payment: 4)",
        "orders that entered: 2 (Under way: 0, Finished: 1, Stopped: 1, Not let in: 0, Failed: 0)",
        (
            "messages: 2 (To be sent: 0, Sent: 1, Delivered: 0, Not delivered: 0, Refused by the gateway: 0, "
            "Fate unknown: 0, Not sent: 1)"
        ),
        "messages not sent: 1 (the customer refused messages: 1)",
        "webhook calls: 0 (To be called: 0, Being called: 0, Taken: 0, Failed: 0, Not called: 0)",
    ]
    assert out.getvalue().endswith("owed without message or call: 0\nunaccounted: 0\n")


def test_a_breach_is_told_in_words(shop):
    shop.start(sms())
    shop.pay("A")
    Message.objects.all().delete()
    out = StringIO()

    with pytest.raises(SystemExit):
        call_command("audit", stdout=out)

    assert "owed without message or call: 1\n" in out.getvalue()
    assert out.getvalue().endswith("unaccounted: 1\n")


def test_a_rule_added_to_the_books_is_told(monkeypatch):
    monkeypatch.setitem(books.BREACHES, lost_umbrellas, "lost umbrellas")
    out, in_json = StringIO(), StringIO()

    with pytest.raises(SystemExit):
        call_command("audit", stdout=out)
    with pytest.raises(SystemExit):
        call_command("audit", "--json", stdout=in_json)

    assert out.getvalue().endswith("lost umbrellas: 3\nunaccounted: 3\n")
    assert json.loads(in_json.getvalue())["breaches"]["lost_umbrellas"] == 3


def lost_umbrellas():
    return 3


def test_two_campaigns_are_compared_in_words(thanks, tmp_path):
    campaign("import", thanks, "--activate")
    other = tmp_path / "other.json"
    other.write_text(json.dumps(definition(sms(text="Bye"))))
    campaign("import", str(other))

    out, _err = campaign("diff", "thanks@1", "thanks")

    assert out == "/steps/0/params/text: Text of “Send SMS” (text) was “Hello”, and is “Bye”.\n"
    assert campaign("diff", "thanks", str(other))[0] == "They mean the same.\n"


@pytest.mark.parametrize(
    ("side", "told"),
    [
        ("nowhere", "There is no campaign “nowhere”"),
        ("thanks@7", "“thanks” has no version 7. There are: 1."),
        ("thanks@x", "“thanks” has no version x"),
    ],
)
def test_a_side_that_is_not_there_is_told(thanks, side, told):
    campaign("import", thanks, "--activate")

    with pytest.raises(CommandError, match=told):
        campaign("diff", "thanks", side)


def test_a_file_that_is_no_campaign_is_not_compared(thanks, tmp_path):
    campaign("import", thanks)
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps(definition(sms(), name="")))

    with pytest.raises(CommandError, match="is no campaign:\n  /name: Give a text"):
        campaign("diff", "thanks", str(wrong))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "no JSON"),
        ("9" * 5_000, "no JSON"),
        ("[" * 100_000, "levels deep"),
        ('{"code": "a", "code": "b"}', "stands twice"),
        ('{"code": "\\u0000"}', "NUL"),
    ],
)
def test_a_file_is_read_as_the_editor_reads(tmp_path, text, told):
    file = tmp_path / "campaign.json"
    file.write_text(text)

    with pytest.raises(CommandError, match=told):
        campaign("import", str(file))
