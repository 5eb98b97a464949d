"""Whether a message may be sent now: the law, asked in one order at the moment it is about to be sent.

Campaign still active, order still in the target status (if the step asks), lifetime, number, consent, category,
frequency cap; then quiet hours, which do not forbid but hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from campaigns.models import CampaignState, Deliver, Message, Purpose, SkipReason
from campaigns.sms.caps import CapBook
from customers.models import Consent, Customer
from customers.phones import PhoneKind
from orders.standing import STATUS_FIELDS
from workspace.models import Workspace


@dataclass(frozen=True, slots=True)
class Send:
    """Nothing stands against it."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Not now, but at `until`."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Skip:
    """Not at all."""

    reason: SkipReason


Ruling = Send | Hold | Skip


def judge(message: Message, caps: CapBook, now: datetime, house: Workspace) -> Ruling:
    """Rule on one message, read with its campaign, order, its target status, and customer as they are now; `house` is
    the installation's own settings."""
    customer = message.customer
    reason = (
        _campaign_ended(message)
        or _orders_were_off(message, house)
        or _order_moved_on(message)
        or _lifetime_over(message, now)
        or _number(customer)
        or _consent(message, customer)
        or _category(message, customer)
        or (SkipReason.CAPPED if caps.is_full(message) else None)
    )
    if reason:
        return Skip(reason)
    until = _quiet_until(message, now, (customer and customer.timezone) or house.timezone, house)
    return Hold(until) if until else Send()


def _campaign_ended(message: Message) -> SkipReason | None:
    return SkipReason.CAMPAIGN_ENDED if message.campaign.state == CampaignState.ENDED else None


def _orders_were_off(message: Message, house: Workspace) -> SkipReason | None:
    return SkipReason.ORDERS_WERE_OFF if house.drops(message.due_at) else None


def _order_moved_on(message: Message) -> SkipReason | None:
    wanted = message.only_if_still
    if wanted is None or message.order is None:
        return None
    stands_at = getattr(message.order, f"{STATUS_FIELDS[wanted.type]}_id")
    return None if stands_at in (wanted.pk, wanted.stands_for_id) else SkipReason.STATUS_CHANGED


def _lifetime_over(message: Message, now: datetime) -> SkipReason | None:
    return SkipReason.TOO_LATE if message.expires_at and now > message.expires_at else None


def _number(customer: Customer | None) -> SkipReason | None:
    if customer is None:
        return SkipReason.NO_NUMBER
    return _NUMBER.get(PhoneKind(customer.phone_kind))


# Only a pure fixed line is excluded: many numbering plans cannot tell a mobile number.
_NUMBER = {
    PhoneKind.NONE: SkipReason.NO_NUMBER,
    PhoneKind.INVALID: SkipReason.INVALID_NUMBER,
    PhoneKind.FIXED: SkipReason.NOT_MOBILE,
}


def _consent(message: Message, customer: Customer | None) -> SkipReason | None:
    consent = customer.sms_consent if customer else Consent.UNKNOWN
    if consent == Consent.REFUSED:
        return SkipReason.REFUSED
    if message.purpose == Purpose.MARKETING and consent != Consent.GIVEN:
        return SkipReason.NO_CONSENT
    return None


def _category(message: Message, customer: Customer | None) -> SkipReason | None:
    is_refused = customer and message.category and message.category in customer.refused_categories
    return SkipReason.CATEGORY_REFUSED if is_refused else None


def _quiet_until(message: Message, now: datetime, zone: str, house: Workspace) -> datetime | None:
    if message.deliver != Deliver.OUTSIDE_QUIET_HOURS:
        return None
    there = now.astimezone(ZoneInfo(zone))
    if not is_within(there.time(), house.quiet_from, house.quiet_until):
        return None
    day = there.date() if there.time() < house.quiet_until else there.date() + timedelta(days=1)
    return datetime.combine(day, house.quiet_until, tzinfo=there.tzinfo).astimezone(now.tzinfo)


def is_within(moment: time, begins: time, ends: time) -> bool:
    """Whether a time of day lies in a stretch that may go on past midnight; one that ends as it begins is none."""
    if begins <= ends:
        return begins <= moment < ends
    return moment >= begins or moment < ends
