"""The path of an order through a campaign, told in plain sentences: from the change that let it in to its message.

Everything told is read from what was written down when it was decided. A list of any length costs the same few queries.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.fields import Kind, all_fields
from campaigns.definitions import all_steps
from campaigns.models import (
    Campaign,
    CampaignState,
    CampaignVersion,
    Message,
    MessageState,
    Run,
    RunEvent,
    RunState,
    SkipReason,
)
from campaigns.steps import STEPS
from campaigns.wording import Names, status_name, status_names
from customers.models import Customer
from orders.models import StatusTransition
from statuses.models import StatusType
from workspace.models import Workspace


def tell(run: Run) -> list[str]:
    """What happened to one order that entered, in the order it happened."""
    return tell_all([run])[run.pk]


def tell_all(runs: Sequence[Run]) -> dict[int, list[str]]:
    """The same for many, by their ids."""
    library = _Library.of(runs)
    return {run.pk: list(_tell(run, library)) for run in runs}


def tell_message(message: Message) -> str:
    """“Sent in 0.3 s”, “Not sent: no consent”, “Held until 09:00 Tokyo”."""
    return tell_messages([message])[message.pk]


def tell_messages(messages: Sequence[Message]) -> dict[int, str]:
    """The same for many, by their ids."""
    customers = Customer.objects.in_bulk({m.customer_id for m in messages if m.customer_id and m.is_held})
    entered = dict(Run.objects.filter(pk__in={m.run_id for m in messages}).values_list("pk", "entered_at"))
    home = Workspace.current().timezone
    return {
        m.pk: _tell_message(m, entered[m.run_id], _zone_of(customers.get(m.customer_id or 0), home)) for m in messages
    }


@dataclass(frozen=True, slots=True)
class _Library:
    """All that the runs' stories speak of, each kind read once."""

    events: Mapping[int, list[RunEvent]]
    messages: Mapping[tuple[int, str], str]
    transitions: Mapping[int, StatusTransition]
    steps: Mapping[int, Mapping[str, Mapping[str, Any]]]
    campaigns: Mapping[int, Campaign]
    names: Names

    @classmethod
    def of(cls, runs: Sequence[Run]) -> _Library:
        ids = [run.pk for run in runs]
        events: dict[int, list[RunEvent]] = defaultdict(list)
        for event in RunEvent.objects.filter(run__in=ids).order_by("run_id", "number"):
            events[event.run_id].append(event)
        messages = list(Message.objects.filter(run__in=ids))
        told = tell_messages(messages)
        transitions = StatusTransition.objects.select_related("from_status", "to_status")
        return cls(
            events=events,
            messages={(m.run_id, m.step): told[m.pk] for m in messages},
            transitions=transitions.in_bulk({run.transition_id for run in runs if run.transition_id}),
            steps={
                version.pk: {step["key"]: step for step in all_steps(version.definition["steps"])}
                for version in CampaignVersion.objects.filter(pk__in={run.version_id for run in runs})
            },
            campaigns=Campaign.objects.in_bulk({run.campaign_id for run in runs}),
            names=status_names(),
        )

    def label(self, run: Run, step: str) -> str:
        """What a marketer calls the step."""
        kind = STEPS.get(str(self.steps[run.version_id].get(step, {}).get("kind")))
        return str(kind.label) if kind else step


def _tell(run: Run, library: _Library) -> Iterator[str]:
    if run.transition_id:
        yield _moved(library.transitions[run.transition_id])
    events = library.events.get(run.pk, [])
    for place, event in enumerate(events):
        is_last = place == len(events) - 1
        if sentence := _decided(run, event, library, is_last=is_last):
            yield sentence
    yield from _ended(run, library)


def _moved(transition: StatusTransition) -> str:
    words = {
        "type": StatusType(transition.type).label,
        "from": transition.from_status,
        "to": transition.to_status,
        "at": _at(transition.occurred_at),
    }
    if transition.from_status is None:
        return _("%(type)s became %(to)s %(at)s.") % words
    return _("%(type)s went from %(from)s to %(to)s %(at)s.") % words


def _decided(run: Run, event: RunEvent, library: _Library, *, is_last: bool) -> str:
    words = {"campaign": library.campaigns[run.campaign_id], "step": library.label(run, event.step)}
    match event.outcome:
        case "admitted":
            return _("It entered “%(campaign)s”.") % words
        case "declined":
            return _("It was not let in: %s.") % _reason(event.seen.get("reason", ""))
        case "yes" | "no":
            return _asked(event, words, library.names)
        case "owed":
            told = library.messages.get((run.pk, event.step), _("to be sent"))
            return _said(told)
        case "waiting":
            until = _time(parse_datetime(event.seen["until"]))
            is_waiting = is_last and run.state == RunState.WAITING
            return (_("It waits until %s.") if is_waiting else _("It waited until %s.")) % until
        case "stopped":
            return _("It stopped: %s.") % _reason(event.seen.get("reason", ""))
        case "failed":
            return _("“%(step)s” failed, and nothing more happens. The log of the workers says why.") % words
        case "done" | "sent" | "not_sent":
            return ""
    return _("“%(step)s”: %(outcome)s.") % {**words, "outcome": event.outcome}


