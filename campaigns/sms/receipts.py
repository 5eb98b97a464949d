"""What gateways say later about messages: kept first, then held against the messages we know.

A receipt may come before the answer to the call it is about, twice, in any order, or about nothing of ours. It is one
row whatever happens; one that nobody knows yet waits for its message (`apply_kept`, and a sweep for what crossed).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from campaigns.models import Fate, Message, Receipt
from campaigns.sms.fates import Book
from campaigns.sms.gateways.base import Delivery
from workspace.database import lock_rows, retry_lost_races, set_size, write_columns
from workspace.failpoints import reach
from workspace.reading import believable
from workspace.text import storable

# Older ones are about nothing of ours.
SOUGHT_FOR = timedelta(days=7)
# For whoever wonders what a gateway told.
KEPT_FOR = timedelta(days=30)


def take_receipts(gateway: str, told: Sequence[Delivery]) -> int:
    """Keep what a gateway told and let it move the messages it is about. Answers how many are about ours."""
    now = timezone.now()
    rows = sorted((_row(gateway, one, now) for one in told), key=_key)
    about_ours = retry_lost_races(partial(_take, gateway, rows, now))
    reach("receipts.taken")
    return about_ours


def apply_kept(messages: Iterable[Message], now: datetime) -> int:
    """Receipts that came before we knew whom they were about, for messages locked just now."""
    kept = Receipt.objects.filter(message=None)
    if not kept.exists():  # as nearly always; asking about a thousand messages costs more
        return 0
    gateways, ids, references = set(), set(), set()
    for message in messages:
        references.add(str(message.reference))
        if message.gateway_id:
            gateways.add(message.gateway)
            ids.add(message.gateway_id)
    about = Q(reference__in=references) | Q(gateway__in=gateways, gateway_id__in=ids)
    return _apply(list(kept.filter(about).order_by("pk")), now)


def sweep_kept() -> int:
    """Receipts that crossed with the answer to their call: it told an id that they were already kept under."""
    matched = retry_lost_races(_sweep)
    reach("receipts.swept")
    return matched


def remove_unknown() -> int:
    """Receipts that nobody knew for long: a set of them, the next sweep takes more. Answers how many are gone."""
    return retry_lost_races(_remove)


def _sweep() -> int:
    now = timezone.now()
    told = Message.objects.filter(gateway=OuterRef("gateway"), gateway_id=OuterRef("gateway_id"))
    kept = Receipt.objects.filter(message=None, received_at__gt=now - SOUGHT_FOR).exclude(gateway_id="")
    known = kept.filter(Exists(told.exclude(gateway_id="").exclude(state__in=Message.IN_HAND)))
    with transaction.atomic():
        return _apply(list(known.order_by("pk")[: set_size()]), now)


def _remove() -> int:
    unknown = Receipt.objects.filter(message=None)
    old = unknown.filter(received_at__lt=timezone.now() - KEPT_FOR).order_by("pk").values_list("pk", flat=True)
    # One that found its message meanwhile stays.
    return unknown.filter(pk__in=list(old[: set_size()])).delete()[0]


def _take(gateway: str, rows: Sequence[Receipt], now: datetime) -> int:
    with transaction.atomic():
        Receipt.objects.bulk_create(rows, ignore_conflicts=True)
        return _apply(_waiting(gateway, rows), now)


def _row(gateway: str, told: Delivery, now: datetime) -> Receipt:
    return Receipt(
        gateway=gateway,
        gateway_id=storable(told.gateway_id)[:128],
        reference=_reference(told.reference),
        fate=Fate(told.fate),
        reason=storable(told.reason)[:200],
        opted_out=told.opted_out,
        occurred_at=believable(told.occurred_at, now),
        received_at=now,
    )


def _key(receipt: Receipt) -> tuple[str, str, str]:
    """Whoever writes several takes their keys in the same order, so that no two wait for each other."""
    return (receipt.gateway_id, receipt.reference, receipt.fate)


def _waiting(gateway: str, rows: Sequence[Receipt]) -> list[Receipt]:
    ids = {row.gateway_id for row in rows}
    references = {row.reference for row in rows}
    kept = Receipt.objects.filter(gateway=gateway, message=None, gateway_id__in=ids, reference__in=references)
    return list(kept.order_by("pk"))


def _apply(receipts: list[Receipt], now: datetime) -> int:
    """A message that is being called just now is left to its caller: the answer comes first, then its receipts."""
    if not receipts:
        return 0
    messages, book, found = _Index.of(receipts), Book(now), []
    for receipt in receipts:
        message = messages.find(receipt)
        if message is not None and message.state not in Message.IN_HAND:
            book.tell(message, receipt)
            found.append((receipt.pk, message.pk))
    book.write()
    write_columns(Receipt, ("message_id",), found)
    return len(found)


@dataclass(frozen=True, slots=True)
class _Index:
    """The messages that receipts are about, locked: by our reference, and by gateway and its id."""

    by_reference: dict[str, Message]
    by_id: dict[tuple[str, str], Message]

    @classmethod
    def of(cls, receipts: Sequence[Receipt]) -> _Index:
        references = {uuid for receipt in receipts if (uuid := _uuid(receipt.reference))}
        ids = {receipt.gateway_id for receipt in receipts if receipt.gateway_id}
        gateways = {receipt.gateway for receipt in receipts}
        # Said although no id is empty: of a long list PostgreSQL does not prove that the partial index holds it all.
        by_id = Q(gateway_id__in=ids, gateway__in=gateways) & ~Q(gateway_id="")
        rows = list(lock_rows(Message.objects.filter(Q(reference__in=references) | by_id).order_by("pk")))
        return cls({str(m.reference): m for m in rows}, {(m.gateway, m.gateway_id): m for m in rows if m.gateway_id})

    def find(self, receipt: Receipt) -> Message | None:
        found = self.by_reference.get(receipt.reference) or self.by_id.get((receipt.gateway, receipt.gateway_id))
        return found if found and found.gateway == receipt.gateway else None


def _reference(written: str) -> str:
    """Ours as we write it, however the provider does."""
    uuid = _uuid(written)
    return str(uuid) if uuid else storable(written)[:64]


def _uuid(written: str) -> UUID | None:
    try:
        return UUID(written)
    except ValueError:
        return None
