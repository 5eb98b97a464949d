"""The path of an order through a campaign, told in plain sentences: from the change that let it in to its message.

Everything told is read from what was written down when it was decided. A list of any length costs the same few queries.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.fields import Field, Param, all_fields
from analytics.other_orders import Scope
from analytics.rules import OTHER_ORDERS
from analytics.wording import (
    Names,
    all_names,
    length_in_words,
    one_of,
    status_name,
    value_in_words,
    which_orders,
)
from campaigns.definitions import all_steps, written_trigger
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
    WebhookCall,
)
from campaigns.sms.wording import in_our_words
from campaigns.steps import STEPS
from campaigns.steps.base import StepKind
from campaigns.webhooks.wording import tell_calls
from customers.models import Customer
from orders.models import Order, StatusTransition
from statuses.models import StatusType
from workspace.durations import UNITS
from workspace.local_formats import clock, number, whole_moment
from workspace.models import User, Workspace


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
    runs = Run.objects.only("entered_at", "held_at").in_bulk({m.run_id for m in messages})
    home = Workspace.current().timezone
    return {m.pk: _tell_message(m, runs[m.run_id], _zone_of(customers.get(m.customer_id or 0), home)) for m in messages}


@dataclass(frozen=True, slots=True)
class _Library:
    """All that the runs' stories speak of, each kind read once."""

    events: Mapping[int, list[RunEvent]]
    messages: Mapping[tuple[int, str], str]
    calls: Mapping[tuple[int, str], str]
    transitions: Mapping[int, StatusTransition]
    definitions: Mapping[int, Mapping[str, Any]]
    steps: Mapping[int, Mapping[str, Mapping[str, Any]]]
    campaigns: Mapping[int, Campaign]
    # Of orders that a filter found beside the one that entered, by their keys.
    orders: Mapping[int, str]
    names: Names
    people: Mapping[int, str]

    @classmethod
    def of(cls, runs: Sequence[Run]) -> _Library:
        ids = [run.pk for run in runs]
        events: dict[int, list[RunEvent]] = defaultdict(list)
        for event in RunEvent.objects.filter(run__in=ids).order_by("run_id", "number"):
            events[event.run_id].append(event)
        messages = list(Message.objects.filter(run__in=ids))
        told = tell_messages(messages)
        calls = list(WebhookCall.objects.filter(run__in=ids))
        of_calls = tell_calls(calls)
        versions = CampaignVersion.objects.in_bulk({run.version_id for run in runs})
        transitions = StatusTransition.objects.select_related("from_status", "to_status")
        return cls(
            events=events,
            messages={(m.run_id, m.step): told[m.pk] for m in messages},
            calls={(call.run_id, call.step): of_calls[call.pk] for call in calls},
            transitions=transitions.in_bulk({run.transition_id for run in runs if run.transition_id}),
            definitions={pk: version.definition for pk, version in versions.items()},
            steps={
                pk: {step["key"]: step for step in all_steps(version.definition["steps"])}
                for pk, version in versions.items()
            },
            campaigns=Campaign.objects.in_bulk({run.campaign_id for run in runs}),
            orders=_orders_named(event for some in events.values() for event in some),
            names=all_names(),
            people=_people(event.seen.get("by") for some in events.values() for event in some),
        )

    def began(self, run: Run) -> str:
        """What it entered by."""
        kind, params = written_trigger(self.definitions[run.version_id])
        if kind and kind.tells and not run.is_about_a_change:
            return kind.tells(params, self.transitions.get(run.transition_id or 0), _at(run.occurred_at))
        return _moved(self.transitions[run.transition_id]) if run.transition_id else ""

    def owed(self, run: Run, step: str) -> str:
        """What became of the call or the text that was owed there."""
        call = self.calls.get((run.pk, step))
        return call or _said(self.messages.get((run.pk, step), _("to be sent")))

    def kind(self, run: Run, step: str) -> StepKind | None:
        return STEPS.get(str(self.steps[run.version_id].get(step, {}).get("kind")))

    def label(self, run: Run, step: str) -> str:
        """What a marketer calls the step."""
        kind = self.kind(run, step)
        return str(kind.label) if kind else step


def _orders_named(events: Iterable[RunEvent]) -> Mapping[int, str]:
    """One query, if any is."""
    ids = {told["order"] for event in events for told in event.seen.get(OTHER_ORDERS, ()) if told["order"]}
    return dict(Order.objects.filter(pk__in=ids).values_list("pk", "external_id")) if ids else {}


