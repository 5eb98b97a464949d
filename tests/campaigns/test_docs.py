"""The pages under docs/ tell the truth: the example is a campaign, and every word there is has its place."""

import json
import re
from pathlib import Path

from django.conf import settings

from analytics.fields import all_fields
from analytics.fields_page import fields_page
from analytics.kinds import OPERATORS
from campaigns.books import BREACHES
from campaigns.definitions import _KEYS, read_plan
from campaigns.kinds_page import kinds_page
from campaigns.reentry import MODES
from campaigns.steps import STEPS, TRIGGERS

DOCS = Path(settings.BASE_DIR) / "docs"
PAGE = (DOCS / "campaigns.md").read_text(encoding="utf-8")
EXAMPLE = (DOCS / "ready_for_pickup.json").read_text(encoding="utf-8")


def named(words):
    return [word for word in words if f"`{word}`" not in PAGE and f'"{word}"' not in PAGE]


def test_its_example_is_a_campaign():
    plan = read_plan(json.loads(EXAMPLE))

    assert re.search(r"```json\n(.*?)```", PAGE, re.DOTALL).group(1) == EXAMPLE
    assert (plan.code, list(plan.nodes)) == ("ready-for-pickup", ["text", "paid"])


def test_it_names_every_key_kind_and_param():
    kinds = {**STEPS, **TRIGGERS}

    assert named([*_KEYS, *kinds, *(param for kind in kinds.values() for param in kind.form.base_fields)]) == []


def test_the_page_of_kinds_is_in_step():
    page = (DOCS / "kinds.md").read_text(encoding="utf-8")

    assert page == kinds_page(), "Run `make schema` and look at what changed."


def test_it_names_every_mode_of_reentry():
    assert named(MODES) == []


def test_the_page_of_fields_is_in_step_and_names_every_field_and_operator():
    page = (DOCS / "fields.md").read_text(encoding="utf-8")
    there_are = [*all_fields(), *(operator for some in OPERATORS.values() for operator in some)]

    assert page == fields_page(), "Run `make schema` and look at what changed."
    assert [word for word in there_are if f"`{word}`" not in page] == []


def test_architecture_explains_every_breach_in_the_order_of_the_books():
    books = (DOCS / "architecture.md").read_text(encoding="utf-8").partition("## The books")[2]

    explained = re.findall(r"^\| (\w+_\w+) \|", books, re.MULTILINE)

    assert explained == [rule.__name__ for rule in BREACHES]


def test_the_decisions_of_architecture_are_numbered_through_and_each_list_is_whole():
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")

    numbers = [int(number) for number in re.findall(r"^(\d+)\. ", page, re.MULTILINE)]

    assert numbers == list(range(1, len(numbers) + 1))
    assert re.findall(r"(?<!\*\*)\n\n(\d+)\. ", page) == []
