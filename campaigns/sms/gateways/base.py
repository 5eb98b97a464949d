"""What a gateway is to us: something that takes messages, says what became of each, and promises this much.

A kind is one file that defines KIND. It knows one provider's protocol and nothing of our tables: it is given plain
values and answers plain values, in our words whatever the provider calls them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from django import forms
from django.http import HttpRequest
from django.utils.functional import Promise

from workspace.text import storable


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to hand over, to an E.164 number. An idempotent gateway knows a repeat by our `reference`.

    `called_at`: when it was, of one that is looked up.
    """

    reference: str
    to: str
    text: str
    message_id: int
    sender: str = ""
    called_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """The gateway owes it to the phone now. `gateway_id` is what its receipts will call it."""

    gateway_id: str = ""

    def __post_init__(self) -> None:
        _make_storable(self, "gateway_id")


@dataclass(frozen=True, slots=True)
class Refused:
    """The gateway will not take it, now or later; in its own words. `opted_out`: the person told the provider so."""

    error: str
    opted_out: bool = False

    def __post_init__(self) -> None:
        _make_storable(self, "error")


@dataclass(frozen=True, slots=True)
class Later:
    """The gateway has certainly not taken it, and may later. `after_s`: when it asked to be asked again, in seconds.

    `is_outage`: it takes nothing at all just now, and the next gateway may be asked at once.
    """

    error: str
    after_s: float | None = None
    is_outage: bool = False

    def __post_init__(self) -> None:
        _make_storable(self, "error")


@dataclass(frozen=True, slots=True)
class Unsure:
    """Nobody can say whether the gateway took it: no answer, or one that does not tell."""

    error: str

    def __post_init__(self) -> None:
        _make_storable(self, "error")


@dataclass(frozen=True, slots=True)
class NotCalled:
    """There was no time left to hand it over. That says nothing of the gateway, and is no try."""


Answer = Taken | Refused | Later | Unsure | NotCalled


def _make_storable(answer: Answer, name: str) -> None:
    """Many answers are written as one: a single character that no database takes would lose them all."""
    object.__setattr__(answer, name, storable(getattr(answer, name)))


class BadSignature(Exception):
    """Whoever called is not the provider, or its secret is not the one we know."""


class BadReceipt(ValueError):
    """What was told cannot be read; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A receipt: what became of a message, told by the gateway's id, or our reference, or both.

    `fate` is a word of campaigns.models.Fate. `occurred_at` None: when it is heard. `opted_out`: the person told the
    provider so.
    """

    fate: str
    gateway_id: str = ""
    reference: str = ""
    reason: str = ""
    occurred_at: datetime | None = None
    opted_out: bool = False

    def __post_init__(self) -> None:
        _check_texts(self.fate, self.gateway_id, self.reference, self.reason)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A text that somebody wrote to us, from an E.164 number. `gateway_id` is what a repeat of it is known by.

    Empty: it was given none, and a repeat is known by its words, number and time, if it has one.
    """

    gateway_id: str
    phone: str
    text: str
    occurred_at: datetime | None = None

    def __post_init__(self) -> None:
        _check_texts(self.gateway_id, self.phone, self.text)


Told = Delivery | Incoming


def _check_texts(*values: object) -> None:
    """They come out of somebody else's JSON, where an id may be a number or a list."""
    if not all(isinstance(value, str) for value in values):
        raise BadReceipt("An id, a number or a text in it is no text.")


@dataclass(frozen=True, slots=True)
class Promises:
    """`is_idempotent`: the same reference again reaches the phone once. `can_look_up`: it can be asked what it took.

    `per_call`: how many messages one call carries. `is_signed`: it checks by itself who calls with receipts; where it
    does not, the address for them holds a token. `hears_texts`: a text that somebody writes back is known as one, as it
    is set up; where it is not, no STOP is heard.
    """

    is_idempotent: bool = False
    can_look_up: bool = False
    per_call: int = 1
    is_signed: bool = False
    hears_texts: bool = True


class Gateway(Protocol):
    """A live connection. One that raises leaves the fate of its whole call unsure."""

    promises: Promises

    def send(self, messages: Sequence[Outgoing]) -> list[Answer]:
        """One answer for each message, in their order. Never waits longer than its time-out, 30 s at most."""
        ...

    def look_up(self, messages: Sequence[Outgoing]) -> list[Answer | None]:
        """What became of these: Taken or Refused; Later: it has certainly not got it; None: it cannot say."""
        ...

    def hear(self, request: HttpRequest) -> list[Told]:
        """What a call of the provider's tells. Raises BadSignature, BadReceipt."""
        ...


class Verdict(StrEnum):
    """What we say to something told on a line. AGAIN: not now; NEVER: it cannot be kept, however often it is told."""

    KEPT = "kept"
    AGAIN = "again"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Heard:
    """One thing told on a line, and what the line knows it by."""

    told: Told
    key: int


class Line(Protocol):
    """A connection of our own making on which a provider tells things, each again until it is answered.

    Once it is down, every verb raises OSError, which says why.
    """

    def hear(self, wait_s: float) -> list[Heard]:
        """What is told within so many seconds, as soon as it is."""
        ...

    def answer(self, heard: Heard, verdict: Verdict) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Setup:
    """What a connection is made of. `settings` as cleaned by the kind's form, without its secrets.

    `receipts_url`: where the provider reaches `hear`; empty where the installation has no public address.
    """

    code: str = ""
    sender: str = ""
    connections: int = 20
    settings: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    receipts_url: str = ""


# (heading, names of fields), …
Groups = tuple[tuple[str | Promise, tuple[str, ...]], ...]


class GatewayForm(forms.Form):
    """The settings of a kind. What `secret_fields` names is stored encrypted and never shown again.

    Cleaned values are JSON: text, numbers, flags, lists and objects of them.
    """

    secret_fields: ClassVar[frozenset[str]] = frozenset()
    # Headings under which the screen folds away what most people leave as it is, each with its fields.
    groups: ClassVar[Groups] = ()

    @classmethod
    def complete(cls, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Settings as they were kept, with what the form fills in for fields that came later."""
        return {name: field.to_python(field.initial) for name, field in cls.base_fields.items()} | dict(settings)


@dataclass(frozen=True, slots=True)
class GatewayKind:
    """`connect` makes a live connection, and calls nobody yet. A built-in one needs no settings and is not offered.

    `listen` opens the line on which this kind tells things, and raises OSError; None: it calls us instead.
    `summary` says in a sentence for whom it is, where a person chooses a kind.
    """

    key: str
    label: str | Promise
    connect: Callable[[Setup], Gateway]
    form: type[GatewayForm] = GatewayForm
    is_builtin: bool = False
    listen: Callable[[Setup], Line] | None = None
    summary: str | Promise = ""


class SendsOnly:
    """The rest of a gateway that can only send."""

    promises = Promises()

    def look_up(self, messages: Sequence[Outgoing]) -> list[Answer | None]:
        return [None] * len(messages)

    def hear(self, request: HttpRequest) -> list[Told]:
        raise BadReceipt("This gateway sends no receipts.")