def _tell(run: Run, library: _Library) -> Iterator[str]:
    if sentence := library.began(run):
        yield sentence
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
    if event.outcome in _INTERVENED or "why" in event.seen:
        return _intervened(event, library)
    kind = library.kind(run, event.step)
    if kind and (told := kind.tells(event.outcome, event.seen, library.names)):
        return told
    return "" if event.outcome in _SILENT else _plainly(run, event, library, is_last=is_last)


def _plainly(run: Run, event: RunEvent, library: _Library, *, is_last: bool) -> str:
    words = {"campaign": library.campaigns[run.campaign_id], "step": library.label(run, event.step)}
    match event.outcome:
        case "admitted":
            return _("It entered “%(campaign)s”.") % words
        case "declined":
            return _("It was not let in: %s.") % reason_in_words(event.seen.get("reason", ""))
        case "yes" | "no":
            return _asked(event, words, library)
        case "owed":
            return library.owed(run, event.step)
        case "waiting":
            until = _time(parse_datetime(event.seen["until"]))
            is_waiting = is_last and run.state == RunState.WAITING
            return (_("It waits until %s.") if is_waiting else _("It waited until %s.")) % until
        case "stopped":
            return _stopped(event, library.names)
        case "failed":
            return _("“%(step)s” failed, and nothing more happens. The log of the workers says why.") % words
    return _("“%(step)s”: %(outcome)s.") % {**words, "outcome": event.outcome}


# Told by what follows.
_SILENT = ("done", "sent", "not_sent")
_INTERVENED = ("moved", "held", "released", "retried")


def _intervened(event: RunEvent, library: _Library) -> str:
    """“Ann held it: address is being checked.”"""
    if event.outcome == "moved":
        return str(_("It went on by version %(to)s of the campaign.") % event.seen)
    who = library.people.get(event.seen.get("by") or 0) or _("Somebody")
    done = {
        "held": _("%s held it"),
        "released": _("%s let it go on"),
        "retried": _("%s let it try again"),
        "stopped": _("%s stopped it"),
    }[event.outcome] % who
    why = str(event.seen.get("why", "")).rstrip(".")
    return f"{done}: {why}." if why else f"{done}."


def _people(ids: Iterable[int | None]) -> dict[int, str]:
    wanted = {pk for pk in ids if pk}
    if not wanted:
        return {}
    return {user.pk: user.get_full_name() or user.get_username() for user in User.objects.filter(pk__in=wanted)}


def _stopped(event: RunEvent, names: Names) -> str:
    if event.seen.get("reason") == SkipReason.ENTERED_STOP_STATUS and "to" in event.seen:
        at = datetime.fromisoformat(event.seen["occurred_at"])
        words = {"status": status_name(names, event.seen["type"], event.seen["to"]), "at": _at(at)}
        return _("It stopped: the order came to %(status)s %(at)s.") % words
    return _("It stopped: %s.") % reason_in_words(event.seen.get("reason", ""))


def _asked(event: RunEvent, words: Mapping[str, Any], library: _Library) -> str:
    passed = _("it passed “%(step)s”.") if event.outcome == "yes" else _("it did not pass “%(step)s”.")
    told = [_values(event.seen, library.names)] if event.seen.keys() - {OTHER_ORDERS} else []
    told += [_elsewhere(other, library) for other in event.seen.get(OTHER_ORDERS, ())]
    sentence = f"{'; '.join(told)}: {passed % words}" if told else passed % words
    return sentence[:1].upper() + sentence[1:]


def _elsewhere(told: Mapping[str, Any], library: _Library) -> str:
    """“of another order, O-17, payment status was Paid”."""
    if told["order"] is None:
        return _("no other order was as asked") if told["of"] == Scope.ANOTHER else _("no order was as asked")
    order = {
        "order": library.orders.get(told["order"], told["order"]),
        "seen": _values({key: value for key, value in told.items() if key not in ("of", "order")}, library.names),
    }
    if told["of"] == Scope.LAST:
        return _("of the last order, %(order)s, %(seen)s") % order
    if told["of"] == Scope.ANOTHER:
        return _("of another order, %(order)s, %(seen)s") % order
    return _("of the order %(order)s, %(seen)s") % order


def _values(seen: Mapping[str, Any], names: Names) -> str:
    """Sorted, for the databases do not all keep the order of an object's members."""
    return ", ".join(_value(key, value, names) for key, value in sorted(seen.items()) if key != OTHER_ORDERS)


def _value(key: str, value: Any, names: Names) -> str:
    """“payment status was Paid at the change”, “texts sent to the customer (in the last 7 days) was 2”."""
    at_trigger = key.endswith("@trigger")
    name, _bracket, said = key.removesuffix("@trigger").removesuffix(")").partition("(")
    field = all_fields().get(name)
    label = str(field.label) if field else name
    of = f"{label} ({_said_of(field, said, names)})" if said else label
    words = {"field": of, "value": value_in_words(field, value, names)}
    return (_("%(field)s was %(value)s at the change") if at_trigger else _("%(field)s was %(value)s")) % words


