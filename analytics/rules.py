"""The rule language: groups of conditions as JSON, in the shape of react-querybuilder.

    {"combinator": "and", "not": false, "of": "this_order", "rules": [
        {"field": "order.payment_status", "operator": "in", "value": ["paid"], "at": "now"}, …]}

`at` is "trigger" (as the change found the order) or "now" (when the step runs, the default). Reading a rule checks it
whole and raises RuleError with every problem; a rule once read cannot fail, loop, or reach beyond its declared fields.
A missing value equals nothing: `=`, `in`, `<` … are false of it; `!=`, `notIn`, `doesNotContain`, `noneOf` and `null`
hold of it. A field may have parameters, which stand in the condition: {"field": "customer.attribute", "name": "level"}.

`of` says which order of the customer a group speaks of, and stands on groups alone:

- "this_order", the default: the order at hand.
- "any_order": there is one order, this one or another, of which the whole group holds.
- "another_order": there is one order that is not this one, of which the whole group holds.
- "last_order": of the newest order the whole group holds: by when it was ordered or, where that is not known, got here;
  of equals the one that got here last. It may be this one.

So one and the same order meets all conditions of a group, and those of the groups inside it, which speak of that order
too and have no `of` of their own. Two groups side by side may be met by two orders. `not` denies the group as a whole:
no other order that is paid and over 100. (Another order that is anything but that is a group of "another_order" holding
a group with `not`.) Inside, only the order is asked about, and as it is now: the customer is the same for all of them,
and what another order was at the trigger is not known. An order of nobody stands alone: it is any order and the last
one, and there is no other.

`where` stands in a condition about all orders of the customer (`orders.count`) and says which are meant: a group about
an order, as those of "any_order" are.

A rule is read for one of two purposes:

    read_rule(raw) -> Rule                      Filter customers: asked of a run's own order
        Rule.ask(subject) -> Answer
    read_segment_rule(raw, may_see_personal=…) -> SegmentRule        a segment: asked of a customer
        SegmentRule.customers(now) -> QuerySet[Customer]             by sets, in one query
        SegmentRule.why(customer_ids, now) -> {id: Answer}           the values seen, in a fixed number of queries
        SegmentRule.reads_history, .statuses, .segments, .is_personal    what it depends on

In a segment there is no order at hand and no trigger: a condition about an order stands in a group of "any_order" or
"last_order", or in a `where`, and every status it names is marked "Include in analytics". What may read much is asked
within `workspace.database.time_limit(seconds)`, which raises TookTooLong.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from analytics.conditions import OTHER_ORDERS, WITHHELD, Answer, Condition, Group
from analytics.fields import Field, Of, Param, all_fields
from analytics.kinds import MOST_VALUES, read_wanted
from analytics.models import Segment
from analytics.other_orders import Scope
from analytics.subjects import Asking, Batch, Subject
from analytics.values import OPERATORS, PRESENCE, Kind
from analytics.where import joined_if_alone
from customers.models import Customer
from statuses.models import OrderStatus
from statuses.vocabulary import Words
from workspace.reading import BadDocument, DocumentReader

__all__ = [
    "OTHER_ORDERS", "WITHHELD", "Answer", "Condition", "Group", "Rule", "RuleError", "SegmentRule", "read_rule",
    "read_segment_rule",
]  # fmt: skip

DEEPEST = 8
MOST_CONDITIONS = 200
# Each is a question to the database, asked for a whole batch.
MOST_OF_OTHER_ORDERS = 10
MOST_CONDITIONS_OF_OTHERS = 50
# Of a segment: things in the JSON, and characters in all its texts.
MOST_PARTS = 10_000
MOST_CHARACTERS = 100_000
# More of them help nobody to mend a rule.
MOST_PROBLEMS = 50
# Of a `where` as it is kept with an answer.
LONGEST_KEPT = 300

AT_TRIGGER, NOW = "trigger", "now"
SEGMENT_SCOPES = (Scope.ANY, Scope.LAST)


class RuleError(BadDocument):
    """What is wrong with a rule."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that was read and is right."""

    root: Group

    def ask(self, subject: Subject) -> Answer:
        seen: dict[str, Any] = {}
        return Answer(self.root.test(subject, seen), seen)


