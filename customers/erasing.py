"""Erasing a customer: whatever is known of the person goes, and the ids stay, so that the ledger and the books hold.

Each app that keeps something of customers says how it empties that (`register`, in `ready()`); the customer's own row
is last. An erased customer stays one: what is told of them later is refused, and no text is sent to them. Erased again,
what came since goes too, such as an address in an order that was told afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.models import Consent, Customer
from workspace import history
from workspace.database import lock_rows, retry_lost_races
from workspace.models import KeptAnswer, Verb

# Given a customer as it stands, takes what its app keeps of the person. Locks nothing of customers.
Eraser = Callable[[Customer], None]

EMPTY: dict[str, Any] = {
    **dict.fromkeys(("first_name", "last_name", "phone", "phone_written", "phone_kind", "email"), ""),
    **dict.fromkeys(("timezone", "language", "sms_consent_source"), ""),
    "sms_consent": Consent.UNKNOWN,
    "sms_consent_at": None,
    "refused_categories": [],
    "attributes": {},
    "tags": [],
}

_erasers: list[Eraser] = []


class Reason(models.TextChoices):
    """Why a customer is erased. It is kept for good, so it is one of these and nobody's own words."""

    ASKED = "asked", _("The customer asked for it")
    NOT_NEEDED = "not_needed", _("The data are not needed any more")
    MISTAKE = "mistake", _("They came here by mistake")


def register(eraser: Eraser) -> None:
    _erasers.append(eraser)


def erase(customer: Customer, reason: Reason, by: Any) -> Customer:
    """`by`: a request, or a Who, for the history of actions. Answers the customer as it is then."""
    return retry_lost_races(partial(_erase, customer.pk, reason, by))


def _erase(pk: int, reason: Reason, by: Any) -> Customer:
    with transaction.atomic():
        # Who asks may have read less: a screen hides the number from whom it is not shown.
        whole = Customer.objects.get(pk=pk)
        for eraser in _erasers:
            eraser(whole)
        for field in ("external_id", "customer"):
            KeptAnswer.objects.about(field, whole.external_id).delete()
        erased: Customer = lock_rows(Customer.objects.filter(pk=pk)).get()
        for column, nothing in EMPTY.items():
            setattr(erased, column, nothing)
        erased.erased_at = erased.erased_at or timezone.now()
        erased.save(update_fields=[*EMPTY, "erased_at", "updated_at"])
        history.record(by, Verb.ERASED, erased, changes={"reason": [None, reason.value]})
        return erased
