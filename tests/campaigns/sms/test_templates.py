"""Texts reach what is published and nothing else, end, and count money exactly; what is wrong has its place."""

import re
import time
import tracemalloc
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.sms.filters import FILTERS
from campaigns.sms.templates import (
    ANYTHING,
    TAGS,
    VARIABLES,
    TemplateProblem,
    check_template,
    named_in,
    render,
    variables_for,
)
from customers.models import Customer
from orders.models import Order, StatusTransition
from statuses.models import OrderStatus

DOC = Path(__file__).parents[3] / "docs" / "templates.md"
NOON = datetime(2024, 5, 3, 12, 0, tzinfo=UTC)
VOCABULARY = {
    1: OrderStatus(id=1, type="delivery", code="at_pickup_point", name="At pickup point"),
    2: OrderStatus(id=2, type="payment", code="paid", name="Paid"),
}
ADA = {
    "external_id": "C-1",
    "first_name": "Ada",
    "last_name": "Byron",
    "language": "en",
    "timezone": "Europe/London",
    "attributes": {"visits": 3, "level": "gold", "rate": 0.1, "vip": True},
}
ORDER = {
    "external_id": "DEMO-1001",
    "total_minor": 1230,
    "currency": "EUR",
    "ordered_at": NOON,
    "delivery_status_id": 1,
    "lines": [{"name": "Tea", "quantity": 2, "price": 4.1}, {"name": "Cup", "quantity": 1, "price": 4.1}],
    "delivery": {"point": "Main St 1"},
    "payment": {"method": "card"},
    "custom": {"gift": True, "note": "x" * 1999, "huge": 10**400, "fraction": 1e308, "nothing": None, "word": "inf"},
}


def made(text, customer=None, **order):
    """What a text comes out as, once it passed the check."""
    transition = StatusTransition(type="delivery", from_status_id=None, to_status_id=1, occurred_at=NOON)
    check_template(text)
    about = Order(**(ORDER | order))
    return render(
        text, variables_for(about, Customer(**(ADA | (customer or {}))), transition, VOCABULARY, ZoneInfo("UTC"))
    )


def refused(text):
    with pytest.raises(TemplateProblem) as problem:
        check_template(text)
    return str(problem.value)


def fails(text, **order):
    """It passes the check, and cannot be made for this order."""
    check_template(text)
    with pytest.raises(TemplateProblem) as problem:
        made(text, **order)
    return str(problem.value)


# What is published


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ customer.external_id }}", "C-1"),
        ("{{ customer.first_name }} {{ customer.last_name }}", "Ada Byron"),
        ("{{ customer.language }} {{ customer.timezone }}", "en Europe/London"),
        ("{{ order.external_id }}", "DEMO-1001"),
        ("{{ order.total }} {{ order.currency }}", "12.30 EUR"),
        ("{{ order.ordered_at | date: '%d.%m.%Y %H:%M' }}", "03.05.2024 12:00"),
        ("{{ order.delivery_status }}", "At pickup point"),
        ("{{ order.delivery_status.name }}", "At pickup point"),
        ("{{ order.delivery_status.code }}", "at_pickup_point"),
        ("{{ order['delivery_status']['code'] }}", "at_pickup_point"),
        ("{{ order.delivery.point }} {{ order.payment.method }}", "Main St 1 card"),
        ("{{ order.lines.size }} {{ order.lines[0].name }} {{ order.lines.last.name }}", "2 Tea Cup"),
        ("{% for line in order.lines %}{{ line.quantity }} {{ line.name }};{% endfor %}", "2 Tea;1 Cup;"),
        ("{{ change.type }}: {{ change.from }} -> {{ change.to }}", "delivery:  -> At pickup point"),
        ("{{ change.occurred_at | date: '%H:%M' }}", "12:00"),
        ("{% if order.custom.gift %}A gift!{% endif %}", "A gift!"),
        ("{{ customer.attributes.level | upcase }} {{ customer.attributes.rate | times: 3 }}", "GOLD 0.3"),
        ("{% if customer.attributes.never %}x{% endif %}{{ customer.attributes.never | default: 'new' }}", "new"),
    ],
)
def test_a_variable(text, expected):
    assert made(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[{{ order.payment_status }}]", "[]"),
        ("[{{ order.payment_status.name }}{{ order.payment_status.code }}]", "[]"),
        ("{% if order.payment_status %}yes{% else %}no{% endif %}", "no"),
        ("{% if order.delivery_status %}yes{% else %}no{% endif %}", "yes"),
        ("{{ order.payment_status | default: 'not paid yet' }}", "not paid yet"),
        ("{% if order.payment_status == nil %}none{% endif %}", "none"),
        ("{% if order.delivery_status == 'At pickup point' %}here{% endif %}", "here"),
        ("{% if order.delivery_status.code == 'at_pickup_point' %}here{% endif %}", "here"),
        ("{{ order.delivery_status | upcase }}", "AT PICKUP POINT"),
        ("{% case order.delivery_status.code %}{% when 'at_pickup_point' %}here{% endcase %}", "here"),
    ],
)
def test_a_status_and_no_status(text, expected):
    assert made(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[{{ order.total }}]", "[]"),
        ("[{{ order.ordered_at }}]", "[]"),
        ("{{ order.total | default: 'free' }}", "free"),
        ("{% if order.total %}paid{% else %}free{% endif %}", "free"),
        ("{% if order.total > 10 %}much{% else %}little{% endif %}", "little"),
        ("Hello {{ customer.first_name | default: 'friend' }}", "Hello friend"),
    ],
)
def test_what_is_not_there_writes_nothing(text, expected):
    assert made(text, {"first_name": ""}, total_minor=None, ordered_at=None) == expected


