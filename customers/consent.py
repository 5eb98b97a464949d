"""Which of two tellings about a customer's consent holds, and what is said by whoever has a number.

A number may say no before it is anybody's here. Whoever keeps what was said (`register`) is asked again for a number
that a customer gets. A text and a customer with its number may arrive at the same moment and miss each other. So giving
a number takes a shared lock, and telling by number an exclusive one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise

from customers.models import Consent, Customer
from workspace.database import hold, lock_rows, write_rows

PROOF = ("sms_consent", "sms_consent_source", "sms_consent_at", "updated_at")
# Any constant of ours; PostgreSQL's advisory locks are numbered.
NUMBERS_LOCK = 6_127_002


@dataclass(frozen=True, slots=True)
class Telling:
    """A consent somebody told us of. `at` None: nobody knows since when it holds."""

    consent: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ByPhone:
    """Whoever has this number said so themselves at that moment. `told_by` is the proof."""

    phone: str
    consent: Consent
    told_by: str
    at: datetime


# What was said from these numbers, whoever's they are. One query for all of them.
Teller = Callable[[Collection[str]], Iterable[ByPhone]]

_tellers: list[Teller] = []
# Of proofs written as `kind:…`, in the words of a screen.
_kinds_of_proof: dict[str, Promise] = {}


def register(teller: Teller) -> None:
    _tellers.append(teller)


def name_proof(kind: str, name: Promise) -> None:
    """Whoever writes proofs of a kind says what they are."""
    _kinds_of_proof[kind] = name


def proof_named(source: str) -> str:
    """By whom a consent was told: a person or a source by their name, anything else by its kind and as it is kept."""
    kind, colon, _which = source.partition(":")
    return f"{_kinds_of_proof[kind]} ({source})" if colon and kind in _kinds_of_proof else source


def said_from(phones: Collection[str]) -> list[ByPhone]:
    """What whoever has these numbers said so far."""
    known = set(phones) - {""}
    return [one for teller in _tellers for one in teller(known)] if known else []


def tell_consents(told: Sequence[ByPhone]) -> None:
    """Each is the consent of every customer with that number. An older telling changes nothing, in whatever order."""
    with transaction.atomic():
        hold(NUMBERS_LOCK)
        _tell(told)


def hold_numbers() -> None:
    """Before a customer gets a number, until the transaction ends. Before any customer is locked."""
    hold(NUMBERS_LOCK, shared=True)


def catch_up(customer: Customer) -> bool:
    """Let a copy of a customer that gets a number say what was said from it, as its row stands now. To be saved after.

    Numbers are held by then, and of customers only this row is locked: whoever else locks several waits for it at most.
    """
    told = said_from([customer.phone])
    if not told:
        return False
    for row in lock_rows(Customer.objects.filter(pk=customer.pk)):
        for column in PROOF:
            setattr(customer, column, getattr(row, column))
    return bool([one for one in told if take(customer, one)])


def take(customer: Customer, one: ByPhone) -> bool:
    """Let a copy of a customer say what was said from its number, unless something newer is known."""
    told = Telling(one.consent, one.at)
    if settle_consent(standing_of(customer), told, timezone.now()) is not told:
        return False
    customer.sms_consent, customer.sms_consent_source, customer.sms_consent_at = one.consent, one.told_by, one.at
    customer.updated_at = timezone.now()
    return True


def standing_of(customer: Customer) -> Telling:
    """What is known now. A refusal that was written without its time stood by when the row was last written."""
    since = customer.sms_consent_at
    if since is None and customer.sms_consent == Consent.REFUSED:
        since = customer.updated_at
    return Telling(customer.sms_consent, since)


def _tell(told: Sequence[ByPhone]) -> None:
    customers, changed = defaultdict(list), {}
    having = Customer.objects.filter(phone__in={one.phone for one in told} - {""})
    for customer in lock_rows(having.order_by("pk")):
        customers[customer.phone].append(customer)
    for one in told:
        for customer in customers[one.phone]:
            if take(customer, one):
                changed[customer.pk] = customer
    write_rows(changed.values(), PROOF)


# Of two tellings that cannot be ordered by time, the one that sends less.
_CAUTION = {Consent.UNKNOWN: 0, Consent.GIVEN: 1, Consent.REFUSED: 2}


def settle_consent(standing: Telling, told: Telling, now: datetime) -> Telling:
    """The telling that holds from `now` on; `standing` itself where `told` changes nothing.

    With times the newer one holds, in whatever order they arrive. A telling without a time may be as old as the file
    it came in: loaded again, that file must not give consent back to somebody who has opted out since, nor may its
    “unknown” wipe out an answer. So it can only go from unknown to given to refused, and it is dated to the safe side:
    a refusal counts from now, as we have heard it, while a consent stays undated and gives way to any dated telling.
    One that stands dated ahead of now, by a clock that is ahead or before ours was set back, counts as of now: it does
    not outlast a STOP that is written after it.
    """
    if told.at is None:
        if _CAUTION[Consent(told.consent)] <= _CAUTION[Consent(standing.consent)]:
            return standing
        return replace(told, at=now) if told.consent == Consent.REFUSED else told
    if standing.at is None:
        return told
    since = min(standing.at, now)
    is_newer = (told.at, _CAUTION[Consent(told.consent)]) > (since, _CAUTION[Consent(standing.consent)])
    return told if is_newer else standing
