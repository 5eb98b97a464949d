import csv
import gzip
import os
import re
import sqlite3
import subprocess
import sys
import time
import tracemalloc
from contextlib import closing
from dataclasses import replace
from io import StringIO

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command

from customers.models import Customer
from orders.loading import KINDS
from orders.models import Order, StatusChange, StatusTransition
from statuses.models import OrderStatus
from tests.factories import CustomerFactory, OrderFactory, SourceFactory, StatusFactory
from tests.orders.ledgers import broken_orders, ledger_of, statuses_of
from workspace.models import Workspace

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("orders_on")]

CHANGES = """\
order,type,code,occurred_at
O-1,payment,paid,2024-05-03T12:00:00Z
O-1,payment,paid,2024-05-03T12:00:00Z
O-1,payment,paid,2024-05-03T13:00:00Z
O-1,delivery,shipped,2024-05-03T14:00:00Z
O-1,delivery,packed,2024-05-03T13:30:00Z
O-9,payment,paid,2024-05-03T12:00:00Z
O-1,payment,stolen,2024-05-03T15:00:00Z
"""


@pytest.fixture
def write(tmp_path):
    """Write a file and give its path."""

    def write(content, name="rows.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def load(kind, path, *options):
    """(what it counts, what it says beside)."""
    out, err = StringIO(), StringIO()
    call_command("load", kind, str(path), *options, stdout=out, stderr=err)
    return counts_in(out.getvalue()), err.getvalue()


def counts_in(written):
    return {name: int(count) for name, count in re.findall(r"^(\w+): (\d+)$", written, re.MULTILINE)}


def everything():
    """Every row of every table."""
    return {model._meta.label: list(model._base_manager.order_by("pk").values()) for model in apps.get_models()}


# What is counted


def test_status_changes_are_counted_by_what_became_of_them(write):
    OrderFactory(external_id="O-1")
    for type, code in [("payment", "paid"), ("delivery", "shipped"), ("delivery", "packed")]:
        StatusFactory(type=type, code=code)

    counts, said = load("status_changes", write(CHANGES))

    assert list(counts.items()) == [
        ("received", 7),
        ("transitions", 2),
        ("transitions_general", 0),
        ("transitions_delivery", 1),
        ("transitions_payment", 1),
        ("unchanged", 1),
        ("late", 1),
        ("duplicates", 1),
        ("parked", 0),
        ("rejected", 2),
    ]
    assert said == (
        "line 7: There is no order “O-9”. Send the order first. (unknown_order)\n"
        "line 8: There is no payment status with the code “stolen”. (unknown_status)\n"
        "2 rows were not loaded. Load them again with --errors FILE to have them all with their reasons.\n"
    )
    assert statuses_of(Order.objects.get()) == (None, "shipped", "paid")


def test_customers_are_counted_by_what_became_of_them(write):
    CustomerFactory(external_id="C-1", first_name="Ada")
    CustomerFactory(external_id="C-2", first_name="Grace")

    path = write("external_id,first_name\nC-1,Ada\nC-2,Hedy\nC-3,Emmy\n,Nobody\n")
    counts, said = load("customers", path)

    assert list(counts.items()) == [("received", 4), ("created", 1), ("changed", 1), ("unchanged", 1), ("rejected", 1)]
    assert "line 5: “external_id” is missing. (required)\n" in said


@pytest.mark.parametrize("cell", ["offers news", '"news,offers"', '" news , offers "'])
def test_a_file_names_refused_kinds_of_message_as_words(write, cell):
    load("customers", write(f"external_id,refused_categories\nC-1,{cell}\n"))

    assert Customer.objects.get().refused_categories == ["news", "offers"]


def test_a_file_names_tags_as_words_and_attributes_as_json(write):
    CustomerFactory(external_id="C-1", attributes={"by_campaign": True}, tags=["old"])
    cells = ['"{""level"": ""gold"", ""visits"": 3}",vip new', ","]

    load("customers", write("external_id,attributes,tags\n" + "".join(f"C-1,{cell}\n" for cell in cells)))

    ada = Customer.objects.get()
    assert ada.attributes == {"by_campaign": True, "level": "gold", "visits": 3}
    assert ada.tags == ["new", "vip"]


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("gold", "not_json"), ('"{""a"": 1, ""a"": 2}"', "not_json"), ('"{""a"": NaN}"', "not_json"),
        ("[]", "not_an_object"), ("7", "not_an_object"), ('"{""A"": 1}"', "invalid_attribute_name"),
    ],
)  # fmt: skip
def test_a_cell_that_is_no_attributes_is_told_with_its_line(write, cell, code):
    counts, said = load("customers", write(f"external_id,attributes\nC-1,{cell}\nC-2,\n"))

    assert (counts["created"], counts["rejected"]) == (1, 1)
    assert said.startswith("line 2: ") or "line 2: " in said
    assert f"({code})" in said