# Money


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ order.total | times: 3 }}", "36.90"),
        ("{{ order.total | plus: 0.1 }}", "12.40"),
        ("{{ order.total | minus: 0.31 }}", "11.99"),
        ("{{ order.total | divided_by: 7 }}", "1.757143"),
        ("{{ order.total | divided_by: 7 | round: 2 }}", "1.76"),
        ("{{ order.total | times: '2' }}", "24.60"),
        ("{{ order.total | round }}", "12"),
        ("{{ order.total | round: 1 }}", "12.3"),
        ("{{ 0.1 | plus: 0.2 }}", "0.3"),
        ("{{ 2.5 | round }} {{ 3.5 | round }}", "3 4"),
        ("{{ 7 | divided_by: 2 }} {{ 7.0 | divided_by: 2 }}", "3 3.5"),
        ("{{ 7 | times: 6 | plus: 1 | minus: 2 }}", "41"),
        ("{{ '1e2' | plus: 0 }} {{ '1e-9' | plus: 0 }}", "100 0.000000"),
        ("{{ order.lines[0].price | times: 3 }}", "12.3"),
        ("{% if order.total == 12.3 %}equal{% endif %}", "equal"),
        ("{% if order.total >= 12.3 and order.total <= 12.30 %}equal{% endif %}", "equal"),
        ("{% if order.lines[0].price == 4.1 %}equal{% endif %}", "equal"),
    ],
)
def test_numbers_are_exact(text, expected):
    assert made(text) == expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("{{ order.total | money }}", "en", "€12.30"),
        ("{{ order.total | money }}", "ru", "12,30 €"),
        ("{{ order.total | money }}", "de-DE", "12,30 €"),
        ("{{ order.total | money }}", "pt_BR", "€ 12,30"),
        ("{{ order.total | money: 'rub' }}", "ru", "12,30 ₽"),
        ("{{ order.total | times: 1000 | money }}", "fr", "12 300,00 €"),
        ("{{ order.total | money }}", "no language", "€12.30"),
        ("{{ order.lines[0].price | money }}", "", "€4.10"),
        ("{{ order.ordered_at | day }}", "en-GB", "3 May"),
        ("{{ order.ordered_at | day }}", "ru", "3 мая"),
        ("{{ '2024-05-03' | day }}, {{ '2024-05-03T14:05:00' | time }}", "de", "3. Mai, 14:05"),
        ("{{ order.ordered_at | time }}", "en", "12:00"),
        ("[{{ order.custom.nothing | day }}{{ order.custom.gone | time }}]", "en", "[]"),
        ("{% assign customer = 'x' %}{{ order.total | money }}", "ru", "€12.30"),
    ],
)
def test_money_days_and_times_are_written_by_the_customers_language(text, language, expected):
    assert made(text, {"language": language}) == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{{ order.custom.gone | money }}", "there is none"),
        ("{{ order.total | money: 'euros' }}", "three letters"),
        ("{{ order.total | money: 5 }}", "three letters"),
        ("{{ order.custom.huge | money }}", "too large"),
        ("{{ 'soon' | day }}", "no time"),
        ("{{ '2024-13-77' | day }}", "month must be"),
        ("{{ order.lines | time }}", "no time"),
    ],
)
def test_what_is_no_money_or_time_is_a_problem_with_its_place(text, told):
    assert re.match(rf"Line 1, column \d+: .*{told}", fails(text))


