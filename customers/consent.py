"""Which of two tellings about a customer's consent holds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction

from customers.models import Consent, Customer
from workspace.database import lock_rows


@dataclass(frozen=True, slots=True)
class Telling:
    """A consent somebody told us of. `at` None: nobody knows since when it holds."""

    consent: str
    at: datetime | None = None


def tell_consent(phone: str, consent: Consent, *, told_by: str, at: datetime) -> list[Customer]:
    """Whoever has this number says so themselves: the consent of every customer with it. Answers those customers.

    An older telling changes nothing, whatever order they arrive in.
    """
    told = Telling(consent, at)
    with transaction.atomic():
        customers = list(lock_rows(Customer.objects.filter(phone=phone).order_by("pk")))
        for customer in customers:
            standing = Telling(customer.sms_consent, customer.sms_consent_at)
            if settle_consent(standing, told, at) is told:
                customer.sms_consent, customer.sms_consent_source, customer.sms_consent_at = consent, told_by, at
                customer.save(update_fields=["sms_consent", "sms_consent_source", "sms_consent_at", "updated_at"])
        return customers


# Of two tellings that cannot be ordered by time, the one that sends less.
_CAUTION = {Consent.UNKNOWN: 0, Consent.GIVEN: 1, Consent.REFUSED: 2}


def settle_consent(standing: Telling, told: Telling, now: datetime) -> Telling:
    """The telling that holds from `now` on; `standing` itself where `told` changes nothing.

    With times the newer one holds, in whatever order they arrive. A telling without a time may be as old as the file
    it came in: loaded again, that file must not give consent back to somebody who has opted out since, nor may its
    “unknown” wipe out an answer. So it can only go from unknown to given to refused, and it is dated to the safe side:
    a refusal counts from now, as we have heard it, while a consent stays undated and gives way to any dated telling.
    """
    if told.at is None:
        if _CAUTION[Consent(told.consent)] <= _CAUTION[Consent(standing.consent)]:
            return standing
        return replace(told, at=now) if told.consent == Consent.REFUSED else told
    if standing.at is None:
        return told
    is_newer = (told.at, _CAUTION[Consent(told.consent)]) > (standing.at, _CAUTION[Consent(standing.consent)])
    return told if is_newer else standing
