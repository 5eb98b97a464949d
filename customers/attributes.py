"""What a shop and its campaigns keep of customers beside the columns: attributes (a name and a value) and tags.

An attribute is called by a name that rules and texts can write (`vip_level`), and is a text, a number, true or false.
Each telling names those it sets and, with null, those it takes away; the others stay, as several tell of one customer.
Tags are words; a telling that names them names all. Both may say anything of a person, so they are personal data.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.categories import is_category, read_words
from customers.models import Customer
from workspace.database import lock_rows, write_rows
from workspace.reading import Problem, check_json
from workspace.text import is_storable
from workspace.upserts import Outcome, Upserted, is_same

Attribute = str | int | float | bool

MOST_ATTRIBUTES = 100
MOST_TAGS = 100
LONGEST_TEXT = 500
MOST_OF_A_NUMBER = 10**15
# All attributes of one customer, as JSON.
MOST_BYTES = 16 * 1024

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


def is_attribute_name(name: Any) -> bool:
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def is_tag(word: Any) -> bool:
    return is_category(word)


@dataclass(frozen=True, slots=True)
class Change:
    """What to do to one customer. Attributes are as `read_attributes` reads them, None takes one away; tags pass
    `is_tag`. What is to be added and removed is removed.
    """

    customer_id: int
    attributes: Mapping[str, Attribute | None] = field(default_factory=dict)
    add_tags: Sequence[str] = ()
    remove_tags: Sequence[str] = ()


def change(changes: Sequence[Change]) -> list[Upserted]:
    """Change attributes and tags of many customers, several changes of one in their order; one answer for each.

    The one way in for campaigns: two queries in one transaction, or the caller's, which holds the customers until
    it ends. An answer's `outcome` is changed, unchanged, or rejected with a problem: `too_many` (the customer has as
    many as one can have; nothing of that change is done), `too_large` (the same), `gone` (there is no such customer, or
    it was erased).
    """
    with transaction.atomic():
        rows = Customer.objects.filter(pk__in={one.customer_id for one in changes}).order_by("pk")
        customers = {row.pk: row for row in lock_rows(rows.only("attributes", "tags", "erased_at"))}
        answers, changed = [], {}
        for one in changes:
            customer = customers.get(one.customer_id)
            answer = _apply(customer, one) if customer and not customer.is_erased else _gone()
            if customer and answer.outcome is Outcome.CHANGED:
                customer.updated_at = timezone.now()
                changed[customer.pk] = customer
            answers.append(answer)
        write_rows(changed.values(), ("attributes", "tags", "updated_at"))
    return answers


def _apply(customer: Customer, one: Change) -> Upserted:
    attributes = merge(customer.attributes, one.attributes)
    tags = sorted({*customer.tags, *one.add_tags} - set(one.remove_tags))
    if problem := check_attributes(attributes) or check_tags(tags):
        return Upserted(Outcome.REJECTED, problem)
    if is_same(attributes, customer.attributes) and tags == sorted(customer.tags):
        return Upserted(Outcome.UNCHANGED)
    customer.attributes, customer.tags = attributes, tags
    return Upserted(Outcome.CHANGED)


def _gone() -> Upserted:
    return Upserted(Outcome.REJECTED, Problem("gone", _("There is no such customer any more.")))


def merge(attributes: Mapping[str, Attribute], told: Mapping[str, Attribute | None]) -> dict[str, Attribute]:
    """Those there are, with what was told of them: a new mapping."""
    named = {**attributes, **told}
    return {name: value for name, value in named.items() if value is not None}


def read_attributes(name: str, told: Any) -> dict[str, Attribute | None] | Problem:
    """An object of names with values, to be merged; null, and a text of nothing, take one away."""
    if not isinstance(told, Mapping):
        return Problem("not_an_object", _("“%s” is an object of names with values.") % name, name)
    if len(told) > MOST_ATTRIBUTES:
        return _too_many(name, MOST_ATTRIBUTES)
    read: dict[str, Attribute | None] = {}
    for key, raw in told.items():
        if not is_attribute_name(key):
            needed = _("An attribute is called by 1 to 64 small letters, digits and _, and begins with a letter.")
            return Problem("invalid_attribute_name", needed, name)
        try:
            read[key] = read_attribute(raw)
        except ValueError as error:
            return Problem("invalid_attribute", f"{key}: {error}", name)
    return read


def read_attribute(raw: Any) -> Attribute | None:
    """One value, as every database gives it back: what is whole is so however it was written. Raises ValueError with
    a sentence.
    """
    if raw is None or isinstance(raw, bool):
        return raw
    if isinstance(raw, str):
        if len(raw) > LONGEST_TEXT or not is_storable(raw):
            raise ValueError(_("Give a text of at most %d characters.") % LONGEST_TEXT)
        return raw if raw.strip() else None
    if not isinstance(raw, (int, float)) or not _is_in_bounds(raw):
        raise ValueError(_("Give a text, a number of at most 15 digits, true or false."))
    return int(raw) if raw == int(raw) else raw


def _is_in_bounds(number: float) -> bool:
    return (isinstance(number, int) or math.isfinite(number)) and abs(number) <= MOST_OF_A_NUMBER


def as_lines(attributes: Mapping[str, Attribute]) -> str:
    """As people read and write them: `level = gold`, one a line. A text that looks like a number stands in quotes."""
    return "\n".join(f"{name} = {_written(value)}" for name, value in sorted(attributes.items()))


def _written(value: Attribute) -> str:
    is_plain = isinstance(value, str) and value.isprintable() and value == value.strip() and _as_written(value) == value
    return str(value) if is_plain else json.dumps(value, ensure_ascii=False)


def from_lines(written: str) -> Any:
    """What `read_attributes` takes. A line without a sign, or a name that stands twice, is left for it to refuse."""
    told: dict[Any, Any] = {}
    for line in filter(None, map(str.strip, written.split("\n"))):
        name, _sign, value = (part.strip() for part in line.partition("="))
        told[line if name in told or not _sign else name] = _as_written(value)
    return told


def _as_written(value: str) -> Any:
    """A number, true, false or a quoted text if it reads as one; else a text."""
    try:
        read = json.loads(value)
    except (ValueError, RecursionError):
        return value
    is_value = isinstance(read, (str, bool)) or (isinstance(read, (int, float)) and math.isfinite(read))
    return read if is_value else value


def check_attributes(attributes: Mapping[str, Attribute], name: str = "attributes") -> Problem | None:
    """Whether one customer may have all these."""
    if len(attributes) > MOST_ATTRIBUTES:
        return _too_many(name, MOST_ATTRIBUTES)
    return check_json(name, attributes, MOST_BYTES)


def read_tags(name: str, words: Any) -> list[str] | Problem:
    """A list of tags, each once, in an order of its own. Null is none."""
    needed = _("A tag is 1 to 64 small letters, digits, - and _.")
    return read_words(name, words, Problem("invalid_tag", needed, name), most=MOST_TAGS)


def check_tags(tags: Sequence[str], name: str = "tags") -> Problem | None:
    return _too_many(name, MOST_TAGS) if len(tags) > MOST_TAGS else None


def _too_many(name: str, most: int) -> Problem:
    return Problem("too_many", _("A customer has at most %(most)d %(name)s.") % {"most": most, "name": name}, name)