def test_money_without_decimals():
    assert made("{{ order.total }} {{ order.total | times: 2 }}", total_minor=1200, currency="JPY") == "1200 2400"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{{ order.total | divided_by: 0 }}", "cannot be divided by 0"),
        ("{{ order.total | divided_by: 0.0 }}", "cannot be divided by 0"),
        ("{{ 5 | divided_by: '0' }}", "cannot be divided by 0"),
        ("{{ order.custom.huge | times: 2 }}", "too large"),
        ("{{ order.custom.fraction | times: 10 }}", "too large"),
        ("{{ 99999999 | times: 99999999 }}", "too large"),
        ("{{ '1e999999' | plus: 1 }}", "too large"),
        ("{{ order.custom.word | round }}", "too large"),
        ("{{ 'nan' | plus: 1 }}", "too large"),
        ("{{ 'ten' | plus: 1 }}", "“ten” is no number"),
        ("{{ order.lines | plus: 1 }}", "no number"),
        ("{{ order.custom.nothing | plus: 1 }}", "there is none"),
        ("{{ order.custom.gone | times: 2 }}", "there is none"),
        ("{{ order.payment_status | times: 2 }}", "no number"),
        ("{{ 1.5 | round: 10000000000 }}", "0 to 6 decimals"),
        ("{{ 1.5 | round: -1 }}", "0 to 6 decimals"),
        ("{{ 1.5 | round: 0.5 }}", "0 to 6 decimals"),
    ],
)
def test_what_is_no_number_is_not_counted_as_nought(text, told):
    problem = fails(text)

    assert told in problem
    assert problem.startswith("Line 1, column ")


def test_a_total_that_is_not_there_cannot_be_counted_with():
    assert "there is none" in fails("{{ order.total | times: 2 }}", total_minor=None)


# Attacks


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{{ password }}", "There is no variable “password”. Choose one of: customer, order, change."),
        ("{{ customer.phone }}", "There is no variable “customer.phone”"),
        ("{{ customer.email }}", "There is no variable “customer.email”"),
        ("{{ order.__class__ }}", "There is no variable “order.__class__”"),
        ("{{ order.total.real }}", "It has no parts."),
        ("{{ order.external_id.__class__.__mro__ }}", "It has no parts."),
        ("{{ order.delivery_status.pk }}", "Choose one of: code, name."),
        ("{{ order['__class__'] }}", "There is no variable"),
        ("{{ order[change.type] }}", "There is no variable"),
        ("{{ [order.currency] }}", "There is no variable"),
        ("{{ order.custom[password] }}", "There is no variable “password”"),
        ("{{ 'a' | append: customer.phone }}", "There is no variable “customer.phone”"),
        ("{% if secret %}{% endif %}", "There is no variable “secret”"),
        ("{% for x in secrets %}{{ x }}{% endfor %}", "There is no variable “secrets”"),
        ("{% for x in order.lines limit: secret %}{{ x }}{% endfor %}", "There is no variable “secret”"),
        ("{% for x in order.lines %}{{ order.secret }}{% endfor %}", "There is no variable “order.secret”"),
        ("{% case order.currency %}{% when secret %}x{% endcase %}", "There is no variable “secret”"),
        ("{{ order }}", "“order” is an object"),
        ("{{ change }}", "“change” is an object"),
        ("{% assign o = order %}{{ o.total }}", "“order” is an object"),
        ("{% for x in customer %}{{ x }}{% endfor %}", "“customer” is an object"),
    ],
)
def test_what_is_not_published_cannot_be_named(text, told):
    assert told in refused(text)