@dataclass(frozen=True)
class SegmentRule:
    """A rule about customers that was read and is right. `words` are the statuses as they were then."""

    root: Group
    words: Words

    def customers(self, now: datetime) -> QuerySet[Customer]:
        """Those of whom it holds, in no order. Whoever was erased is nobody."""
        asking = Asking(now, self.words, self.words.renamed, of_segment=True)
        return Customer.objects.filter(joined_if_alone(self.root.where(asking)), erased_at=None).order_by()

    def why(self, customer_ids: Collection[int], now: datetime, *, tells_personal: bool = False) -> dict[int, Answer]:
        """What was seen of each: a few queries for each condition, however many customers."""
        customers = Customer.objects.in_bulk(set(customer_ids))
        batch = Batch((), now, customers.values())
        rule = Rule(self.root)
        return {
            pk: rule.ask(
                Subject(None, None, self.words, batch, self.words.renamed, whom=one, tells_personal=tells_personal)
            )
            for pk, one in customers.items()
        }

    @cached_property
    def _conditions(self) -> list[Condition]:
        return list(self.root.conditions())

    @property
    def reads_history(self) -> bool:
        """Whether `history.catch_up()` comes before."""
        return any(one.field.reads_history for one in self._conditions)

    @property
    def is_personal(self) -> bool:
        return any(one.field.is_personal for one in self._conditions)

    @property
    def statuses(self) -> frozenset[int]:
        """The statuses it names, as they are meant today."""
        named = (self.words.meant(type, codes) for one in self._conditions for type, codes in _named(one))
        return frozenset(self.words[id].stands_for_id for ids in named for id in ids)

    @property
    def segments(self) -> frozenset[str]:
        """The codes of the segments it names."""
        return frozenset(
            code for one in self._conditions if one.field.suggests == "segments" for code in one.wanted or ()
        )


def read_rule(raw: Any) -> Rule:
    """Check a rule and make it ready to ask. Raises RuleError naming every problem with its place."""
    return Rule(_read(_Reader(), raw))


def read_segment_rule(raw: Any, *, may_see_personal: bool = True) -> SegmentRule:
    """The same of a segment's rule. Two queries at most. `may_see_personal`: its author's, else what is personal is
    refused.
    """
    words = Words()
    reader = _SegmentReader(words=words, may_see_personal=may_see_personal)
    if not reader.is_of_a_size(raw):
        raise RuleError(reader.problems)
    return SegmentRule(_read(reader, raw), words)


def asks_for_personal(raw: Any) -> bool:
    """Whether a rule as JSON, right or not, names a field that is personal."""
    if not isinstance(raw, Mapping):
        return False
    field = all_fields().get(raw.get("field", ""))
    inside = (raw.get("where"), *(raw.get("rules") or ()))
    return bool(field and field.is_personal) or any(map(asks_for_personal, inside))


def _read(reader: _Reader, raw: Any) -> Group:
    root = reader.group(raw, "", 1, None)
    if reader.problems or root is None:
        raise RuleError(reader.problems)
    return root


def _named(condition: Condition) -> Iterator[tuple[str, frozenset[str]]]:
    """The types and codes of the statuses that a condition names."""
    if condition.field.kind in (Kind.STATUS, Kind.STATUSES) and condition.wanted is not None:
        wanted = condition.wanted
        yield condition.field.status_type, wanted if isinstance(wanted, frozenset) else frozenset({wanted})
    for param in condition.field.params:
        said = condition.params.get(param.key)
        if param.form in ("status", "statuses") and said is not None:
            type = condition.field.status_type or str(condition.params.get("type"))
            yield type, said if isinstance(said, frozenset) else frozenset({said})


