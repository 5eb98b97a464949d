"""Log lines: one per event, the same from us and from libraries, and no person in any of them."""

import io
import json
import logging
import logging.config

import pytest
import structlog

from orderstatus_project.logging import configure_logging


@pytest.fixture
def lines(settings):
    """What production would have written, parsed line by line."""
    written = io.StringIO()
    config = configure_logging(as_json=True, level="INFO")
    config["handlers"]["line"]["stream"] = written
    logging.config.dictConfig(config)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    logging.config.dictConfig(settings.LOGGING)


def test_an_event_is_one_line_with_its_ids(lines):
    structlog.get_logger("campaigns.engine").info("run_finished", run=7)

    (line,) = lines()
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "run_finished", "run": 7, "level": "info", "logger": "campaigns.engine"}


def test_a_library_speaks_in_the_same_form(lines):
    logging.getLogger("django.request").warning("Not Found: %s", "/nowhere")

    (line,) = lines()
    assert (line["event"], line["level"], line["logger"]) == ("Not Found: /nowhere", "warning", "django.request")


def test_below_the_level_nothing_is_written(lines):
    structlog.get_logger("campaigns.engine").debug("run_seen", run=7)

    assert lines() == []


def fail():
    raise ValueError("Key (phone)=(+16025550100) already exists")


def test_an_exception_is_told_by_its_type_and_place_not_its_words(lines):
    try:
        fail()
    except ValueError as error:
        structlog.get_logger("campaigns.engine").error("run_failed", run=7, exc_info=error)
        logging.getLogger("library").exception("failed")

    for line in lines():
        assert line["error"] == "builtins.ValueError"
        assert line["at"][-1].endswith(" fail")
        assert "16025550100" not in str(line)
    assert len(lines()) == 2


def test_a_request_names_itself_in_every_line(lines):
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        structlog.get_logger("orders").info("heard")

    assert lines()[0]["request_id"] == "r-1"