@pytest.mark.parametrize(
    "text",
    [
        "{{ order.custom.__class__ }}",
        "{{ customer.attributes.__class__ }}",
        "{{ customer.attributes.items }}",
        "{{ order.lines.__len__ }}",
        "{{ order.lines[0].keys }}",
        "{{ order.custom.items }}",
    ],
)
def test_objects_of_the_shops_own_have_no_attributes(text):
    assert "is undefined" in fails(text)


@pytest.mark.parametrize(
    "text",
    [
        "{% for i in (1..10) %}{{ i }}{% endfor %}",
        "{% assign r = (1..1000000000) %}",
        "{{ (1..1000000000) | join: ',' }}",
        "{{ 'a' | default: (1..5) }}",
        "{% if (1..1000000000) contains 5 %}x{% endif %}",
        "{% cycle (1..3), 2 %}",
        "{% case (1..3) %}{% when 1 %}x{% endcase %}",
        "{% case 1 %}{% when (1..3) %}x{% endcase %}",
        "{% echo (1..3) %}",
        "{% unless (1..3) %}{% endunless %}",
        "{% if 1 %}x{% elsif (1..3) %}y{% endif %}",
        "{% for i in order.lines limit: (1..3) %}{{ i }}{% endfor %}",
        "{{ order.lines[(1..3)] }}",
        "{% if 1 %}{% for i in order.lines %}{{ i | append: (1..2) }}{% endfor %}{% endif %}",
        "{% capture x %}{{ (1..3) }}{% endcapture %}",
    ],
)
def test_ranges_are_refused_wherever_they_stand(text):
    assert refused(text)


@pytest.mark.parametrize(
    "tag",
    [
        "include 'x'",
        "render 'x'",
        "extends 'x'",
        "block x",
        "liquid echo 1",
        "tablerow i in order.lines",
        "increment x",
        "decrement x",
        "ifchanged",
        "macro x",
        "call x",
        "with x: 1",
    ],
)
def test_tags_off_the_list_are_refused(tag):
    assert "unexpected tag" in refused(f"{{% {tag} %}}")


@pytest.mark.parametrize(
    "name", ["map", "where", "sort", "escape", "url_encode", "base64_decode", "json", "map_all", "split_all"]
)
def test_filters_off_the_list_are_refused_wherever_they_stand(name):
    for text in (f"{{{{ 'x' | {name} }}}}", f"{{% if 1 %}}{{% assign x = 'x' | upcase | {name}: 1 %}}{{% endif %}}"):
        assert f"There is no filter “{name}”. Choose one of: append, capitalize, " in refused(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "{% assign x = 'aaaaaaaaaa' %}" + "{% assign x = x | replace: 'a', x %}" * 20 + "{{ x }}",
            "grew longer than 2000",
        ),
        ("{% assign x = 'aaaaaaaaaa' %}" + "{% assign x = x | append: x %}" * 40 + "{{ x }}", "grew longer than 2000"),
        ("{% assign x = 'a' %}" + "{% capture x %}" + "{{ x }}" * 9 + "{% endcapture %}" + "{{ x }}", ""),
        ("{{ order.custom.note | split: '' | join: 'aaaaaaaaaa' }}", "grew longer than 2000"),
        ("{{ order.custom.note | replace: 'x', order.custom.note }}", "grew longer than 2000"),
        (
            "{% assign x = 'abcdefghij' | split: '' %}" + "{% for a in x %}" * 8 + "x" + "{% endfor %}" * 8,
            "loop iteration limit",
        ),
        ("{{ '2024-01-01' | date: '" + "%c" * 900 + "' }}", "grew longer than 2000"),
        ("{% for a in order.lines %}" + "{{ order.custom.note }}" * 5 + "{% endfor %}", "output stream limit"),
    ],
)
def test_a_bomb_is_defused(text, told):
    begun = time.perf_counter()

    assert told in fails(text) if told else made(text)
    assert time.perf_counter() - begun < 1