def test_orders_are_counted_by_what_became_of_them(write):
    CustomerFactory(external_id="C-1")

    path = write("external_id,customer,total,currency\nO-1,C-1,12.30,EUR\nO-2,C-9,1.00,EUR\nO-3,,,\nO-4,,1.5,JPY\n")
    counts, said = load("orders", path)

    assert counts == {"received": 4, "created": 2, "changed": 0, "unchanged": 0, "rejected": 2}
    assert "line 3: There is no customer “C-9”. Send the customer first. (unknown_customer)\n" in said
    assert "line 5: JPY has 0 decimals; “1.5” has more. (invalid_total)\n" in said
    assert list(Order.objects.order_by("pk").values_list("external_id", "total_minor")) == [
        ("O-1", 1230),
        ("O-3", None),
    ]


def test_a_file_without_rows_counts_nothing(write):
    counts, said = load("customers", write("external_id\n"))

    assert (set(counts.values()), said) == ({0}, "")


# What files may say


def test_a_packed_file_is_loaded_as_it_is(write):
    counts, _ = load("customers", write(gzip.compress(b"external_id\nC-1\n"), "rows.csv.gz"))

    assert counts["created"] == 1


@pytest.mark.parametrize(
    ("cell", "consent"), [("1", "given"), ("0", "unknown"), ("given", "given"), ("refused", "refused"), ("", "unknown")]
)
def test_a_file_may_write_consent_as_a_number(write, cell, consent):
    load("customers", write(f"external_id,sms_consent\nC-1,{cell}\n"))

    customer = Customer.objects.get()
    assert customer.sms_consent == consent
    assert customer.sms_consent_source == ("" if consent == "unknown" else "load")


def test_a_consent_that_is_no_word_of_ours_is_a_bad_row(write):
    counts, said = load("customers", write("external_id,sms_consent\nC-1,yes\n"))

    assert counts["rejected"] == 1
    assert "invalid_consent" in said


def test_an_empty_cell_leaves_alone_what_it_is_about(write):
    CustomerFactory(external_id="C-1", first_name="Ada", sms_consent="given")

    load("customers", write("external_id,first_name,last_name,sms_consent\nC-1,,Byron,\n"))

    customer = Customer.objects.get()
    assert (customer.first_name, customer.last_name, customer.sms_consent) == ("Ada", "Byron", "given")


def test_the_source_that_tells_can_be_named(write):
    SourceFactory(code="erp")

    load("customers", write("external_id,sms_consent\nC-1,1\n"), "--source", "erp")

    assert Customer.objects.get().sms_consent_source == "erp"


def test_a_change_may_be_known_by_its_event_id_and_sequence(write):
    order = OrderFactory(external_id="O-1")
    at = "2024-05-03T12:00:00Z"
    path = write(
        "order,type,code,event_id,sequence,occurred_at\n"
        f"O-1,payment,paid,e2,2,{at}\nO-1,payment,due,e1,1,{at}\nO-1,payment,sent,e3,3,{at}\n"
    )

    counts, _ = load("status_changes", path, "--create-statuses")

    assert (counts["transitions"], counts["late"]) == (2, 1)
    assert ledger_of(order) == [("payment", None, "paid"), ("payment", "paid", "sent")]


