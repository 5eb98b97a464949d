import json

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from statuses import exchange
from statuses.exchange_files import export, read
from statuses.models import Colour, OrderStatus, StatusAlias, code_key
from statuses.writing import add_together
from tests.factories import SourceFactory, StatusFactory
from workspace.files import BadFile

pytestmark = pytest.mark.django_db


def csv_of(*rows, columns="type,code,name"):
    return "\n".join([columns, *rows]).encode()


def problems(content):
    return [(line.where, problem.detail) for line in read(content) for problem in line.problems]


def test_an_export_says_everything_of_each_status():
    paid = StatusFactory(type="payment", code="paid", name="Paid", colour="green", include_in_analytics=False)
    StatusAlias.objects.create(status=paid, type="payment", code="a|b")
    StatusAlias.objects.create(status=paid, type="payment", code="ok")
    StatusFactory(type="payment", code="void", retired_at=timezone.now(), is_taken_from_sources=False)

    assert export("csv").splitlines() == [
        "type,code,name,include_in_analytics,colour,position,retired,keeps_taking,aliases",
        r"payment,paid,Paid,false,green,1,false,true,a\|b | ok",
        "payment,void,Void,true,grey,2,true,false,",
    ]
    assert json.loads(export("json"))["statuses"][0] == {
        "type": "payment",
        "code": "paid",
        "name": "Paid",
        "include_in_analytics": False,
        "colour": "green",
        "position": 1,
        "retired": False,
        "keeps_taking": True,
        "aliases": ["a|b", "ok"],
    }


def test_what_was_merged_goes_out_as_another_code_of_what_it_became():
    into = StatusFactory(code="delivered")
    StatusFactory(code="arrived", retired_at=timezone.now(), merged_into=into)

    [entry] = json.loads(export("json"))["statuses"]

    assert (entry["code"], entry["aliases"]) == ("delivered", ["arrived"])


def test_what_one_source_means_stays_with_that_source():
    StatusAlias.objects.create(status=StatusFactory(code="x"), type="general", code="y", source=SourceFactory())

    assert json.loads(export("json"))["statuses"][0]["aliases"] == []


@pytest.mark.parametrize("name", ["=1+1", "+49", "-1", "@SUM(A1)", "＝1", "'=1", "''@x"])
def test_a_spreadsheet_finds_no_formula_and_the_name_comes_back(name):
    StatusFactory(code="x", name=name)

    text = export("csv")

    assert f"x,'{name}," in text
    assert read(text.encode())[0].named["name"] == name


@pytest.mark.parametrize("name", ["'quoted'", "a=b", "It's", "l'été"])
def test_an_apostrophe_that_guards_nothing_stays(name):
    StatusFactory(code="x", name=name)

    assert read(export("csv").encode())[0].named["name"] == name


class RoundTrip(TestCase):
    words = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20)

    @effort(max_examples=60, deadline=None)
    @given(st.lists(st.tuples(words, words, words), max_size=6, unique_by=lambda told: code_key(told[0])))
    def test_what_goes_out_comes_back_the_same(self, told):
        codes = {code_key(code) for code, _name, _alias in told} | {"any", "any_existing", "none"}
        told = [words for words in told if code_key(words[0]) not in {"any", "none"}]
        statuses = [OrderStatus(type="general", code=code, name=name) for code, name, _alias in told]
        aliases, seen = [], set(codes)
        for status, (_code, _name, alias) in zip(statuses, told, strict=True):
            if code_key(alias) not in seen:
                seen.add(code_key(alias))
                aliases.append(StatusAlias(status=status, type="general", code=alias))
        add_together(statuses, aliases)

        for format in ("csv", "json"):
            lines = read(export(format).encode()) if statuses else []
            assert exchange.plan(lines).counts == {"add": 0, "change": 0, "same": len(statuses), "wrong": 0}
        OrderStatus.objects.all().delete()


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbftype,code,name\r\npayment,paid,Bezahlt\r\n",
        b"type;code;name\r\npayment;paid;Bezahlt\r\n",
        b"sep=;\r\ntype;code;name\r\npayment;paid;Bezahlt\r\n",
        b"type\tcode\tname\npayment\tpaid\tBezahlt",
        b"Name,TYPE,code,,\nBezahlt,Payment,paid,,\n,,,,\n",
        b'type,code,name\npayment,"paid","Bezahlt"\n\n',
        b'{"format": 1, "statuses": [{"type": "payment", "code": "paid", "name": "Bezahlt"}]}',
        b'\xef\xbb\xbf [{"type": "payment", "code": " paid ", "name": "Bezahlt", "colour": null}]',
    ],
)
def test_a_file_is_read_as_spreadsheets_and_programs_write_it(content):
    [line] = read(content)

    assert (line.type, line.code, line.named, line.problems) == ("payment", "paid", {"name": "Bezahlt"}, ())


