"""docs/operating.md names every variable the environment may hold, and every measure it speaks of exists."""

import re
from pathlib import Path

import pytest
from django.test import Client

from campaigns import measures
from orderstatus_project.environment import BASE_DIR

PAGE = (BASE_DIR / "docs" / "operating.md").read_text(encoding="utf-8")
READS = re.compile(r'\b(?:env\.)?(?:text|flag|number|words|networks|folder)\(\s*"([A-Z_]+)"')


def read_from_environment():
    return {
        name
        for path in Path(BASE_DIR / "orderstatus_project").rglob("*.py")
        for name in READS.findall(path.read_text())
    }


def test_the_table_holds_every_variable_that_is_read_and_no_other():
    table = PAGE[PAGE.index("## The environment") :]

    assert set(re.findall(r"^\| `([A-Z_]+)` \|", table, re.MULTILINE)) == read_from_environment()


def test_the_example_tells_only_variables_that_there_are():
    lines = (BASE_DIR / "deploy" / "env.example").read_text().splitlines()

    told = {line.partition("=")[0] for line in lines if line and not line.startswith("#")}

    assert told - read_from_environment() == {"POSTGRES_PASSWORD"}


@pytest.mark.django_db
def test_every_measure_that_the_page_names_exists():
    shown = re.findall(r"^# TYPE (\w+)", Client().get("/metrics").content.decode(), re.MULTILINE)
    kept = {f"{one.name}_total" if isinstance(one, measures.Counter) else one.name for one in measures.KEPT}
    only_after_an_audit = {"orderstatus_unaccounted", "orderstatus_last_audit_age_seconds"}

    named = set(re.findall(r"orderstatus_[a-z]+_[a-z_]+|orderstatus_unaccounted|django_http_\w+", PAGE))

    assert named - {"orderstatus_token"} - set(shown) - kept - only_after_an_audit == set()
