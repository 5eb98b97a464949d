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
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from analytics.fields import Field, Kind, Subject, Value, all_fields
from analytics.kinds import MOST_VALUES, OPERATORS, PRESENCE, holds, plain, read_wanted
from analytics.other_orders import Scope, find_last, find_matching
from orders.models import Order
from workspace.reading import BadDocument, DocumentReader

DEEPEST = 8
MOST_CONDITIONS = 200
# Each is a question to the database, asked for a whole batch.
MOST_OF_OTHER_ORDERS = 10
MOST_CONDITIONS_OF_OTHERS = 50

AT_TRIGGER, NOW = "trigger", "now"

# Told in place of what is personal: answers are kept where nothing personal may be.
WITHHELD = "…"
# Where an answer keeps which other orders were found.
OTHER_ORDERS = "orders"


class RuleError(BadDocument):
    """What is wrong with a rule."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a rule holds, and each value it looked at; personal ones are withheld.

    Values are kept by `field`, `field@trigger` or `field(name=…)`. Under "orders" stands, for each group about other
    orders in turn, {"of": "any_order", "order": the key of the one it was or None, and the values seen of it}.
    """

    holds: bool
    seen: dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    field: Field
    operator: str
    wanted: Any
    at_trigger: bool
    params: Mapping[str, Any]
    # What it looks at, as its answer is kept.
    told_as: str

    def test(self, subject: Subject, seen: dict[str, Any]) -> bool:
        value = self._read(subject)
        seen[self.told_as] = WITHHELD if self.field.is_personal and value is not None else plain(value)
        return holds(self.field.kind, self.operator, value, self._meant(subject))

    def where(self, subject: Subject) -> Q:
        """The same of any order, for the database."""
        assert self.field.where is not None, "asked only about what it knows"
        return self.field.where(self.operator, self._meant(subject), subject.vocabulary)

    def _read(self, subject: Subject) -> Value:
        if not self.at_trigger:
            return self.field.read(subject, **self.params)
        if self.field.read_past is None or subject.transition is None:
            return None
        return self.field.read_past(subject, subject.transition)

    def _meant(self, subject: Subject) -> Any:
        is_renamed = self.field.kind is Kind.STATUS and subject.renamed
        return subject.meant(self.field.status_type, self.wanted) if is_renamed else self.wanted


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    combinator: str
    is_negated: bool
    parts: tuple[Group | Condition, ...]
    of: Scope = Scope.THIS

    def test(self, subject: Subject, seen: dict[str, Any]) -> bool:
        is_so = self._agree(subject, seen) if self.of is Scope.THIS else self._agree_elsewhere(subject, seen)
        return is_so != self.is_negated

    def where(self, subject: Subject) -> Q:
        found = self._all_where(subject)
        return ~found if self.is_negated else found

    def _agree(self, subject: Subject, seen: dict[str, Any]) -> bool:
        """Every part is looked at, so that what was seen can be told whole."""
        answers = [part.test(subject, seen) for part in self.parts]
        return all(answers) if self.combinator == "and" else any(answers)

    def _all_where(self, subject: Subject) -> Q:
        return Q(*(part.where(subject) for part in self.parts), _connector=self.combinator.upper())

    def _agree_elsewhere(self, subject: Subject, seen: dict[str, Any]) -> bool:
        told: dict[str, Any] = {"of": self.of.value, "order": None}
        seen.setdefault(OTHER_ORDERS, []).append(told)
        order = self._find(subject)
        if order is None:
            return False
        told["order"] = order.pk
        is_so = self._agree(subject.about(order), told)
        return is_so or self._was_looked_up(subject)

    def _was_looked_up(self, subject: Subject) -> bool:
        """What the database found was so, though somebody may have changed it before it was read."""
        return self.of is not Scope.LAST and subject.order.customer_id is not None

    def _find(self, subject: Subject) -> Order | None:
        own, batch = subject.order, subject.batch
        if own.customer_id is None:
            return None if self.of is Scope.ANOTHER else own
        if self.of is Scope.LAST:
            return batch.once(Scope.LAST, lambda: find_last(batch)).get(own.pk)
        but_own = self.of is Scope.ANOTHER
        found = batch.once(self, lambda: find_matching(batch, self._all_where(subject), but_own=but_own))
        return found.get(own.pk)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that was read and is right."""

    root: Group

    def ask(self, subject: Subject) -> Answer:
        seen: dict[str, Any] = {}
        return Answer(self.root.test(subject, seen), seen)


def read_rule(raw: Any) -> Rule:
    """Check a rule and make it ready to ask. Raises RuleError naming every problem with its place."""
    reader = _Reader()
    root = reader.group(raw, "", 1, None)
    if reader.problems or root is None:
        raise RuleError(reader.problems)
    return Rule(root)


@dataclass(slots=True)
class _Reader(DocumentReader):
    """`others` is the scope of the group of other orders that is being read, None outside of them."""

    count: int = 0
    count_of_others: int = 0

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
            self._check_size(group, at)
        return group

    def _scope(self, raw: Mapping[str, Any], at: str, others: Scope | None) -> Scope | None:
        """Which order the group itself names; a group inside one of other orders names none."""
        if "of" not in raw:
            return Scope.THIS
        if raw["of"] not in list(Scope):
            choices = ", ".join(Scope)
            self.refuse(f"{at}/of", "unknown_scope", _("“of” is one of: %s.") % choices)
            return None
        if others is not None:
            inner = _("This group speaks of the order that the group around it speaks of. Take “of” out, or move it.")
            self.refuse(f"{at}/of", "nested_scope", inner)
            return None
        return Scope(raw["of"])

    def _check_size(self, group: Group, at: str) -> None:
        """One question to the database has room for so much."""
        self.count_of_others += 1
        if self.count_of_others > MOST_OF_OTHER_ORDERS:
            most = _("A rule has at most %d groups about other orders.") % MOST_OF_OTHER_ORDERS
            self.refuse(f"{at}/of", "too_many", most)
        inside = list(_conditions(group))
        values = sum(len(each.wanted) for each in inside if isinstance(each.wanted, frozenset))
        if len(inside) > MOST_CONDITIONS_OF_OTHERS or values > MOST_VALUES:
            bounds = {"conditions": MOST_CONDITIONS_OF_OTHERS, "values": MOST_VALUES}
            detail = _("A group about other orders has at most %(conditions)d conditions and %(values)d values in all.")
            self.refuse(at, "too_many", detail % bounds)

    def _part(self, raw: Any, at: str, depth: int, others: Scope | None) -> Group | Condition | None:
        if isinstance(raw, Mapping) and "field" in raw:
            return self._condition(raw, at, others)
        return self.group(raw, at, depth + 1, others)

    def _condition(self, raw: Mapping[str, Any], at: str, others: Scope | None) -> Condition | None:
        self.count += 1
        if self.count > MOST_CONDITIONS:
            self.refuse(at, "too_many", _("A rule has at most %d conditions.") % MOST_CONDITIONS)
            return None
        field = all_fields().get(raw["field"]) if isinstance(raw["field"], str) else None
        params = [] if field is None else [param.key for param in field.params]
        self.refuse_unknown(raw, ("field", "operator", "value", "at", "id", *params), at)
        if field is None:
            self.refuse(f"{at}/field", "unknown_field", _("There is no field “%s”.") % str(raw["field"])[:80])
            return None
        if others is not None and field.where is None:
            outside = _("Of other orders only the order itself can be asked. Move “%s” out of this group.") % field.key
            self.refuse(f"{at}/field", "not_of_other_orders", outside)
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
        if len(self.problems) > known:
            return None
        at_trigger = raw.get("at") == AT_TRIGGER
        return Condition(field, operator, wanted, at_trigger, said, _told_as(field, raw, at_trigger=at_trigger))

    def _check_moment(self, raw: Mapping[str, Any], at: str, field: Field, others: Scope | None) -> bool:
        moment = raw.get("at", NOW)
        if moment not in (AT_TRIGGER, NOW):
            self.refuse(f"{at}/at", "unknown_moment", _("“at” is “trigger” or “now”."))
            return False
        if moment == AT_TRIGGER and others is not None:
            unknown = _("What another order was at the trigger is not known. Ask for it now.")
            self.refuse(f"{at}/at", "past_unknown", unknown)
            return False
        if moment == AT_TRIGGER and field.read_past is None:
            unknown = _("What “%s” was at the trigger is not kept. Ask for it now.") % field.key
            self.refuse(f"{at}/at", "past_unknown", unknown)
            return False
        return True

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
                said[param.key] = param.read(raw[param.key])
            except ValueError as error:
                self.refuse(f"{at}/{param.key}", "bad_param", str(error))
        return said

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


def _conditions(group: Group) -> Iterator[Condition]:
    for part in group.parts:
        if isinstance(part, Group):
            yield from _conditions(part)
        else:
            yield part


def _told_as(field: Field, raw: Mapping[str, Any], *, at_trigger: bool) -> str:
    said = [f"{param.key}={param.tell(raw[param.key])}" for param in field.params if raw.get(param.key) is not None]
    params = f"({', '.join(said)})" if said else ""
    return f"{field.key}{params}@trigger" if at_trigger else f"{field.key}{params}"