LONG = {"text": "x" * 400_000, "list": ["y" * 100] * 4_000}


@pytest.mark.parametrize(
    "text",
    [
        "{{ order.custom.list | join: order.custom.text }}",
        "{{ order.custom.list | join: order.external_id }}",
        "{{ order.custom.text | replace: 'x', order.external_id }}",
        "{{ order.external_id | replace: '-', order.custom.text }}",
        "{{ order.external_id | append: order.custom.text }}",
        "{{ order.external_id | default: order.custom.text }}",
        "{{ order.total | money: order.custom.text }}",
        "{{ order.ordered_at | date: order.custom.text }}",
        "{{ order.custom.text | upcase }}",
    ],
)
def test_what_a_shop_sends_at_length_fills_no_memory(text):
    tracemalloc.start()

    assert "grew longer than 2000" in fails(text, custom=LONG)
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_what_a_shop_sends_at_length_may_be_cut():
    assert made("{{ order.custom.text | truncate: 9 }} {{ order.custom.list | size }}", custom=LONG) == "xxxxxx... 4000"


@pytest.mark.parametrize("text", ["{{" * 1000, "{%" * 1000, "{" * 2000, "{{-" * 660, "{% comment %}" + "{" * 1900])
def test_markup_that_begins_a_thousand_times_is_refused_at_once(text):
    begun = time.perf_counter()

    assert "more than 300 variables and tags" in refused(text)
    assert time.perf_counter() - begun < 0.1


@pytest.mark.parametrize(
    "text",
    [
        "{{ order.lines" + "[a" * 640 + "]" * 640 + " }}",
        "{{ order.lines" + "[" * 600 + "1" + "]" * 600 + " }}",
        "{% if " + "(" * 900 + "1" + ")" * 900 + " %}x{% endif %}",
        "{% if " + "not " * 400 + "1 %}x{% endif %}",
        "{% if true %}" * 80 + "{% endif %}" * 80,
        "{% if true %}" * 140,
        "{% comment %}" * 150,
    ],
)
def test_what_is_nested_without_end_is_refused(text):
    assert refused(text)


@pytest.mark.parametrize(
    "text",
    [
        "{{ '99999999999999999999' | date: '%Y' }}",
        "{{ 99999999999999 | date: '%Y' }}",
        "{{ -99999999999999 | date: '%Y' }}",
        "{{ order.lines | date: '%Y' }}",
        "{{ '2024-01-01' | date: 5 }}",
        "{{ 'abc' | truncate: 'x' }}",
        "{{ 'abc' | slice: 'x' }}",
        "{{ 'abc' | slice }}",
        "{{ 'abc' | upcase: 1, 2 }}",
        "{% for a in order.lines limit: 'x' %}{{ a }}{% endfor %}",
        "{% if order.lines > 3 %}x{% endif %}",
        "{% if order.total contains 3 %}x{% endif %}",
        "{% break %}",
        "{{ order.lines[99] }}",
        "{{ order.lines[0].colour }}",
    ],
)
def test_what_cannot_be_made_is_a_problem_with_its_place(text):
    assert re.match(r"Line 1, column \d+: \S", fails(text))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("line one\n  {{ oops", "Line 2, column 3"),
        ("{{ order.total > 10 }}", "Line 1, column 16"),
        ("a\nb\n{% nonsense %}", "Line 3, column 4"),
        ("{{ 'a' || }}", "Line 1, column 8"),
        ("{{ 'a' if true else 'b' }}", "Line 1, column 8"),
        ("{% comment %}", "Line 1, column 4"),
        ("a\n{{ order.secret }}", "Line 2, column 4"),
        ("{{ 'a' | upcase | json }}", "Line 1, column 19"),
        ("{{ order }}\n{{ secret }}", "Line 1, column 4"),
        ("{{ x | json }}{{ secret }}", "Line 1, column 4"),
        ("\n\n  {% for i in (1..3) %}{% endfor %}", "Line 3, column 15"),
    ],
)
def test_an_error_is_told_with_its_line_and_column(text, place):
    assert refused(text).startswith(f"{place}: ")


