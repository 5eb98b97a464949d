"""Whether a message may be sent now: the law, asked in one order at the moment it is about to be sent.

Campaign still active, nothing dropped or stopped, no status entered that stops it, order still in the target status (if
the step asks), lifetime, customer erased, number, consent, category, frequency cap, a person who stopped it at the
hourly limit; then a person's hold, a cap that puts off and quiet hours, which do not forbid but put off.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from campaigns.models import CampaignState, Deliver, Message, Purpose, RunState, SkipReason
from campaigns.sms.breaker import BreakerBook
from campaigns.sms.caps import CapBook
from customers.models import Consent, Customer
from customers.phones import PhoneKind
from orders.standing import STATUS_FIELDS
from workspace.models import Workspace

# Of an order that a person holds. Whoever releases it looks at once.
LOOKED_AT_AGAIN = timedelta(minutes=10)


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


def judge(
    message: Message,
    caps: CapBook,
    breakers: BreakerBook,
    now: datetime,
    house: Workspace,
    stopped: Collection[int] = (),
) -> Ruling:
    """Rule on one message, read with its campaign, order, its target status, and customer as they are now; `house` is
    the installation's own settings, `stopped` the runs whose orders entered a status that stops their campaign."""
    customer = message.customer
    reason = (
        _campaign_ended(message)
        or _orders_were_off(message, house)
        or _was_paused(message)
        or _was_stopped(message)
        or (SkipReason.ENTERED_STOP_STATUS if message.run_id in stopped else None)
        or _order_moved_on(message)
        or _lifetime_over(message, now)
        or _erased(customer)
        or _number(customer)
        or _consent(message, customer)
        or _category(message, customer)
        or (SkipReason.CAPPED if caps.is_full(message) else None)
        or (SkipReason.NOT_RELEASED if breakers.drops(message) else None)
    )
    if reason:
        return Skip(reason)
    if message.run.held_at is not None:
        return Hold(now + LOOKED_AT_AGAIN)
    until = caps.full_until(message) or _quiet_until(message, now, _zone(customer, house), house)
    return Hold(until) if until else Send()


def _campaign_ended(message: Message) -> SkipReason | None:
    return SkipReason.CAMPAIGN_ENDED if message.campaign.state == CampaignState.ENDED else None


def _orders_were_off(message: Message, house: Workspace) -> SkipReason | None:
    return SkipReason.ORDERS_WERE_OFF if house.drops(message.due_at) else None


def _was_paused(message: Message) -> SkipReason | None:
    return SkipReason.WAS_PAUSED if message.campaign.drops(message.due_at) else None


def _was_stopped(message: Message) -> SkipReason | None:
    return SkipReason.STOPPED if message.run.state == RunState.STOPPED else None


def _order_moved_on(message: Message) -> SkipReason | None:
    wanted = message.only_if_still
    if wanted is None or message.order is None:
        return None
    stands_at = getattr(message.order, f"{STATUS_FIELDS[wanted.type]}_id")
    return None if stands_at in (wanted.pk, wanted.stands_for_id) else SkipReason.STATUS_CHANGED


def _lifetime_over(message: Message, now: datetime) -> SkipReason | None:
    return SkipReason.TOO_LATE if message.expires_at and now > message.expires_at else None


def _erased(customer: Customer | None) -> SkipReason | None:
    return SkipReason.ERASED if customer and customer.is_erased else None


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


def _zone(customer: Customer | None, house: Workspace) -> str:
    return (customer and customer.timezone) or house.timezone


def _quiet_until(message: Message, now: datetime, zone: str, house: Workspace) -> datetime | None:
    if message.deliver != Deliver.OUTSIDE_QUIET_HOURS or not is_quiet(now, zone, house):
        return None
    there = now.astimezone(ZoneInfo(zone))
    day = there.date() if there.time() < house.quiet_until else there.date() + timedelta(days=1)
    return datetime.combine(day, house.quiet_until, tzinfo=there.tzinfo).astimezone(now.tzinfo)


def is_quiet(now: datetime, zone: str, house: Workspace) -> bool:
    """Whether quiet hours are on there."""
    return is_within(now.astimezone(ZoneInfo(zone)).time(), house.quiet_from, house.quiet_until)


def is_within(moment: time, begins: time, ends: time) -> bool:
    """Whether a time of day lies in a stretch that may go on past midnight; one that ends as it begins is none."""
    if begins <= ends:
        return begins <= moment < ends
    return moment >= begins or moment < ends