@dataclass(slots=True)
class _Reader(DocumentReader):
    """`others` is the scope of the group of other orders that is being read, None outside of them."""

    count: int = 0
    count_of_others: int = 0

    def refuse(self, at: str, code: str, detail: str) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            DocumentReader.refuse(self, at, code, detail)

    def group(self, raw: Any, at: str, depth: int, others: Scope | None) -> Group | None:
        if not isinstance(raw, Mapping):
            self.refuse(at, "not_a_group", _("A rule is a group: {“combinator”: “and”, “rules”: […]}."))
            return None
        if depth > DEEPEST:
            self.refuse(at, "too_deep", _("Groups are nested more than %d deep.") % DEEPEST)
            return None
        self.refuse_unknown(raw, ("combinator", "not", "of", "rules", "id"), at)
        if raw.get("combinator") not in ("and", "or"):
            self.refuse(f"{at}/combinator", "unknown_combinator", _("The combinator is “and” or “or”."))
            return None
        if not isinstance(raw.get("not", False), bool):
            self.refuse(f"{at}/not", "not_a_flag", _("“not” is true or false."))
            return None
        scope = self._scope(raw, at, others)
        if scope is None:
            return None
        rules = raw.get("rules")
        if not isinstance(rules, list) or not rules:
            self.refuse(f"{at}/rules", "empty_group", _("The group is empty. Add a condition or remove it."))
            return None
        inside = others or (None if scope is Scope.THIS else scope)
        parts = [self._part(part, f"{at}/rules/{place}", depth, inside) for place, part in enumerate(rules)]
        group = Group(raw["combinator"], raw.get("not", False), tuple(part for part in parts if part), scope)
        if scope is not Scope.THIS:
            self._check_size(group, at, "of")
        return group

    def _scope(self, raw: Mapping[str, Any], at: str, others: Scope | None) -> Scope | None:
        """Which order the group itself names; a group inside one of other orders names none."""
        if "of" not in raw:
            return Scope.THIS
        if raw["of"] not in self.scopes():
            self.refuse(f"{at}/of", "unknown_scope", _("“of” is one of: %s.") % ", ".join(self.scopes()))
            return None
        if others is not None:
            inner = _("This group speaks of the order that the group around it speaks of. Take “of” out, or move it.")
            self.refuse(f"{at}/of", "nested_scope", inner)
            return None
        return Scope(raw["of"])

    def scopes(self) -> Collection[Scope]:
        return list(Scope)

    def _check_size(self, group: Group, at: str, key: str) -> None:
        """One question to the database has room for so much."""
        self.count_of_others += 1
        if self.count_of_others > MOST_OF_OTHER_ORDERS:
            most = _("A rule has at most %d groups about other orders.") % MOST_OF_OTHER_ORDERS
            self.refuse(f"{at}/{key}", "too_many", most)
        inside = list(group.conditions())
        values = sum(len(each.wanted) for each in inside if isinstance(each.wanted, frozenset))
        if len(inside) > MOST_CONDITIONS_OF_OTHERS or values > MOST_VALUES:
            bounds = {"conditions": MOST_CONDITIONS_OF_OTHERS, "values": MOST_VALUES}
            detail = _("A group about other orders has at most %(conditions)d conditions and %(values)d values in all.")
            self.refuse(at, "too_many", detail % bounds)

    def _part(self, raw: Any, at: str, depth: int, others: Scope | None) -> Group | Condition | None:
        if isinstance(raw, Mapping) and "field" in raw:
            return self._condition(raw, at, depth, others)
        return self.group(raw, at, depth + 1, others)

    def _condition(self, raw: Mapping[str, Any], at: str, depth: int, others: Scope | None) -> Condition | None:
        self.count += 1
        if self.count > MOST_CONDITIONS:
            self.refuse(at, "too_many", _("A rule has at most %d conditions.") % MOST_CONDITIONS)
            return None
        field = self._field(raw, at)
        if field is None or not self.may_stand(field, at, others):
            return None
        operator = raw.get("operator")
        if not isinstance(operator, str) or operator not in (*OPERATORS[field.kind], *PRESENCE):
            choices = ", ".join((*OPERATORS[field.kind], *PRESENCE))
            self.refuse(f"{at}/operator", "unknown_operator", _("Choose one of: %s.") % choices)
            return None
        if not self._check_moment(raw, at, field, others):
            return None
        known = len(self.problems)
        said = self._params(raw, at, field)
        wanted = self._wanted(raw, at, field, operator)
        inner = self._which_orders(raw, at, depth)
        if len(self.problems) > known:
            return None
        at_trigger = raw.get("at") == AT_TRIGGER
        told = _told_as(field, raw, at_trigger=at_trigger)
        condition = Condition(field, operator, wanted, at_trigger, said, told, _asks(field, said, raw), inner)
        self.check(condition, at)
        return condition

    def _field(self, raw: Mapping[str, Any], at: str) -> Field | None:
        field = all_fields().get(raw["field"]) if isinstance(raw["field"], str) else None
        more = (
            [] if field is None else [*(param.key for param in field.params), *(["where"] if field.has_where else [])]
        )
        self.refuse_unknown(raw, ("field", "operator", "value", "at", "id", *more), at)
        if field is None:
            self.refuse(f"{at}/field", "unknown_field", _("There is no field “%s”.") % str(raw["field"])[:80])
        return field

    def may_stand(self, field: Field, at: str, others: Scope | None) -> bool:
        if others is None or field.is_elsewhere:
            return True
        outside = _("Of other orders only the order itself can be asked. Move “%s” out of this group.") % field.key
        self.refuse(f"{at}/field", "not_of_other_orders", outside)
        return False

    def check(self, condition: Condition, at: str) -> None:
        """What else a condition must be, that was read."""

    def _which_orders(self, raw: Mapping[str, Any], at: str, depth: int) -> Group | None:
        if raw.get("where") is None:
            return None
        inner = self.group(raw["where"], f"{at}/where", depth + 1, Scope.ANY)
        if inner is not None:
            self._check_size(inner, at, "where")
        return inner

    def _check_moment(self, raw: Mapping[str, Any], at: str, field: Field, others: Scope | None) -> bool:
        moment = raw.get("at", NOW)
        if moment not in (AT_TRIGGER, NOW):
            self.refuse(f"{at}/at", "unknown_moment", _("“at” is “trigger” or “now”."))
            return False
        if moment == NOW or (problem := self.why_no_past(field, others)) is None:
            return True
        self.refuse(f"{at}/at", "past_unknown", problem)
        return False

    def why_no_past(self, field: Field, others: Scope | None) -> str | None:
        if others is not None:
            return _("What another order was at the trigger is not known. Ask for it now.")
        if field.read_past is None:
            return _("What “%s” was at the trigger is not kept. Ask for it now.") % field.key
        return None

    def _params(self, raw: Mapping[str, Any], at: str, field: Field) -> dict[str, Any]:
        """What the field reads by; None where something may be left out, and is."""
        said: dict[str, Any] = {}
        for param in field.params:
            if raw.get(param.key) is None:
                said[param.key] = None
                if param.is_required:
                    needed = _("“%(field)s” needs “%(param)s”.") % {"field": field.key, "param": param.key}
                    self.refuse(f"{at}/{param.key}", "required", needed)
                continue
            try:
                said[param.key] = self.read_param(param, raw[param.key])
            except ValueError as error:
                self.refuse(f"{at}/{param.key}", "bad_param", str(error))
        return said

    def read_param(self, param: Param, raw: Any) -> Any:
        return param.read(raw)

    def _wanted(self, raw: Mapping[str, Any], at: str, field: Field, operator: str) -> Any:
        if operator in PRESENCE:
            if raw.get("value") not in (None, ""):
                self.refuse(f"{at}/value", "bad_value", _("“%s” compares with nothing.") % operator)
            return None
        try:
            return read_wanted(field, operator, raw.get("value"))
        except ValueError as error:
            self.refuse(f"{at}/value", "bad_value", str(error))
            return None


