"""Texts that people write to us: kept once, shown on the customer, and where they are a keyword, obeyed."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from campaigns.models import IncomingText
from campaigns.sms.gateways.base import Incoming
from customers.consent import ByPhone, name_proof, register, tell_consents
from customers.models import Consent, Customer
from customers.phones import read_phone
from workspace.database import retry_lost_races
from workspace.failpoints import reach
from workspace.keywords import plain, read_keywords
from workspace.models import Workspace
from workspace.reading import believable
from workspace.text import storable

Meaning = IncomingText.Meaning

# START is somebody's own wish to get messages, so it gives consent also to who had not been asked yet.
CONSENTS = {Meaning.STOP: Consent.REFUSED, Meaning.START: Consent.GIVEN}


def take_incoming(gateway_code: str, told: Sequence[Incoming]) -> int:
    """Keep the texts that a gateway heard, and do what a keyword asks for. Answers how many were new."""
    new = retry_lost_races(partial(_take, gateway_code, told, timezone.now()))
    if told:
        reach("incoming.taken")
    return new


def _take(gateway: str, told: Sequence[Incoming], now: datetime) -> int:
    """Whoever is told the same text at the same moment loses the race for its row, and looks again."""
    with transaction.atomic():
        texts = IncomingText.objects.bulk_create(_new_rows(gateway, told, now))
        _link(texts)
        consents = [_consent(text) for text in texts if text.meaning in CONSENTS]
        if consents:
            tell_consents(consents)
        return len(texts)


def _new_rows(gateway: str, told: Sequence[Incoming], now: datetime) -> list[IncomingText]:
    workspace = Workspace.current()
    meanings = dict.fromkeys(read_keywords(workspace.start_words), Meaning.START)
    meanings |= dict.fromkeys(read_keywords(workspace.stop_words), Meaning.STOP)
    rows: dict[str, IncomingText] = {}
    for one in told:
        row = _row(gateway, one, meanings, workspace.default_country, now)
        rows.setdefault(row.gateway_id, row)
    known = IncomingText.objects.filter(gateway=gateway, gateway_id__in=rows).values_list("gateway_id", flat=True)
    kept = set(known)
    return [rows[id] for id in sorted(rows) if id not in kept]


def _row(gateway: str, told: Incoming, meanings: dict[str, Meaning], country: str, now: datetime) -> IncomingText:
    text = storable(told.text)
    return IncomingText(
        gateway=gateway,
        gateway_id=storable(told.gateway_id)[:128] or _id_of(told, now),
        phone=_phone(storable(told.phone), country),
        text=text,
        meaning=meanings.get(plain(text), Meaning.OTHER),
        occurred_at=believable(told.occurred_at, now),
        received_at=now,
    )


def _phone(written: str, country: str) -> str:
    """E.164 also where a provider leaves out its plus sign. What is no such number, as a short code, stays as it is."""
    read = read_phone(f"+{written}", country) if written[:1].isdigit() else read_phone(written, country)
    return read.e164 or read_phone(written, country).e164 or written[:16]


def _id_of(told: Incoming, now: datetime) -> str:
    """A protocol without ids of texts: the same words from the same number at the same moment are the same text."""
    said = f"{told.phone}\n{told.occurred_at or now}\n{told.text}"
    return hashlib.sha256(said.encode(errors="replace")).hexdigest()


def _link(texts: Sequence[IncomingText]) -> None:
    having = defaultdict(list)
    for pk, phone in Customer.objects.filter(phone__in={text.phone for text in texts} - {""}).values_list(
        "pk", "phone"
    ):
        having[phone].append(pk)
    link = IncomingText.customers.through
    link.objects.bulk_create(
        [link(incomingtext_id=text.pk, customer_id=pk) for text in texts for pk in having[text.phone]]
    )


def _consent(text: IncomingText) -> ByPhone:
    return ByPhone(text.phone, CONSENTS[Meaning(text.meaning)], f"sms:{text.pk}", text.occurred_at)


def said_from(phones: Collection[str]) -> list[ByPhone]:
    """The keywords that these numbers wrote, also before they were a customer's."""
    texts = IncomingText.objects.filter(phone__in=phones, meaning__in=CONSENTS).defer("text").order_by("pk")
    return [_consent(text) for text in texts]


register(said_from)
name_proof("sms", gettext_lazy("a text from their number"))