def _said_of(field: Field | None, said: str, names: Names) -> str:
    """`within=7 days, campaign=this` as “in the last 7 days, by this campaign”."""
    params = {param.key: param for param in field.params} if field else {}
    plain, _sign, where = said.partition("where=")
    told = []
    for one in plain.removesuffix(", ").split(", "):
        key, _sign, value = one.partition("=")
        if key in params:
            type = (field and field.status_type) or plain.partition("type=")[2].partition(",")[0]
            told.append(f"{params[key].label} {_param_shown(params[key], value, type, names)}")
    return ", ".join([*told, *([which_orders(where, names)] if where else [])])


def _param_shown(param: Param, value: str, type: str, names: Names) -> str:
    number, _space, unit = value.partition(" ")
    if param.form == "duration" and unit in UNITS:
        return length_in_words(timedelta(**{unit: int(number)}))
    if param.form in ("status", "statuses"):
        return one_of(status_name(names, type, code) for code in value.split("|"))
    return str(dict(param.choices).get(value, value))


def _said(told: str) -> str:
    """A message's own words as a sentence of the story: “Not sent: no consent” is “No SMS: no consent.”"""
    not_sent = _("Not sent: ")
    if told.startswith(not_sent):
        return _("No SMS: %s.") % told.removeprefix(not_sent)
    return _("SMS %s.") % (told[:1].lower() + told[1:])


def _ended(run: Run, library: _Library) -> Iterator[str]:
    if run.state == RunState.FINISHED:
        yield _("It reached the end of the campaign.")
    elif run.state == RunState.STOPPED and run.reason not in ("campaign_ended", "by_person", "new_version"):
        yield _("Its way ended there.")
    elif run.state == RunState.WAITING and run.held_at is not None:
        yield _("It is held until somebody releases it.")
    elif run.state == RunState.WAITING:
        if library.campaigns[run.campaign_id].state == CampaignState.PAUSED:
            yield _("The campaign is paused: it goes on when the campaign does.")
        elif not library.events.get(run.pk):
            yield _("It is about to be let in.")


def reason_in_words(reason: str) -> str:
    known = {
        "too_old": _("the change was older than the campaign takes"),
        "left_in_time": _("the order had left the status by then"),
        "ordered_again": _("the customer had ordered again by then"),
        "date_changed": _("the date had been changed by then"),
        "no_order": _("the customer had no order to speak of"),
        "not_first_visit": _("the order had been in this status before"),
        "entered_before_per_order": _("this order entered before"),
        "entered_before_per_customer": _("this customer entered before"),
        "goes_round": _("the order started it too often within an hour, so campaigns may start one another"),
        "filtered_out": _("the filter did not let it pass"),
        "campaign_ended": _("the campaign ended"),
        "before_start": _("the campaign had not started then"),
        "after_end": _("the campaign was over by then"),
        "held_out": _("it is in the control group"),
        "stopped_here": _("the campaign ends there for it"),
        "limit_reached": _("all places were taken"),
        "by_person": _("a person stopped it"),
        "new_version": _("a new version of the campaign took its place"),
    }
    if reason in SkipReason.values:
        return str(known.get(reason) or SkipReason(reason).label)
    return known.get(reason, reason.replace("_", " "))


def _tell_message(message: Message, run: Run, zone: str) -> str:
    match message.state:
        case MessageState.SKIPPED:
            return _("Not sent: ") + reason_in_words(message.skip_reason)
        case MessageState.PENDING if run.held_at is not None:
            return _("Held until the order is released")
        case MessageState.PENDING if message.is_held and message.due_at:
            return _("Held until %(time)s %(place)s") % {"time": _clock(message.due_at, zone), "place": _place(zone)}
        case MessageState.ACCEPTED if message.sent_at:
            return _sent(message.sent_at - run.entered_at)
        case MessageState.REJECTED:
            return _("Refused by the gateway: %s") % (in_our_words(message.error) or _("it gave no reason"))
        case MessageState.UNKNOWN:
            return _("Perhaps sent: the gateway never answered")
    return str(MessageState(message.state).label)


def _sent(after: timedelta) -> str:
    seconds = max(after.total_seconds(), 0)
    if seconds < 60:
        return _("Sent in %s s") % number(seconds, 1)
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
    return clock(moment) if _is_today(moment) else whole_moment(moment)


def _is_today(moment: datetime) -> bool:
    return timezone.localdate(moment) == timezone.localdate()
