import pytest

from orders.contents import check_lines, check_object, merge_patch


@pytest.mark.parametrize(
    "lines",
    [
        None,
        [],
        [{}],
        [{"sku": "A-1", "name": "Lamp", "quantity": 2, "price": "12.30"}],
        [{"sku": None, "name": None, "quantity": None, "price": None}],
        [{"quantity": 0.5}],
    ],
)
def test_lines_may_say_as_much_as_they_like(lines):
    assert check_lines(lines) is None


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ({}, "not_a_list"),
        ("A-1", "not_a_list"),
        (["A-1"], "invalid_line"),
        ([{"sku": "A-1", "colour": "red"}], "invalid_line"),
        ([{"sku": 7}], "not_text"),
        ([{"name": "x" * 501}], "too_long"),
        ([{"name": "a\x00"}], "bad_text"),
        ([{"quantity": "2"}], "invalid_quantity"),
        ([{"quantity": True}], "invalid_quantity"),
        ([{"quantity": float("nan")}], "invalid_quantity"),
        ([{"price": 12.30}], "invalid_price"),
        ([{"price": "cheap"}], "invalid_price"),
        ([{"name": "x" * 500}] * 200, "too_large"),
    ],
)
def test_a_line_that_cannot_be_understood_is_refused(lines, code):
    problem = check_lines(lines)

    assert (problem.code, problem.field) == (code, "lines")


def test_an_object_may_hold_anything():
    assert check_object("custom", {"a": [1, 2.5, None, True, {"b": "№"}]}) is None


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ([], "not_an_object"),
        ("x", "not_an_object"),
        ({"a": {"b": ["x\x00"]}}, "bad_text"),
        ({"a": {"\ud800": 1}}, "bad_text"),
        ({"a": float("inf")}, "not_json"),
        ({"a": "x" * 65536}, "too_large"),
    ],
)
def test_an_object_that_no_database_keeps_is_refused(value, code):
    problem = check_object("custom", value)

    assert (problem.code, problem.field) == (code, "custom")


# RFC 7396, appendix A
@pytest.mark.parametrize(
    ("target", "patch", "merged"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_merge_patch_merges(target, patch, merged):
    assert merge_patch(target, patch) == merged


def test_merging_leaves_the_target_alone():
    target = {"a": {"b": 1}}

    merge_patch(target, {"a": {"b": 2}})

    assert target == {"a": {"b": 1}}
