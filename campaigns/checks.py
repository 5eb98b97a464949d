"""What whoever activates a campaign is told before: each check is a small function that says what, and where.

The quick ones ask the definition and the vocabulary, `find_more` also the ledger, by the campaign's rehearsal. None
of them forbids anything: what is forbidden is told by `definitions.read_plan`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.fields import Kind
from analytics.models import Segment
from analytics.naming import statuses_named_at
from analytics.other_orders import Scope
from analytics.rules import Condition, Group, Rule
from campaigns.circles import find_circle
from campaigns.definitions import Node, Plan, places
from campaigns.frequency import Frequency, how_often
from campaigns.models import From
from campaigns.rehearsal import Rehearsal, RehearsedWorld, enterings
from campaigns.sms.connections import reaches_nobody
from campaigns.steps import STEPS
from campaigns.usages import segments_of
from statuses.models import OrderStatus, code_key
from workspace.models import Workspace

# So many of the newest matching orders each text is made for.
TRIED_ON = 100


@dataclass(frozen=True, slots=True)
class Caution:
    """What may keep a campaign from doing what is meant. `code` is for programs, `detail` says what to do, `pointer` is
    its place in the definition; empty: it speaks of the installation."""

    code: str
    detail: str
    pointer: str = ""


class Looked:
    """A definition, its plan, and the vocabulary it speaks in."""

    def __init__(self, definition: Mapping[str, Any], plan: Plan) -> None:
        self.definition, self.plan = definition, plan
        self.pointers = places(definition["steps"])

    @cached_property
    def statuses(self) -> dict[tuple[str, str], OrderStatus]:
        return {(status.type, status.code_key): status for status in OrderStatus.objects.order_by()}

    @cached_property
    def named(self) -> list[tuple[str, str, str]]:
        """(type, code key, place) of each status that its trigger and filters name."""
        watched = self.plan.trigger.watched
        origins = watched.from_codes if watched else frozenset()
        return [
            *(
                (type, code, f"/trigger/params/{'from' if code in origins else 'to'}")
                for type, code in sorted(self.plan.trigger.statuses, key=lambda one: (one[1] in origins, one))
            ),
            *_named_in_steps(self.definition.get("steps", []), "/steps"),
        ]

    @cached_property
    def awaited(self) -> list[tuple[str, str, str]]:
        """The same of those that it waits for, or stops on."""
        return [
            *((type, code, "/stop_on") for type, codes in self.plan.stop_on.items() for code in sorted(codes)),
            *(
                (type, code, self.pointers[node.key])
                for node in self.plan.nodes.values()
                for type, code in sorted(STEPS[node.kind].statuses(node.params))
            ),
        ]


Check = Callable[[Looked], Iterator[Caution]]


def find_cautions(definition: Mapping[str, Any], plan: Plan) -> list[Caution]:
    """What can be told at once."""
    looked = Looked(definition, plan)
    return [caution for check in CHECKS for caution in check(looked)]


def find_more(definition: Mapping[str, Any], plan: Plan, rehearsed: Rehearsal) -> list[Caution]:
    """What the last days tell."""
    looked = Looked(definition, plan)
    return [
        *(rare_trigger(how_often(plan.trigger.watched)) if plan.trigger.watched else ()),
        *texts_that_fail(looked),
        *steps_nobody_came_to(looked, rehearsed),
    ]


def missing_statuses(plan: Plan) -> list[str]:
    """Statuses the trigger names that do not exist: nothing can match them until they do."""
    named = plan.trigger.statuses
    known = set(OrderStatus.objects.filter(type__in={type for type, _code in named}).values_list("type", "code_key"))
    return sorted(code for _type, code in named - known)


def unknown_statuses(looked: Looked) -> Iterator[Caution]:
    in_trigger = _("The trigger names the status “%s”, which does not exist yet: nothing matches it until it does.")
    in_filter = _("A filter names the status “%s”, which does not exist yet: no order has it until it does.")
    for type, code, place in looked.named:
        if (type, code) not in looked.statuses:
            words = in_trigger if place.startswith("/trigger") else in_filter
            yield Caution("unknown_status", words % code, place)


def unknown_segments(looked: Looked) -> Iterator[Caution]:
    named = set(segments_of(looked.definition))
    known = Segment.objects.filter(code__in=named).values_list("code", flat=True) if named else ()
    for code in sorted(named.difference(known)):
        yield Caution("unknown_segment", _("There is no segment “%s” yet: nobody is in it until there is.") % code)


def retired_statuses(looked: Looked) -> Iterator[Caution]:
    for type, code, place in (*looked.named, *looked.awaited):
        status = looked.statuses.get((type, code))
        if status and status.is_retired:
            yield Caution("retired_status", _("The status “%s” is retired: orders hardly come to it.") % status, place)


def impossible_trigger(looked: Looked) -> Iterator[Caution]:
    watched = looked.plan.trigger.watched
    if watched is None:
        return
    if watched.from_mode == From.ONLY and len(watched.to) == 1 and watched.from_codes == watched.to:
        stays = _("An order never goes from a status to the same one: nothing starts this campaign.")
        yield Caution("impossible_trigger", stays, "/trigger/params/from")


def contradictions(looked: Looked) -> Iterator[Caution]:
    """A condition of the first step, or one of how it was at the change, that the trigger itself rules out."""
    watched = looked.plan.trigger.watched
    if watched is None:
        return
    for key, node in looked.plan.nodes.items():
        for name, value in node.params.items():
            if not isinstance(value, Rule) or not _asks_all_of_this_order(value.root):
                continue
            for place, part in enumerate(value.root.parts):
                is_asked_then = isinstance(part, Condition) and (part.at_trigger or key == looked.plan.first)
                if is_asked_then and _is_ruled_out(part, watched.type, watched.to):
                    never = _("The trigger and this filter contradict each other: no order passes it.")
                    where = f"{looked.pointers[key]}/params/{name}/rules/{place}"
                    yield Caution("contradiction", never, where)


def _asks_all_of_this_order(group: Group) -> bool:
    return group.combinator == "and" and not group.is_negated and group.of is Scope.THIS


def _is_ruled_out(condition: Any, type: str, targets: frozenset[str]) -> bool:
    field = condition.field
    if not targets or field.kind is not Kind.STATUS or field.status_type != type:
        return False
    wanted = condition.wanted
    keys = {code_key(code) for code in ([wanted] if isinstance(wanted, str) else wanted or ())}
    return {
        "=": not targets & keys,
        "in": not targets & keys,
        "!=": targets <= keys,
        "notIn": targets <= keys,
        "null": True,
    }.get(condition.operator, False)


def unreachable_steps(looked: Looked) -> Iterator[Caution]:
    reached, ahead = set(), [looked.plan.first]
    while ahead:
        key = ahead.pop()
        if key not in reached and key in looked.plan.nodes:
            reached.add(key)
            ahead += _ways_on(looked.plan.nodes[key])
    for key in _first_of(looked.plan, looked.plan.nodes.keys() - reached):
        yield Caution("unreachable_step", _("No way leads to this step."), looked.pointers[key])


def _ways_on(node: Node) -> Collection[str]:
    """Where it may lead. Who has branches leaves by one of them."""
    if STEPS[node.kind].ends:
        return ()
    return [to for branch, to in node.exits.items() if branch or len(node.exits) == 1]


def _first_of(plan: Plan, keys: Collection[str]) -> list[str]:
    """Of these steps the first on each way: what follows it goes without saying."""
    behind = {to for key in keys for to in plan.nodes[key].exits.values()}
    return [key for key in plan.nodes if key in keys and key not in behind]


def awaited_in_vain(looked: Looked) -> Iterator[Caution]:
    told = _("The campaign waits for, or stops on, the status “%s”, which does not exist yet.")
    for type, code, place in looked.awaited:
        if (type, code) not in looked.statuses:
            yield Caution("unknown_status", told % code, place)


def without_effect(looked: Looked) -> Iterator[Caution]:
    """What a step says of its params under this trigger."""
    for key, node in looked.plan.nodes.items():
        if told := STEPS[node.kind].cautions(node.params, looked.plan.trigger):
            yield Caution("no_effect", told, looked.pointers[key])


def over_already(looked: Looked) -> Iterator[Caution]:
    if looked.plan.ends_at and looked.plan.ends_at <= timezone.now():
        detail = _("Its end is past: nobody enters any more. Set a later end, or none.")
        yield Caution("over_already", detail, "/ends_at")


def circles(looked: Looked) -> Iterator[Caution]:
    circle = find_circle(looked.plan)
    if circle is None:
        return
    alone = _("What this step tells others may make them move the order so that this campaign starts again, and so on.")
    several = _("What this step leads to may start these campaigns one after the other, again and again: %s.")
    told = alone if len(circle.names) == 1 else several % ", ".join(f"“{name}”" for name in circle.names)
    end = _("If so, let an order enter only once. One that comes too often within an hour is let in no more.")
    yield Caution("circle", f"{told} {end}", looked.pointers[circle.step])


def orders_off(_looked: Looked) -> Iterator[Caution]:
    if not Workspace.orders_are_on():
        off = _("Orders is off: no campaign starts until you turn it on, in the admin or with `manage.py orders on`.")
        yield Caution("orders_disabled", off)


def no_gateway(_looked: Looked) -> Iterator[Caution]:
    if reaches_nobody():
        nobody = _("No SMS gateway is connected: texts go to the test phone at most. Connect one in Settings > SMS.")
        yield Caution("no_gateway", nobody)


CHECKS: Sequence[Check] = (
    unknown_statuses,
    unknown_segments,
    retired_statuses,
    impossible_trigger,
    contradictions,
    unreachable_steps,
    awaited_in_vain,
    without_effect,
    over_already,
    circles,
    orders_off,
    no_gateway,
)


def rare_trigger(frequency: Frequency) -> Iterator[Caution]:
    if frequency.is_rare:
        yield Caution("rare_trigger", frequency.in_words(), "/trigger")


def texts_that_fail(looked: Looked) -> Iterator[Caution]:
    """Each step is tried on the newest orders that match, whether or not they would come to it."""
    now = timezone.now()
    world = RehearsedWorld(looked.plan, enterings(looked.plan, now, TRIED_ON)[0], now)
    for key, node in looked.plan.nodes.items():
        problems = Counter(STEPS[node.kind].try_on(run, node.params, world) for run in world.runs)
        del problems[""]
        if problems:
            words = {"failed": problems.total(), "tried": len(world.runs), "problem": problems.most_common(1)[0][0]}
            detail = _("For %(failed)d of the last %(tried)d orders it cannot be made: %(problem)s") % words
            yield Caution("text_fails", detail, f"{looked.pointers[key]}/params/text")


def steps_nobody_came_to(looked: Looked, rehearsed: Rehearsal) -> Iterator[Caution]:
    silent = {key for key in looked.plan.nodes if rehearsed.entered and not rehearsed.came_to[key]}
    for key in _first_of(looked.plan, silent):
        nobody = ngettext(
            "Of the one order of the last 30 days nobody would have come to this step.",
            "Of %d orders of the last 30 days none would have come to this step.",
            rehearsed.entered,
        )
        detail = nobody % rehearsed.entered if "%d" in nobody else nobody
        yield Caution("nobody_came", detail, looked.pointers[key])


def _named_in_steps(steps: Sequence[Mapping[str, Any]], at: str) -> Iterator[tuple[str, str, str]]:
    for place, step in enumerate(steps):
        here = f"{at}/{place}"
        for name, value in step.get("params", {}).items():
            if isinstance(value, Mapping) and "rules" in value:
                yield from statuses_named_at(value, f"{here}/params/{name}")
        for branch, inner in step.get("branches", {}).items():
            yield from _named_in_steps(inner, f"{here}/branches/{branch}")
