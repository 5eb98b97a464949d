"""A text as it is being written: what is wrong with it, how it comes out for orders that would lately have got it, what
that costs, and who would get it when. Nothing is written, and no campaign need exist.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet

from campaigns.definitions import trigger_of
from campaigns.matching import watches_of
from campaigns.models import Deliver, Encoding, Purpose, SmsGateway
from campaigns.sms.alphabet import Dear, dear_signs, is_plain, made_plain, signs_of_values
from campaigns.sms.law import is_quiet
from campaigns.sms.parts import count_parts
from campaigns.sms.templates import TemplateProblem, check_template, render, variables_for
from campaigns.steps.base import Trigger, Watched
from customers.models import Consent, Customer
from orders.models import Order, SilentBecause, StatusTransition
from orders.standing import STATUS_FIELDS
from statuses.models import OrderStatus
from workspace.models import Workspace
from workspace.roles import Reader, may_see_personal_data

SHOWN = 20
# So far back the ledger is looked through, and so many of the people found there are counted.
LOOKED_THROUGH = 200_000
MOST_PEOPLE = 5_000


@dataclass(frozen=True, slots=True)
class Asked:
    """The text with what decides about it, as they are written just now: any of it may be half done."""

    text: str
    purpose: str
    deliver: str
    trigger: Mapping[str, Any]

    @property
    def is_marketing(self) -> bool:
        return self.purpose == Purpose.MARKETING

    @property
    def waits_at_night(self) -> bool:
        """As the step reads it: left out, marketing waits."""
        return (self.deliver or (Deliver.OUTSIDE_QUIET_HOURS if self.is_marketing else "")) == (
            Deliver.OUTSIDE_QUIET_HOURS
        )


@dataclass(frozen=True, slots=True)
class Preview:
    """How it comes out for one order, by the change that would let it in. `problem`: it cannot be made for this one.

    For who may not see personal data it is made without them, and so is what is counted: by a length one could guess.
    `plain_parts`: if the dear signs were made plain; 0: even then it is not all of the GSM alphabet.
    """

    order_id: int
    change: int | None
    order: str
    customer: str
    text: str = ""
    parts: int = 0
    encoding: Encoding = Encoding.GSM_7
    length: int = 0
    signs_of_values: str = ""
    plain_parts: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class People:
    """Of the customers whom it would lately have reached: how many consent allows, and how many of them sleep now."""

    found: int
    allowed: int
    asleep: int


@dataclass(frozen=True, slots=True)
class Gains:
    """So many of the texts would fit the plain alphabet, and so many of these would have fewer parts."""

    plainer: int
    fewer: int


@dataclass(frozen=True, slots=True)
class Looked:
    """`is_near`: the orders are those that would have entered; else simply the newest. `gains`: what making the dear
    signs of its words plain would bring; None: nothing."""

    problem: TemplateProblem | None
    previews: Sequence[Preview]
    is_near: bool
    longest: int | None
    dear: Sequence[Dear]
    gains: Gains | None
    people: People
    price_per_part: Decimal | None
    currency: str


def look(asked: Asked, reader: Reader, house: Workspace, now: datetime) -> Looked:
    """A fixed number of queries. Raises nothing, whatever is written."""
    problem = _problem(asked.text)
    matching = _matching(trigger_of({"trigger": asked.trigger}))
    subjects = [] if matching is None else _subjects(matching)
    is_near = bool(subjects)
    previews = [] if problem else _made(asked.text, subjects or _simply_newest(), reader, house)
    gateway = SmsGateway.objects.filter(is_active=True).order_by("position", "pk").first()
    return Looked(
        problem,
        previews,
        is_near,
        _longest(previews),
        dear_signs(asked.text),
        _gains(asked.text, previews),
        _people(matching if is_near else None, asked, house, now),
        gateway.price_per_part if gateway else None,
        gateway.currency if gateway else "",
    )


def text_for(text: str, order: int, change: int | None, reader: Reader, house: Workspace) -> Preview | None:
    """How it comes out for one order that was shown; None: there is none, or no such change of it."""
    found = Order.objects.filter(pk=order, customer__isnull=False).select_related("customer").first()
    changed = StatusTransition.objects.filter(pk=change, order=order).first() if change else None
    if found is None or (change and changed is None):
        return None
    return _made(text, [Subject(found, changed)], reader, house)[0]


def _problem(text: str) -> TemplateProblem | None:
    try:
        check_template(text)
    except TemplateProblem as problem:
        return problem
    return None


# Whom it would have reached


@dataclass(frozen=True, slots=True)
class Subject:
    """An order, and the change that would let it in; None: it enters by being created, or nobody knows what by."""

    order: Order
    change: StatusTransition | None


# Orders, where they enter by being created, else changes.
Matching = QuerySet[Any]


def _matching(trigger: Trigger | None) -> Matching | None:
    """What would have started it; None: it does not say yet, or goes by the clock, too dear to be asked so often."""
    if trigger is not None and trigger.kind.hears_created:
        return Order.objects.filter(is_test=False, customer__isnull=False).order_by()
    return _answering(trigger.watched) if trigger is not None and trigger.watched is not None else None


def _subjects(matching: Matching) -> list[Subject]:
    """The newest orders that would have entered."""
    return _of_orders(matching) if matching.model is Order else _newest(matching)


def _simply_newest() -> list[Subject]:
    return _newest(_lately()) or _of_orders(Order.objects.filter(customer__isnull=False))


def _lately() -> QuerySet[StatusTransition]:
    newest = StatusTransition.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    return StatusTransition.objects.filter(pk__gt=newest - LOOKED_THROUGH, order__customer__isnull=False).order_by()


def _answering(watched: Watched) -> QuerySet[StatusTransition]:
    asked = reduce(or_, (watch.as_question() for watch in watches_of(watched)), Q(pk__in=[]))
    return _lately().filter(asked).exclude(silent_because=SilentBecause.MERGE)


def _of_orders(rows: QuerySet[Order]) -> list[Subject]:
    return [Subject(order, None) for order in rows.order_by("-pk").select_related("customer")[:SHOWN]]


def _newest(changes: QuerySet[StatusTransition]) -> list[Subject]:
    """The newest change of each order, for the newest orders."""
    rows = changes.order_by("-pk").select_related("order__customer")[: 3 * SHOWN]
    by_order: dict[int, StatusTransition] = {}
    for row in rows:
        by_order.setdefault(row.order_id, row)
    return [Subject(row.order, row) for row in list(by_order.values())[:SHOWN]]


def _people(matching: Matching | None, asked: Asked, house: Workspace, now: datetime) -> People:
    if matching is None:
        return People(0, 0, 0)
    met = matching.filter(customer__isnull=False).order_by("-pk").values("customer")[:MOST_PEOPLE]
    groups = Customer.objects.filter(pk__in=met).order_by().values_list("timezone", "sms_consent")
    found = allowed = asleep = 0
    for zone, consent, number in groups.annotate(Count("pk")):
        found += number
        if _is_allowed(consent, asked):
            allowed += number
            asleep += number if asked.waits_at_night and is_quiet(now, zone or house.timezone, house) else 0
    return People(found, allowed, asleep)


def _is_allowed(consent: str, asked: Asked) -> bool:
    return consent == Consent.GIVEN if asked.is_marketing else consent != Consent.REFUSED


# How it comes out


def _made(text: str, subjects: Sequence[Subject], reader: Reader, house: Workspace) -> list[Preview]:
    vocabulary, sees_all = OrderStatus.objects.in_bulk(), may_see_personal_data(reader)
    return [_preview(text, subject, vocabulary, house, sees_all=sees_all) for subject in subjects]


def _preview(
    text: str, subject: Subject, vocabulary: Mapping[int, OrderStatus], house: Workspace, *, sees_all: bool
) -> Preview:
    order, change = _as_it_stood(subject), subject.change.pk if subject.change else None
    if not sees_all:
        order.mask()
    customer = order.customer
    assert customer is not None, "only orders of somebody are asked for"
    zone = ZoneInfo(customer.timezone or house.timezone)
    try:
        made = render(text, variables_for(order, customer, subject.change, vocabulary, zone))
    except TemplateProblem as problem:
        return Preview(order.pk, change, order.external_id, str(customer), problem=str(problem))
    parts, encoding = count_parts(made) if made else (0, Encoding.GSM_7)
    plain = made_plain(made)
    return Preview(
        order.pk,
        change,
        order.external_id,
        str(customer),
        made,
        parts,
        encoding,
        len(made),
        "" if any(sign.plain is None for sign in dear_signs(text)) else signs_of_values(text, made),
        count_parts(plain)[0] if made and is_plain(plain) else 0,
    )


def _as_it_stood(subject: Subject) -> Order:
    """The order with the statuses that it then had. The copy is for reading alone."""
    order, change = subject.order, subject.change
    for name in STATUS_FIELDS.values() if change else ():
        setattr(order, f"{name}_id", getattr(change, f"{name}_id"))
    return order


def _longest(previews: Sequence[Preview]) -> int | None:
    """By parts, which are what it costs, then by letters."""
    places = [place for place, preview in enumerate(previews) if not preview.problem]
    return max(places, key=lambda place: (previews[place].parts, previews[place].length), default=None)


def _gains(text: str, previews: Sequence[Preview]) -> Gains | None:
    signs = dear_signs(text)
    if not signs or any(sign.plain is None for sign in signs):
        return None
    plainer = [preview for preview in previews if preview.plain_parts and preview.encoding == Encoding.UCS_2]
    fewer = [preview for preview in plainer if preview.plain_parts < preview.parts]
    return Gains(len(plainer), len(fewer)) if plainer else None
