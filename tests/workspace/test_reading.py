from datetime import UTC, datetime, timedelta

import pytest

from workspace.reading import (
    BadDocument,
    DocumentReader,
    Problem,
    absent_if_empty,
    check_fields,
    check_json,
    check_not_ahead,
    check_text,
    read_time,
)


@pytest.mark.parametrize(
    "written", ["2026-05-03T14:05:00Z", "2026-05-03T16:05:00+02:00", "2026-05-03 14:05:00+00:00", "20260503T140500Z"]
)
def test_a_time_with_an_offset_is_read_as_utc(written):
    assert read_time(written) == datetime(2026, 5, 3, 14, 5, tzinfo=UTC)


@pytest.mark.parametrize("absent", [None, ""])
def test_no_time_is_none(absent):
    assert read_time(absent) is None


@pytest.mark.parametrize("naive", ["2026-05-03T14:05:00", "2026-05-03"])
def test_a_time_without_an_offset_is_refused(naive):
    problem = read_time(naive)

    assert (problem.code, problem.field) == ("naive_time", "occurred_at")


@pytest.mark.parametrize(
    "wrong", ["yesterday", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00", 1_700_000_000, True, [], "9" * 5000]
)
def test_what_is_no_time_is_refused(wrong):
    assert read_time(wrong).code == "invalid_time"


def test_a_long_wrong_time_is_not_told_back_in_full():
    assert len(read_time("x" * 5000).detail) < 200


def test_a_good_text_has_no_problem():
    assert check_text("order", "№ 1 / ä", 10) is None


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "required"),
        ("", "required"),
        (" \t", "required"),
        (7, "not_text"),
        (["x"], "not_text"),
        ("x" * 11, "too_long"),
        ("a\x00b", "bad_text"),
        ("a\ud800b", "bad_text"),
    ],
)
def test_what_cannot_be_kept_is_refused(value, code):
    problem = check_text("order", value, 10)

    assert isinstance(problem, Problem)
    assert (problem.code, problem.field) == (code, "order")


def test_only_an_empty_text_means_absent():
    assert absent_if_empty("") is None
    assert [absent_if_empty(value) for value in (0, False, " ")] == [0, False, " "]


def test_a_time_may_run_a_little_ahead_of_our_clock():
    now = datetime(2026, 5, 3, 14, 5, tzinfo=UTC)

    assert check_not_ahead(now + timedelta(minutes=5), now) is None
    assert check_not_ahead(now + timedelta(minutes=5, seconds=1), now, "told_at").field == "told_at"
    assert check_not_ahead(None, now) is None


def test_fields_we_do_not_know_are_named():
    problems = check_fields({"order": 1, "colour": 2, "\ud800": 3}, ["order"])

    assert [(problem.code, problem.field) for problem in problems] == [
        ("unknown_field", "colour"),
        ("unknown_field", "?"),
    ]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"a": ["b", {"c": None}]}, None),
        ({"a": ["b", {"c": "\x00"}]}, "bad_text"),
        ({"\ud800": 1}, "bad_text"),
        (float("nan"), "not_json"),
        ({1, 2}, "not_json"),
        pytest.param(10**5000, "not_json", id="5000 digits"),
        ("ä" * 50, "too_large"),
    ],
)
def test_json_that_no_database_keeps_is_refused(value, code):
    problem = check_json("custom", value, 100)

    assert (problem and problem.code) == code


def test_a_reader_of_documents_collects_what_is_wrong_with_its_place():
    reader = DocumentReader()

    reader.refuse_unknown({"code": "a", "colour": "red", "é" * 100: 1}, ("code",), "/steps/0")
    reader.refuse("/steps/0/code", "invalid", "Use letters.")

    assert [(problem.code, problem.field) for problem in reader.problems] == [
        ("unknown_field", "/steps/0/colour"),
        ("unknown_field", "/steps/0/" + "é" * 100),
        ("invalid", "/steps/0/code"),
    ]
    assert reader.problems[0].detail == "There is no “colour” here."


def test_a_bad_document_tells_every_problem_with_its_place():
    problems = [Problem("not_an_object", "It is a list."), Problem("invalid", "Use letters.", "/code")]

    error = BadDocument(problems)

    assert str(error) == "/: It is a list.; /code: Use letters."
    assert error.problems == problems
