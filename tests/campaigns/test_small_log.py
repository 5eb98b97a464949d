"""A small log made by the project, from files to texts, with every figure counted by hand.

29 lines: one repeat of a creation and one of a payment (2 duplicates), two changes to the status already held
(2 unchanged), one payment that came after a newer one (1 late), and 24 moves: general 1, payment 15, delivery 8.
Seven payments are invoice_received -> paid: A-1, A-2, B-1, C-1, D-1, E-1, and B-1 once more.
"""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from campaigns.models import Message, PhoneText, Run
from workspace.models import Workspace

DATA = Path(__file__).parent.parent / "data"

pytestmark = pytest.mark.django_db


def books() -> dict[str, object]:
    out = StringIO()
    call_command("audit", "--json", stdout=out)
    found: dict[str, object] = json.loads(out.getvalue())
    return found


@pytest.fixture
def _orders_on(settings: object) -> None:
    Workspace.objects.update(orders_enabled=True)


def load(*, fire: bool) -> None:
    call_command("load", "customers", str(DATA / "customers.csv"), stdout=StringIO(), stderr=StringIO())
    call_command("load", "orders", str(DATA / "orders.csv"), stdout=StringIO(), stderr=StringIO())
    asked = ["--fire"] if fire else []
    changes = str(DATA / "status_changes.csv")
    call_command("load", "status_changes", changes, "--create-statuses", *asked, stdout=StringIO(), stderr=StringIO())


def import_thanks() -> None:
    arguments = ("--activate", "--effective-from", "beginning")
    call_command("campaign", "import", str(DATA / "thanks.json"), *arguments, stdout=StringIO(), stderr=StringIO())


@pytest.mark.usefixtures("_orders_on")
def test_the_log_becomes_these_changes_runs_and_messages() -> None:
    import_thanks()
    load(fire=True)
    call_command("drain", stdout=StringIO())

    found = books()

    assert found["changes"] == {"received": 27, "moved": 24, "unchanged": 2, "late": 1, "parked": 0, "ignored": 0}
    assert found["transitions"] == {"total": 24, "general": 1, "delivery": 8, "payment": 15}
    assert found["runs"] == {"total": 7, "waiting": 0, "finished": 2, "stopped": 5, "declined": 0, "failed": 0}
    assert found["messages"] == {
        "total": 5,
        "pending": 0,
        "accepted": 2,
        "delivered": 0,
        "undelivered": 0,
        "rejected": 0,
        "unknown": 0,
        "skipped": {"no_number": 1, "invalid_number": 1, "no_consent": 1},
    }
    assert found["unaccounted"] == 0


@pytest.mark.usefixtures("_orders_on")
def test_each_text_speaks_of_its_own_order() -> None:
    import_thanks()
    load(fire=True)
    call_command("drain", stdout=StringIO())

    assert sorted(PhoneText.objects.values_list("to", "text")) == [
        ("+12025550101", "Thank you, Ada: 10.00 EUR for A-1."),
        ("+12025550102", "Thank you, Béla: 3000 JPY for B-1."),
    ]


@pytest.mark.usefixtures("_orders_on")
def test_a_second_load_and_a_second_import_add_nothing() -> None:
    import_thanks()
    load(fire=True)
    call_command("drain", stdout=StringIO())
    before = books()

    load(fire=True)
    import_thanks()
    call_command("drain", stdout=StringIO())

    assert books() == before


@pytest.mark.usefixtures("_orders_on")
def test_history_starts_nothing() -> None:
    import_thanks()
    load(fire=False)
    call_command("drain", stdout=StringIO())

    assert not Run.objects.exists()
    assert books()["unaccounted"] == 0


@pytest.mark.usefixtures("_orders_on")
def test_activating_from_the_beginning_starts_what_was_heard_before() -> None:
    load(fire=True)
    import_thanks()
    call_command("drain", stdout=StringIO())

    assert Run.objects.count() == 7
    assert Message.objects.filter(state="accepted").count() == 2
    assert books()["unaccounted"] == 0
