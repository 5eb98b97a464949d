"""What a shop told of an order as a page shows it: all of it escaped, and no more than can be read."""

import re

import pytest

from orders.drawing import draw_block, draw_lines
from tests.factories import OrderFactory
from tests.screens import page_of, signed_in, turn_orders_on

HOSTILE = "<script>alert('x')</script>"


def words(drawn):
    """What is left to be read without the tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", drawn).split())


def table_of(lines):
    """The names of the columns, and the rows."""
    table = draw_lines(lines)
    return [name for name, _is_number in table.columns], [[words(cell.value) for cell in row] for row in table.rows]


# Lines


def test_lines_are_a_table_of_what_is_there():
    lines = [
        {"quantity": 2, "name": "Mug", "sku": "MUG-1", "price": "29.95"},
        {"sku": "POT-1", "name": "Pot", "gift wrap": True},
    ]

    assert table_of(lines) == (
        ["SKU", "Name", "Quantity", "Price", "gift wrap"],
        [["MUG-1", "Mug", "2", "29.95", "–"], ["POT-1", "Pot", "–", "–", "Yes"]],
    )


def test_a_column_that_is_empty_throughout_is_not_drawn():
    assert table_of([{"sku": None, "name": "Mug", "price": ""}]) == (["Name"], [["Mug"]])


@pytest.mark.parametrize("lines", [[], None, {}, "", [{}], [{}, {"sku": None}]])
def test_without_lines_there_is_nothing(lines):
    assert draw_lines(lines) is None


def test_more_lines_than_a_page_bears_are_counted():
    table = draw_lines([{"sku": str(n)} for n in range(1234)])

    assert len(table.rows) == 50
    assert table.left_out == "Not shown: 1184 more lines."


def test_more_columns_than_a_page_bears_are_counted():
    table = draw_lines([{f"column {n}": n for n in range(9)}])

    assert len(table.columns) == 8
    assert table.left_out == "Not shown: 1 more column."


def test_a_long_text_is_cut_shorter_in_a_table():
    assert table_of([{"name": "x" * 300}])[1] == [["x" * 100 + "… (200 more characters)"]]


def test_a_line_may_hold_what_no_line_holds():
    _columns, rows = table_of([{"name": {"en": "Mug", "de": ["Becher", "Tasse"]}, "price": HOSTILE}])

    assert rows == [["en Mug de Becher Tasse", "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;"]]


@pytest.mark.parametrize("lines", [["a mug", 2], {"1": "a mug", "2": 2}, "a mug and 2", 7, [["a mug"]]])
def test_what_is_no_list_of_lines_is_drawn_as_what_it_is(lines):
    assert "mug" in words(draw_lines(lines).drawn) or lines == 7


# Objects


def test_an_object_is_a_list_of_names_and_values():
    drawn = draw_block({"method": "card", "paid_in_full": False, "parts": 3, "note": None})

    assert words(drawn.drawn) == "method card paid in full No parts 3 note –"
    assert drawn.left_out == ""


def test_values_are_nested_as_they_are():
    drawn = draw_block({"address": {"city": "Zürich", "lines": ["Bahnhofstrasse 1", "2. OG"]}, "codes": []}).drawn

    assert words(drawn) == "address city Zürich lines Bahnhofstrasse 1 2. OG codes –"
    assert drawn.count("<dl") == 2
    assert drawn.count("<li>") == 2


@pytest.mark.parametrize("value", [{}, None, [], ""])
def test_of_what_is_empty_there_is_nothing(value):
    assert draw_block(value) is None


@pytest.mark.parametrize("value", [0, False, "0", {"a": None}])
def test_what_is_said_is_drawn_however_little(value):
    assert draw_block(value)


def test_names_and_values_are_escaped():
    drawn = draw_block({HOSTILE: HOSTILE, "in": [{HOSTILE: [HOSTILE]}]}).drawn

    assert "<script" not in drawn
    assert drawn.count("&lt;script&gt;") == 4


def test_a_long_text_is_cut_and_says_so():
    drawn = draw_block({"note": "x" * 65_000}).drawn

    assert words(drawn) == f"note {'x' * 300}… (64700 more characters)"


def test_many_values_are_counted():
    drawn = draw_block({f"name {n}": n for n in range(1000)})

    assert drawn.drawn.count("<dt>") == 40
    assert drawn.left_out == "Not shown: 960 more values."


def test_values_left_out_are_counted_at_any_depth():
    drawn = draw_block({f"name {n}": {"a": [1, 2], "b": {}} for n in range(14)})

    assert drawn.left_out == "Not shown: 2 more values."


def test_what_is_nested_deeper_than_can_be_read_is_left_out():
    value = "here"
    for _level in range(20_000):
        value = {"in": value}

    drawn = draw_block(value)

    assert words(drawn.drawn) == "in in in in …"
    assert drawn.left_out == "Not shown: 1 more value."


def test_a_wide_and_deep_object_stays_small():
    value = {f"a{n}": [{f"b{m}": "x" * 500 for m in range(100)}] * 100 for n in range(100)}

    drawn = draw_block(value)

    assert len(drawn.drawn) < 50_000
    assert drawn.left_out == "Not shown: 999960 more values."


# The page


@pytest.fixture
def order_page(db):
    turn_orders_on()
    admin = signed_in(is_superuser=True)
    return lambda order: admin.get(page_of("orders_order", "change", order.pk)).content.decode()


def test_an_orders_page_shows_what_the_shop_told(order_page):
    order = OrderFactory(
        lines=[{"sku": "MUG-1", "name": "Mug", "quantity": 2, "price": "29.95"}],
        delivery={"method": "pickup"},
        payment={"method": "card"},
        custom={"gift": HOSTILE},
    )

    shown = order_page(order)

    for title in ("Lines", "Delivery", "Payment", "Custom fields"):
        assert re.search(rf'<h2 id="\w+">{title}</h2>', shown)
    assert "MUG-1" in shown
    assert HOSTILE not in shown


def test_an_orders_page_shows_nothing_where_nothing_was_told(order_page):
    shown = order_page(OrderFactory())

    assert [title for _id, title in re.findall(r'<h2 id="(\w+)">([^<]+)</h2>', shown)] == [
        "Where it stands",
        "What happened",
        "Order",
    ]
