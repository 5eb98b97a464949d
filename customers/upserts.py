"""Creating and changing customers by external id, one or thousands: for the API and for files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.attributes import Attribute, check_attributes, merge, read_attributes, read_tags
from customers.categories import read_categories
from customers.consent import ByPhone, Telling, hold_numbers, said_from, settle_consent, standing_of, take
from customers.models import Consent, Customer
from customers.phones import Phone, read_phone
from workspace.database import retry_lost_races
from workspace.models import Workspace
from workspace.reading import Problem, check_fields, check_not_ahead, check_text, read_time
from workspace.upserts import Upserted, upsert
from workspace.zones import validate_timezone

# What they are called outside, and the columns that hold them as they are written.
TEXTS = {
    "first_name": "first_name",
    "last_name": "last_name",
    "phone": "phone_written",
    "email": "email",
    "timezone": "timezone",
    "language": "language",
}
REFUSED_CATEGORIES, TAGS, ATTRIBUTES = "refused_categories", "tags", "attributes"
FIELDS = ("external_id", *TEXTS, "sms_consent", "sms_consent_at", REFUSED_CATEGORIES, ATTRIBUTES, TAGS)

COLUMNS = (
    *TEXTS.values(), "phone", "phone_kind", "sms_consent", "sms_consent_source", "sms_consent_at", REFUSED_CATEGORIES,
    ATTRIBUTES, TAGS,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """What somebody told of a customer: columns named with their values, a consent if one was named, and attributes
    that are set or (None) taken away.
    """

    external_id: str
    values: Mapping[str, Any]
    consent: Telling | None = None
    attributes: Mapping[str, Attribute | None] = field(default_factory=dict)


def read_customer(row: Any) -> CustomerRow | list[Problem]:
    """Read what JSON, or a line of a file made into the same, says of a customer. A text that is null becomes empty."""
    if not isinstance(row, Mapping):
        return [Problem("not_an_object", _("A customer is an object with an external_id."))]
    problems = check_fields(row, FIELDS)
    if problem := check_text("external_id", row.get("external_id"), _longest("external_id")):
        problems.append(problem)
    values: dict[str, Any] = {}
    for name in [name for name in _PLAIN if name in row]:
        value = _read_value(name, row[name])
        if isinstance(value, Problem):
            problems.append(value)
        else:
            values[_PLAIN[name]] = value
    consent, attributes = _read_consent(row), _read_attributes(row)
    problems += [read for read in (consent, attributes) if isinstance(read, Problem)]
    if problems or isinstance(consent, Problem) or isinstance(attributes, Problem):
        return problems
    if ATTRIBUTES in row and row[ATTRIBUTES] is None:
        values[ATTRIBUTES] = {}
    return CustomerRow(row["external_id"], values, consent, attributes)


def upsert_customers(
    rows: Sequence[CustomerRow], *, told_by: str, consent_told_at: datetime | None = None
) -> list[Upserted]:
    """Bring the rows in, in their order, in one transaction; one answer for each.

    `consent_told_at` dates a consent told without a time of its own: now for a call, None for a file, which may be old.
    It never dates what would lift a refusal: a shop that sends its whole record each night says nothing new. That takes
    a `sms_consent_at`.
    """
    return retry_lost_races(partial(_upsert, rows, told_by, consent_told_at))


def _upsert(rows: Sequence[CustomerRow], told_by: str, consent_told_at: datetime | None) -> list[Upserted]:
    with transaction.atomic():
        hold_numbers()
        now = timezone.now()
        numbers = _Numbers(rows, Workspace.current().default_country)
        return upsert(Customer, COLUMNS, rows, _Fold(told_by, consent_told_at, now, numbers), now)


class _Numbers:
    """The numbers that rows name, and what was said from them before they were anybody's.

    Looked up all at once, and only when one is new to its customer: a file that is loaded again brings none.
    """

    def __init__(self, rows: Sequence[CustomerRow], default_country: str) -> None:
        self._rows, self._default_country = rows, default_country

    @cached_property
    def read(self) -> dict[str, Phone]:
        """By how they are written."""
        column = TEXTS["phone"]
        written = {row.values[column] for row in self._rows if column in row.values}
        return {one: read_phone(one, self._default_country) for one in written}

    @cached_property
    def said(self) -> Mapping[str, list[ByPhone]]:
        said = defaultdict(list)
        for one in said_from({phone.e164 for phone in self.read.values()}):
            said[one.phone].append(one)
        return said


@dataclass(frozen=True, slots=True)
class _Fold:
    told_by: str
    consent_told_at: datetime | None
    now: datetime
    numbers: _Numbers

    def __call__(self, customer: Customer, row: CustomerRow) -> Problem | None:
        if customer.is_erased:
            return Problem("erased", _("This customer was erased: nothing is kept of them. Use another id."))
        attributes = merge(row.values.get(ATTRIBUTES, customer.attributes), row.attributes)
        if problem := check_attributes(attributes):
            return problem
        number_before = customer.phone_written
        for column, value in row.values.items():
            setattr(customer, column, value)
        customer.attributes = attributes
        if customer.phone_written != number_before:
            self._take_number(customer)
        if row.consent:
            self._take_consent(customer, row.consent)
        return None

    def _take_number(self, customer: Customer) -> None:
        """What was said from it comes before what the row tells: a consent without a time lifts no refusal."""
        customer.phone, customer.phone_kind = self.numbers.read[customer.phone_written]
        for one in self.numbers.said.get(customer.phone, ()):
            take(customer, one)

    def _take_consent(self, customer: Customer, told: Telling) -> None:
        standing = standing_of(customer)
        if told.at is None and told.consent != standing.consent != Consent.REFUSED:
            told = Telling(told.consent, self.consent_told_at)
        settled = settle_consent(standing, told, self.now)
        if settled is standing:
            return
        customer.sms_consent, customer.sms_consent_at = settled.consent, settled.at
        customer.sms_consent_source = self.told_by


def _longest(column: str) -> int:
    field = Customer._meta.get_field(column)
    assert isinstance(field, models.CharField)
    assert field.max_length is not None
    return field.max_length


_LISTS = {REFUSED_CATEGORIES: read_categories, TAGS: read_tags}
_PLAIN = {**TEXTS, **{name: name for name in _LISTS}}


def _read_value(name: str, value: Any) -> str | list[str] | Problem:
    return _LISTS[name](name, value) if name in _LISTS else _read_text(name, value)


def _read_attributes(row: Mapping[Any, Any]) -> dict[str, Attribute | None] | Problem:
    """Null is no attribute at all, and takes all away."""
    told = row.get(ATTRIBUTES)
    return {} if told is None else read_attributes(ATTRIBUTES, told)


def _read_text(name: str, value: Any) -> str | Problem:
    if value is None or (isinstance(value, str) and not value.strip()):
        return ""
    if problem := check_text(name, value, _longest(TEXTS[name])):
        return problem
    try:
        _CHECKS.get(name, _pass)(value)
    except ValidationError as error:
        return Problem(f"invalid_{name}", " ".join(error.messages), name)
    return str(value)


def _pass(_value: str) -> None:
    pass


_CHECKS: dict[str, Callable[[str], None]] = {"email": validate_email, "timezone": validate_timezone}


def _read_consent(row: Mapping[Any, Any]) -> Telling | Problem | None:
    at = read_time(row.get("sms_consent_at"), "sms_consent_at")
    if isinstance(at, Problem):
        return at
    if "sms_consent" not in row:
        missing = _("“sms_consent_at” says when “sms_consent” was told, which is missing.")
        return Problem("required", missing, "sms_consent") if at else None
    if row["sms_consent"] not in Consent.values:
        return Problem("invalid_consent", _("Consent is given, unknown or refused."), "sms_consent")
    return check_not_ahead(at, timezone.now(), "sms_consent_at") or Telling(row["sms_consent"], at)