def test_a_change_that_could_not_be_known_again_is_a_bad_row(write):
    OrderFactory(external_id="O-1")
    StatusFactory(type="payment", code="paid")

    counts, said = load("status_changes", write("order,type,code\nO-1,payment,paid\n"))

    assert counts["rejected"] == 1
    assert "(no_identity)" in said


# Statuses


def test_codes_nobody_knows_are_added_when_asked(write):
    OrderFactory(external_id="O-1")

    counts, _ = load("status_changes", write(CHANGES), "--create-statuses")

    assert (counts["transitions"], counts["rejected"]) == (3, 1)
    assert list(OrderStatus.objects.order_by("pk").values_list("type", "code", "name")) == [
        ("payment", "paid", "Paid"),
        ("delivery", "shipped", "Shipped"),
        ("delivery", "packed", "Packed"),
        ("payment", "stolen", "Stolen"),
    ]


@pytest.mark.parametrize("code", ["any", "None", "pa\x07id"])
def test_a_code_no_status_may_have_is_a_bad_row(write, code):
    OrderFactory(external_id="O-1")

    path = write(f"order,type,code,occurred_at\nO-1,payment,{code},2024-05-03T12:00:00Z\n")
    counts, said = load("status_changes", path, "--create-statuses")

    assert counts["rejected"] == 1
    assert "(invalid_code)" in said
    assert not OrderStatus.objects.exists()


def test_orders_may_bring_their_statuses(write):
    path = write(
        "external_id,ordered_at,payment_status,delivery_status,occurred_at\n"
        "O-1,2024-05-01T00:00:00Z,paid,shipped,2024-05-03T12:00:00Z\n"
        "O-2,2024-05-02T00:00:00Z,paid,,\n"
        "O-3,,paid,,\n"
        "O-4,,,,\n"
    )

    counts, said = load("orders", path, "--create-statuses")

    assert counts == {"received": 4, "created": 3, "changed": 0, "unchanged": 0, "rejected": 1}
    assert "line 4: A status needs occurred_at, ordered_at or event_id" in said
    rows = StatusTransition.objects.order_by("order__external_id", "type")
    assert [
        (order, type, at.isoformat())
        for order, type, at in rows.values_list("order__external_id", "type", "occurred_at")
    ] == [
        ("O-1", "delivery", "2024-05-03T12:00:00+00:00"),
        ("O-1", "payment", "2024-05-03T12:00:00+00:00"),
        ("O-2", "payment", "2024-05-02T00:00:00+00:00"),
    ]


def test_customers_have_no_statuses(write):
    with pytest.raises(CommandError, match="Customers have no statuses"):
        load("customers", write("external_id\nC-1\n"), "--create-statuses")


@pytest.mark.parametrize(("options", "silent_because"), [((), "history"), (("--fire",), "")])
def test_a_file_is_history_unless_it_is_to_fire(write, options, silent_because):
    SourceFactory(code="shop")
    OrderFactory(external_id="O-1")

    load("status_changes", write(CHANGES), "--create-statuses", "--source", "shop", *options)

    assert set(StatusTransition.objects.values_list("silent_because", flat=True)) == {silent_because}


# Again


def test_loading_again_changes_no_row_of_any_table(write):
    customers = write("external_id,first_name,phone,sms_consent\nC-1,Ada,+12025550101,1\nC-2,Bo,,0\n", "customers.csv")
    orders = write("external_id,customer,total,payment_status,ordered_at\nO-1,C-1,1.00,due,2024-05-01T00:00:00Z\n")
    changes = write(CHANGES, "changes.csv")
    for kind, path in (("customers", customers), ("orders", orders), ("status_changes", changes)):
        load(kind, path, *(["--create-statuses"] if kind != "customers" else []))
    before = everything()

    again = [load("customers", customers)[0], load("orders", orders)[0], load("status_changes", changes)[0]]

    assert [counts["received"] for counts in again] == [2, 1, 7]
    assert (again[0]["unchanged"], again[1]["unchanged"], again[2]["duplicates"]) == (2, 1, 6)
    assert everything() == before