def _asked(event: RunEvent, words: Mapping[str, Any], names: Names) -> str:
    passed = _("it passed “%(step)s”.") if event.outcome == "yes" else _("it did not pass “%(step)s”.")
    # Sorted, for the databases do not all keep the order of an object's members.
    seen = ", ".join(_value(key, value, names) for key, value in sorted(event.seen.items()))
    sentence = f"{seen}: {passed % words}" if seen else passed % words
    return sentence[:1].upper() + sentence[1:]


def _value(key: str, value: Any, names: Names) -> str:
    """“payment status was Paid”, “delivery status was Shipped at the change”."""
    name, _sign, at_trigger = key.partition("@")
    field = all_fields().get(name)
    words = {"field": field.label if field else name, "value": _shown(field, value, names)}
    return (_("%(field)s was %(value)s at the change") if at_trigger else _("%(field)s was %(value)s")) % words


def _shown(field: Any, value: Any, names: Names) -> str:
    if value is None:
        return _("not set")
    if isinstance(value, bool):
        return _("true") if value else _("not true")
    if field is not None and field.kind is Kind.STATUS:
        return status_name(names, field.status_type, str(value))
    if field is not None and field.kind is Kind.TIME and (moment := parse_datetime(str(value))):
        return date_format(timezone.localtime(moment), "j M Y, H:i")
    return str(value)


def _said(told: str) -> str:
    """A message's own words as a sentence of the story: “Not sent: no consent” is “No SMS: no consent.”"""
    not_sent = _("Not sent: ")
    if told.startswith(not_sent):
        return _("No SMS: %s.") % told.removeprefix(not_sent)
    return _("SMS %s.") % (told[:1].lower() + told[1:])


def _ended(run: Run, library: _Library) -> Iterator[str]:
    if run.state == RunState.FINISHED:
        yield _("It reached the end of the campaign.")
    elif run.state == RunState.STOPPED and run.reason != "campaign_ended":
        yield _("Its way ended there.")
    elif run.state == RunState.WAITING:
        if library.campaigns[run.campaign_id].state == CampaignState.PAUSED:
            yield _("The campaign is paused: it goes on when the campaign does.")
        elif not library.events.get(run.pk):
            yield _("It is about to be let in.")


def _reason(reason: str) -> str:
    known = {
        "too_old": _("the change was older than the campaign takes"),
        "not_first_visit": _("the order had been in this status before"),
        "entered_before_per_order": _("this order entered before"),
        "entered_before_per_customer": _("this customer entered before"),
        "filtered_out": _("the filter did not let it pass"),
        "campaign_ended": _("the campaign ended"),
    }
    if reason in SkipReason.values:
        return str(known.get(reason) or SkipReason(reason).label)
    return known.get(reason, reason.replace("_", " "))


def _tell_message(message: Message, entered_at: datetime, zone: str) -> str:
    match message.state:
        case MessageState.SKIPPED:
            return _("Not sent: ") + _reason(message.skip_reason)
        case MessageState.PENDING if message.is_held and message.due_at:
            return _("Held until %(time)s %(place)s") % {"time": _clock(message.due_at, zone), "place": _place(zone)}
        case MessageState.ACCEPTED if message.sent_at:
            return _sent(message.sent_at - entered_at)
        case MessageState.REJECTED:
            return _("Refused by the gateway: %s") % (message.error or _("it gave no reason"))
        case MessageState.UNKNOWN:
            return _("Perhaps sent: the gateway never answered")
    return str(MessageState(message.state).label)


def _sent(after: timedelta) -> str:
    seconds = max(after.total_seconds(), 0)
    if seconds < 60:
        return _("Sent in %s s") % f"{seconds:.1f}"
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86400)
    if hours < 1:
        return ngettext("Sent after %d minute", "Sent after %d minutes", minutes) % minutes
    if days < 1:
        return ngettext("Sent after %d hour", "Sent after %d hours", hours) % hours
    return ngettext("Sent after %d day", "Sent after %d days", days) % days


def _zone_of(customer: Customer | None, home: str) -> str:
    return (customer.timezone if customer else "") or home


def _clock(at: datetime, zone: str) -> str:
    return at.astimezone(ZoneInfo(zone)).strftime("%H:%M")


def _place(zone: str) -> str:
    """“Asia/Tokyo” is Tokyo, “America/New_York” is New York."""
    return zone.rpartition("/")[2].replace("_", " ")


def _at(moment: datetime) -> str:
    """“at 14:05” today, else “on” and its date."""
    return (_("at %s") if _is_today(moment) else _("on %s")) % _time(moment)


def _time(moment: datetime | None) -> str:
    if moment is None:
        return _("some time")
    return date_format(timezone.localtime(moment), "H:i" if _is_today(moment) else "j M Y, H:i")


def _is_today(moment: datetime) -> bool:
    return timezone.localdate(moment) == timezone.localdate()