@dataclass(slots=True)
class _SegmentReader(_Reader):
    """Of a customer: there is no order at hand, and no trigger."""

    words: Words = field(default_factory=Words)
    may_see_personal: bool = True
    _codes_of_segments: Collection[str] | None = None

    def is_of_a_size(self, raw: Any) -> bool:
        """Looked through without going down into it, for it may be nested without end."""
        ahead, parts, characters = [raw], 0, 0
        while ahead and parts <= MOST_PARTS and characters <= MOST_CHARACTERS:
            one = ahead.pop()
            parts += 1
            if isinstance(one, Mapping):
                characters += sum(len(str(key)) for key in one)
                ahead.extend(one.values())
            elif isinstance(one, list):
                ahead.extend(one[: MOST_PARTS + 1])
            elif isinstance(one, str):
                characters += len(one)
        if ahead or parts > MOST_PARTS or characters > MOST_CHARACTERS:
            self.refuse("", "too_large", _("The rule is too large. Say less, or use a list of customers."))
        return not self.problems

    def scopes(self) -> Collection[Scope]:
        return SEGMENT_SCOPES

    def may_stand(self, field: Field, at: str, others: Scope | None) -> bool:
        if field.is_personal and not self.may_see_personal:
            hidden = _("“%s” is personal data, which you may not see, so you cannot ask for it.") % field.key
            self.refuse(f"{at}/field", "personal_data", hidden)
            return False
        if field.asks_database is None:
            self.refuse(f"{at}/field", "not_in_segments", _("A segment cannot ask for “%s”.") % field.key)
            return False
        if others is None and field.of is Of.ORDER:
            which = _("Of which order? Put “%s” into a group about any order of the customer, or the last one.")
            self.refuse(f"{at}/field", "needs_an_order", which % field.key)
            return False
        return _Reader.may_stand(self, field, at, others)

    def why_no_past(self, field: Field, others: Scope | None) -> str | None:
        return _("A segment is not asked at a trigger. Ask for it now.")

    def read_param(self, param: Param, raw: Any) -> Any:
        said = param.read(raw)
        if isinstance(said, str) and said in param.not_in_segments:
            raise ValueError(_("“%s” means nothing in a segment.") % said)
        return said

    def check(self, condition: Condition, at: str) -> None:
        known = {(one.type, one.code_key): one for one in self.words.values()}
        for type, codes in _named(condition):
            for code in sorted(codes):
                self._check_status(known.get((type, self.words.renamed.get((type, code), code))), code, at)
        if condition.field.suggests == "segments":
            self._check_segments(condition.wanted or (), at)

    def _check_status(self, status: OrderStatus | None, code: str, at: str) -> None:
        if status is None:
            self.refuse(at, "unknown_status", _("There is no status “%s” of this type.") % code)
        elif not status.include_in_analytics:
            unmarked = _("The status “%s” is not included in analytics. Include it, or choose another one.")
            self.refuse(at, "unmarked_status", unmarked % status.name)

    def _check_segments(self, codes: Collection[str], at: str) -> None:
        if self._codes_of_segments is None:
            self._codes_of_segments = set(Segment.objects.order_by().values_list("code", flat=True))
        for code in sorted(set(codes) - set(self._codes_of_segments)):
            self.refuse(f"{at}/value", "unknown_segment", _("There is no segment “%s”.") % code)


def _told_as(field: Field, raw: Mapping[str, Any], *, at_trigger: bool) -> str:
    said = [f"{param.key}={param.tell(raw[param.key])}" for param in field.params if raw.get(param.key) is not None]
    if raw.get("where") is not None:
        said.append(f"where={_written(raw['where'])}")
    params = f"({', '.join(said)})" if said else ""
    return f"{field.key}{params}@trigger" if at_trigger else f"{field.key}{params}"


def _asks(field: Field, said: Mapping[str, Any], raw: Mapping[str, Any]) -> tuple[Hashable, ...]:
    where = raw.get("where")
    return field.key, tuple(said.items()), None if where is None else json.dumps(where, sort_keys=True)


def _written(rule: Mapping[str, Any]) -> str:
    """So that it can be told in words; what is too long to be kept with each answer, so that it is told apart."""
    written = json.dumps(rule, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return written if len(written) <= LONGEST_KEPT else f"#{sha256(written.encode()).hexdigest()[:12]}"