def test_the_ledger_after_a_load_is_the_fold_of_its_orders(write):
    OrderFactory(external_id="O-1")

    load("status_changes", write(CHANGES), "--create-statuses")

    assert broken_orders() == []
    assert StatusChange.objects.count() == 5


# Bad files


def test_a_bad_file_is_an_error_that_says_what_to_do(write):
    with pytest.raises(CommandError, match=r"has no column “code”.*order, type, code, occurred_at, event_id, sequence"):
        load("status_changes", write("order,type\nO-1,payment\n"))


def test_a_column_we_do_not_know_is_an_error(write):
    with pytest.raises(CommandError, match="a column “lines”, which we do not know"):
        load("orders", write("external_id,lines\nO-1,[]\n"))


def test_of_a_file_that_breaks_off_what_came_is_kept_and_counted(write):
    whole = gzip.compress(
        b"external_id,first_name\n" + b"".join(b"C-%05d,Ada%d\n" % (n, n * 7919) for n in range(5000))
    )
    out = StringIO()

    with pytest.raises(CommandError, match="breaks off or is damaged"):
        call_command("load", "customers", str(write(whole[: len(whole) // 2])), stdout=out, stderr=StringIO())

    counts = counts_in(out.getvalue())
    assert 0 < counts["received"] < 5000
    assert Customer.objects.count() == counts["created"] == counts["received"]


@pytest.mark.parametrize("kind", ["orders", "status_changes"])
def test_with_orders_off_it_says_how_to_turn_it_on(write, kind):
    Workspace.objects.update(orders_enabled=False)

    with pytest.raises(CommandError, match=r"manage\.py orders on"):
        load(kind, write(CHANGES))


def test_customers_are_loaded_with_orders_off(write):
    Workspace.objects.update(orders_enabled=False)

    assert load("customers", write("external_id\nC-1\n"))[0]["created"] == 1


def test_a_source_that_is_not_there_is_named_with_those_that_are(write):
    with pytest.raises(CommandError, match=r"no source “shop”\. There are: admin, load"):
        load("customers", write("external_id\nC-1\n"), "--source", "shop")


# Bad rows


def test_rejected_rows_go_to_a_file_with_line_and_reason(write, tmp_path):
    path = write(b'external_id,email\nC-1,ada\nC-2,ada@example.com\nC-3\n"C-4,x\nC-5,\xff\n')

    counts, said = load("customers", path, "--errors", str(tmp_path / "errors.csv"))

    assert (counts["created"], counts["rejected"], said) == (1, 4, "")
    with (tmp_path / "errors.csv").open(encoding="utf-8", newline="") as errors:
        rows = list(csv.reader(errors))
    assert [row[:2] + row[3:] for row in rows] == [
        ["line", "code", "external_id", "email"],
        ["2", "invalid_email", "C-1", "ada"],
        ["4", "wrong_number_of_cells", "C-3"],
        ["5", "bad_line", '"C-4,x'],
        ["6", "not_utf8", "C-5,�"],
    ]
    assert rows[1][2] == "Enter a valid email address."


def test_only_the_first_ten_bad_rows_are_shown(write):
    counts, said = load("customers", write("external_id,email\n" + "C-1,ada\n" * 12))

    assert counts["rejected"] == 12
    assert said.count("(invalid_email)") == 10
    assert said.endswith(
        "12 rows were not loaded. Load them again with --errors FILE to have them all with their reasons.\n"
    )


def test_errors_never_overwrite_the_file_they_are_about(write):
    path = write("external_id\nC-1\n")

    with pytest.raises(CommandError, match="names the file to be loaded"):
        load("customers", path, "--errors", str(path))

    assert path.read_text() == "external_id\nC-1\n"


def test_errors_that_cannot_be_written_are_told_before_anything_is_loaded(write, tmp_path):
    with pytest.raises(CommandError, match="cannot be written: No such file or directory"):
        load("customers", write("external_id\nC-1\n"), "--errors", str(tmp_path / "nowhere" / "errors.csv"))

    assert not Customer.objects.exists()


@pytest.mark.parametrize(
    "row", ["O-1,payment", "O-1,payment,paid,2024-05-03T12:00:00Z,x", "O-1,payment,paid,noon", "O-1,mood,paid,", ",,,"]
)
def test_a_bad_row_stops_no_other(write, row):
    OrderFactory(external_id="O-1")

    path = write(f"order,type,code,occurred_at\n{row}\nO-1,payment,paid,2024-05-03T12:00:00Z\n")
    counts, _ = load("status_changes", path, "--create-statuses")

    assert (counts["received"], counts["transitions"], counts["rejected"]) == (2, 1, 1)


# Long files


def test_stopped_by_hand_it_says_how_to_go_on(write, monkeypatch):
    def stop(_rows, _manner):
        raise KeyboardInterrupt

    monkeypatch.setitem(KINDS, "customers", replace(KINDS["customers"], take_in=stop))

    with pytest.raises(CommandError, match="Start it again, and it goes on") as stopped:
        load("customers", write("external_id\nC-1\n"))

    assert stopped.value.returncode == 130


@pytest.mark.proof
def test_a_long_file_takes_no_more_memory_than_a_short_one(write):
    def peak(first, last):
        path = write("external_id,first_name\n" + "".join(f"C-{n},Ada\n" for n in range(first, last)))
        tracemalloc.start()
        load("customers", path)
        _now, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(0, 1000)  # what is imported once stays

    assert peak(10_000, 15_000) < 2 * peak(1000, 2000)


def start(*arguments, database):
    """A process of its own, on a database of its own."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DATABASE_URL": f"sqlite:///{database}", "DJANGO_SETTINGS_MODULE": settings.SETTINGS_MODULE},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(*arguments, database):
    with start(*arguments, database=database) as process:
        out, err = process.communicate()
    assert process.returncode == 0, err
    return out


# A new database with Orders on and the orders of a file.
PREPARE = """
import sys, django
from django.core.management import call_command
django.setup()
call_command("migrate", verbosity=0)
call_command("orders", "on")
call_command("load", "orders", sys.argv[1])
"""


def test_killed_at_work_and_started_again_it_loses_and_doubles_nothing(write, tmp_path):
    """4,000 changes of 100 orders, 40 of each, of which the first two say the same."""
    database = tmp_path / "killed.sqlite3"
    orders = write("external_id\n" + "".join(f"O-{n}\n" for n in range(100)), "orders.csv")
    lines = [
        f"O-{n},delivery,{'ab'[max(turn, 1) % 2]},2024-05-03T{turn // 2:02}:{turn % 2 * 30:02}:00Z\n"
        for turn in range(40)
        for n in range(100)
    ]
    changes = write("order,type,code,occurred_at\n" + "".join(lines), "changes.csv")
    run("-c", PREPARE, str(orders), database=database)

    load_changes = ("manage.py", "load", "status_changes", str(changes), "--create-statuses")
    with start(*load_changes, database=database) as process:
        taken = _kill_at_work(process, database)
    counts = counts_in(run(*load_changes, database=database))

    assert 0 < taken < 4000
    assert counts["duplicates"] == taken
    assert (counts["received"], counts["late"], counts["rejected"]) == (4000, 0, 0)
    assert _count(database, "orders_statuschange") == 4000
    assert _count(database, "orders_statustransition") == 3900


def _kill_at_work(process, database):
    """Kill it as soon as some of its work is done; how much was."""
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if _count(database, "orders_statuschange"):
            process.kill()
            process.wait()
            break
        time.sleep(0.01)
    return _count(database, "orders_statuschange")


def _count(database, table):
    with closing(sqlite3.connect(database, timeout=20)) as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
