"""What is happening just now, for the start page: the texts on the test phone, and how orders moved and what followed.

Each is a handful of queries, however much is shown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from campaigns.models import Message, MessageState, PhoneText, Run, RunState
from campaigns.story import tell_messages
from orders.models import InboxVerdict, StatusChange, StatusTransition
from orderstatus_project.demo import controls
from statuses.models import OrderStatus

MOST_TEXTS = 12
MOST_UNSENT = 6
MOST_HAPPENINGS = 11
MOST_LATE = 4


@dataclass(frozen=True, slots=True)
class Bubble:
    """A text on the phone; without `text`, one that was not sent or is held, with `note` saying why."""

    message: Message
    at: datetime
    text: str
    note: str

    @property
    def key(self) -> str:
        return f"m{self.message.pk}-{self.message.state}{'-held' if self.message.is_held else ''}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one order that entered a campaign. `tone` is good, warning, bad, info or nothing."""

    campaign: str
    words: str
    tone: str
    run_id: int
    # While it waits: until when.
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the strip: a move of an order and its outcomes, or something told that moved nothing."""

    key: str
    at: datetime
    order: str
    order_id: int | None
    words: str
    outcomes: tuple[Outcome, ...] = ()
    is_quiet: bool = False


def phone_bubbles() -> list[Bubble]:
    """The newest first: what arrived, and in between what did not."""
    texts = {text.reference: text for text in PhoneText.objects.order_by("-pk")[:MOST_TEXTS]}
    related = ("customer", "order", "campaign")
    arrived = list(Message.objects.filter(reference__in=texts).select_related(*related))
    held = Q(state=MessageState.PENDING, is_held=True)
    unsent = Message.objects.filter(Q(state=MessageState.SKIPPED) | held).select_related(*related)
    silent = list(unsent.order_by("-pk")[:MOST_UNSENT])
    notes = tell_messages([*arrived, *silent])
    bubbles = [
        Bubble(message, texts[message.reference].arrived_at, texts[message.reference].text, notes[message.pk])
        for message in arrived
    ]
    bubbles += [Bubble(message, message.ended_at or message.created_at, "", notes[message.pk]) for message in silent]
    bubbles.sort(key=lambda bubble: (bubble.at, bubble.message.pk), reverse=True)
    return bubbles[:MOST_TEXTS]


def happenings() -> list[Happening]:
    """The newest first."""
    related = ("order", "from_status", "to_status")
    moves = list(StatusTransition.objects.select_related(*related).order_by("-pk")[:MOST_HAPPENINGS])
    told = [*_moves(moves), *_late(), *_repeats()]
    told.sort(key=lambda happening: (happening.at, happening.key), reverse=True)
    return told[:MOST_HAPPENINGS]


def happening_of(move: StatusTransition) -> Happening:
    return _moves([move])[0]


def _moves(moves: Sequence[StatusTransition]) -> list[Happening]:
    outcomes = _outcomes(moves)
    return [
        Happening(
            key=f"t{move.pk}",
            at=move.received_at,
            order=move.order.external_id,
            order_id=move.order_id,
            words=f"{move.from_status} → {move.to_status}" if move.from_status else f"→ {move.to_status}",
            outcomes=tuple(outcomes[move.pk]),
        )
        for move in moves
    ]


def _outcomes(moves: Iterable[StatusTransition]) -> dict[int, list[Outcome]]:
    runs = list(
        Run.objects.filter(transition__in=[move.pk for move in moves]).select_related("campaign").order_by("pk")
    )
    messages = list(Message.objects.filter(run__in=[run.pk for run in runs]).order_by("pk"))
    notes = tell_messages(messages)
    last = {message.run_id: message for message in messages}
    outcomes: dict[int, list[Outcome]] = defaultdict(list)
    for run in runs:
        message = last.get(run.pk)
        assert run.transition_id is not None
        outcomes[run.transition_id].append(
            _message_outcome(run, message, notes[message.pk]) if message else _run_outcome(run)
        )
    return outcomes


def _message_outcome(run: Run, message: Message, note: str) -> Outcome:
    tone = "warning" if message.is_held else _MESSAGE_TONES.get(message.state, "")
    return Outcome(run.campaign.name, note[:1].lower() + note[1:], tone, run.pk)


_MESSAGE_TONES: dict[str, str] = {
    MessageState.ACCEPTED: "good",
    MessageState.DELIVERED: "good",
    MessageState.PENDING: "info",
    MessageState.CLAIMED: "info",
    MessageState.CALLING: "info",
    MessageState.REJECTED: "bad",
    MessageState.UNDELIVERED: "bad",
    MessageState.UNKNOWN: "bad",
}


def _run_outcome(run: Run) -> Outcome:
    """An order that entered and was not texted, or not yet."""
    if run.state == RunState.WAITING:
        is_waiting = run.due_at is not None and run.due_at > run.step_at
        words, tone = (_("waits") if is_waiting else _("on its way")), "info"
        return Outcome(run.campaign.name, words, tone, run.pk, run.due_at if is_waiting else None)
    if run.reason == "filtered_out":
        return Outcome(run.campaign.name, _("no text: it did not pass the filter"), "", run.pk)
    tone = "bad" if run.state == RunState.FAILED else ""
    return Outcome(run.campaign.name, RunState(run.state).label.lower(), tone, run.pk)


def _late() -> list[Happening]:
    late = StatusChange.objects.filter(verdict=InboxVerdict.LATE).select_related("status").order_by("-pk")[:MOST_LATE]
    return [
        Happening(
            key=f"l{change.pk}",
            at=change.received_at,
            order=change.order_external_id,
            order_id=change.order_id,
            words=_("“%s” came late: kept, nothing moved") % change.status,
            is_quiet=True,
        )
        for change in late
    ]


def _repeats() -> list[Happening]:
    repeats = controls.last_repeats()
    names = dict(OrderStatus.objects.values_list("code", "name")) if repeats else {}
    return [
        Happening(
            key=f"r{repeat['at']}",
            at=datetime.fromtimestamp(repeat["at"], UTC),
            order=repeat["order"],
            order_id=None,
            words=_("“%s” told again: duplicate, no second text") % names.get(repeat["code"], repeat["code"]),
            is_quiet=True,
        )
        for repeat in repeats
    ]