@pytest.mark.parametrize(
    "text", [None, 7, True, [], {}, "", " \n", "x" * 2001, "a\x00b", "\ud800", "{% if order.total %}"]
)
def test_what_is_no_text_is_refused(text):
    assert refused(text)


def test_nothing_is_escaped_and_the_ends_are_trimmed():
    assert made("  {{ customer.first_name }} & co\n", {"first_name": "<Ada>"}) == "<Ada> & co"


def test_a_customers_name_is_no_template():
    assert made("{{ customer.first_name }}", {"first_name": "{{ order.total }}"}) == "{{ order.total }}"


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="{}%| .'\"[]()orderlinestoalifndassgcpthe:0123456789-\n", max_size=60))
def test_no_text_does_anything_but_pass_or_be_refused(text):
    try:
        check_template(text)
        made(text)
    except TemplateProblem as problem:
        assert str(problem)  # noqa: PT017 - either way will do


pieces = st.sampled_from(
    [f"| {name}" for name in FILTERS]
    + [
        "{{",
        "}}",
        "{%",
        "%}",
        ":",
        ",",
        "1",
        "0",
        "-1",
        "1.5",
        "'a'",
        "''",
        "nil",
        "true",
        "order.total",
        "order.lines",
    ]
    + ["order.custom", "order.custom.huge", "customer.first_name", "order.ordered_at", "order.payment_status", "x"]
    + [
        "if",
        "endif",
        "for x in",
        "endfor",
        "assign x =",
        "else",
        "case",
        "when",
        "endcase",
        ">",
        "==",
        "contains",
        "and",
    ]
)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(
        [
            "order.total",
            "order.lines",
            "order.custom",
            "'a'",
            "1.5",
            "order.custom.word",
            "order.ordered_at",
            "order.payment_status",
            "nil",
            "order.custom.huge",
        ]
    ),
    st.lists(pieces, max_size=8),
)
def test_no_chain_of_filters_does_anything_but_be_made_or_fail(value, chain):
    text = f"{{{{ {value} {' '.join(chain)} }}}}"
    try:
        check_template(text)
        made(text)
    except TemplateProblem as problem:
        assert str(problem)  # noqa: PT017 - either way will do


# The list for marketers


def names(known, before=""):
    for name, inside in known.items():
        yield f"{before}{name}"
        if isinstance(inside, dict):
            yield from names(inside, f"{before}{name}.")


def test_the_published_list_is_what_may_be_named():
    assert listed("Variables") == {name for name in names(VARIABLES) if name not in VARIABLES}


def listed(heading):
    """What the first column of a section's table names."""
    [section] = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", DOC.read_text(), re.MULTILINE | re.DOTALL)
    return set(re.findall(r"^\| `([a-z_.]+)` \|", section, re.MULTILINE))


def test_the_published_filters_and_tags_are_those_there_are():
    assert listed("Filters") == set(FILTERS)
    assert listed("Tags") == set(TAGS)


def test_every_published_example_comes_out_as_printed():
    """The table rows that end in an example: | `variable` | meaning | `text` | `what comes out` |"""
    examples = re.findall(r"^\|.*\| `([^`]*\{[{%][^`]*)` \| `([^`]*)` \|$", DOC.read_text(), re.MULTILINE)

    assert len(examples) > 40
    for written, expected in examples:
        text = written.replace(r"\|", "|")  # a table's way to write a bar
        assert (text, made_for_the_doc(text)) == (text, expected)


def made_for_the_doc(text):
    return made(text, total_minor=1230, custom={"gift": "yes", "table": 7})


def test_what_a_text_names_is_known_before_it_is_made():
    text = "{{ order.total | money }}{% assign due = order.custom.due %}{{ due }}{% if change.to == 'x' %}!{% endif %}"

    assert named_in(text) == {"order.total", "order.custom", "change.to"}
    assert named_in("Hello") == set()


def test_anything_of_the_shops_own_may_be_named():
    assert [name for name, inside in VARIABLES["order"].items() if inside == ANYTHING] == [
        "lines",
        "delivery",
        "payment",
        "custom",
    ]
    assert made("{{ order.custom.table }}", custom={"table": 7}) == "7"
    assert made("{{ order.custom.price }}", custom={"price": 1.10}) == str(Decimal("1.1"))