def test_flags_are_read_as_spreadsheets_write_them():
    columns = "type,code,include_in_analytics,retired,keeps_taking,position,colour"

    [line] = read(csv_of("payment,paid,FALSE,Yes,0,3,GREEN", columns=columns))

    assert line.named == {"include_in_analytics": False, "position": 3, "colour": "green"}
    assert (line.is_retired, line.is_taken) == (True, False)


@pytest.mark.parametrize(
    ("row", "detail"),
    [
        ("mood,x", "“mood” is no type. There are: general, delivery, payment."),
        (",x", "“type” is missing."),
        ("general,", "“code” is missing."),
        ("general,any", "“any” means something of its own in campaigns. Choose another code."),
        (f"general,{'a' * 65}", "“code” has more than 64 characters."),
        (f"general,x,{'a' * 201}", "“name” has more than 200 characters."),
        ("general,x,,plaid", "“plaid” is no colour. There are: " + ", ".join(Colour.values) + "."),
        ("general,x,,,-1", "“-1” is no whole number from 0 on."),
        ("general,x,,,,maybe", "“maybe” is neither true nor false."),
        ("general,x,,,,,a | any", "“any” means something of its own in campaigns. Choose another code."),
        ("general,x,,,,,,surplus", "The line has 8 cells, and the first line 7 columns."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_line(row, detail):
    content = csv_of("general,good", row, columns="type,code,name,colour,position,retired,aliases")

    assert problems(content) == [("line 3", detail)]


def test_of_several_mistakes_in_a_line_all_are_told():
    assert problems(csv_of("mood,any")) == [
        ("line 2", "“any” means something of its own in campaigns. Choose another code."),
        ("line 2", "“mood” is no type. There are: general, delivery, payment."),
    ]


def test_lines_are_counted_as_editors_do():
    content = b'sep=,\ntype,code,name\n\ngeneral,x,"two\nlines"\nmood,y\n'

    assert [line.where for line in read(content)] == ["line 4", "line 6"]


@pytest.mark.parametrize(
    ("entry", "detail"),
    [
        ("general", "This is no JSON object that we can store."),
        ({"type": "general", "code": "\ud800"}, "This is no JSON object that we can store."),
        ({"type": "general", "code": 7}, "“code” is text: put it in quotes."),
        ({"type": ["general"], "code": "x"}, "“['general']” is no type. There are: general, delivery, payment."),
        ({"type": "general", "code": "x", "position": True}, "“True” is no whole number from 0 on."),
        ({"type": "general", "code": "x", "aliases": "y"}, "“aliases” is a list of codes."),
        ({"type": "general", "code": "x", "aliases": [7]}, "“aliases” is text: put it in quotes."),
        ({"type": "general", "code": "x", "shade": "red"}, "There is no field “shade” here."),
    ],
)
def test_what_is_wrong_in_json_is_named_with_its_entry(entry, detail):
    assert problems(json.dumps([entry]).encode()) == [("entry 1", detail)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The file is empty."),
        (b"\xff\xfet\x00", "The file is not UTF-8."),
        (b"a" * (1024 * 1024 + 1), "The file is larger than 1 MiB."),
        (b"PK\x03\x04", "There is no column “type”."),
        (b"type,name\ngeneral,X", "There is no column “code”."),
        (b"type,code,mood\n", "We do not know the column “mood”."),
        (b"type,code,code\n", "The column “code” stands twice."),
        (b"type,code\n", "There is no status in the file."),
        (b'type,code\ngeneral,"x\n', "Line 2 is no row of a CSV file (unexpected end of data)."),
        (b"{", "The file is no JSON: "),
        (b'{"statuses": 7}', "A JSON file holds “statuses”, a list of them."),
        (b"[" * 100_000, "The file is no JSON: "),
        (b"type,code\n" + b"general,x\n" * 2001, "The file has more than 2000 statuses."),
    ],
)
def test_a_file_that_is_none_says_what_to_do(content, said):
    with pytest.raises(BadFile) as bad:
        read(content)

    assert str(bad.value).startswith(said)
