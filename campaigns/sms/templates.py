"""Texts of messages: Liquid over a published list of variables (docs/templates.md), and nothing else.

A template reads plain dictionaries, so it reaches no attribute of ours; it cannot loop for ever (iterations, output and
memory are bounded, ranges refused, filters come from a short list and bound what they make). A variable or filter that
is not on the list is refused when the campaign is saved; what cannot be made when it is rendered fails that text alone.
Numbers are exact: 12.30 times 3 is 36.90, and equals 36.9.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from operator import itemgetter
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from liquid import BoundTemplate, Environment, FalsyStrictUndefined, RenderContext
from liquid.ast import Node
from liquid.builtin.expressions.primitive import FloatLiteral, RangeLiteral
from liquid.exceptions import LiquidError
from liquid.expression import Expression

from campaigns.sms.filters import FILTERS, chosen_filters
from campaigns.sms.variables import ANYTHING, VARIABLES, is_status
from customers.models import Customer
from orders.models import Order, StatusTransition
from orders.standing import STATUS_FIELDS
from statuses.models import OrderStatus
from workspace.text import is_storable

LONGEST_TEMPLATE = 2000
# The library looks for the end of each from where it begins, so that a thousand without end would cost a second.
MOST_MARKUPS = 300

# Those without a name of letters are the library's own for plain text, {{ … }}, comments and bad tags.
TAGS = ("assign", "break", "capture", "case", "comment", "continue", "cycle", "echo", "for", "if", "unless")
INNER_TAGS = ("#", "content", "illegal", "output")

# What shops write into an order, whatever it is.
SHOPS_OWN = ("lines", "delivery", "payment", "custom")
# What campaigns and shops write into a customer.
CUSTOMERS_OWN = ("attributes",)


class TemplateProblem(ValueError):
    """Why a text cannot be used: a sentence, with the place where it is known. Lines and columns are counted from 1."""

    def __init__(self, detail: str, line: int | None = None, column: int | None = None) -> None:
        self.detail, self.line, self.column = detail, line, column
        super().__init__(f"{self.place}: {detail}" if line else detail)

    @property
    def place(self) -> str:
        """Without a word of what stands there."""
        at = {"line": self.line, "column": self.column}
        return _("Line %(line)d, column %(column)d") % at if self.line else _("This text cannot be made.")


def check_template(text: Any) -> str:
    """The text, if it can be used. Raises TemplateProblem."""
    if not isinstance(text, str) or not text.strip():
        raise TemplateProblem(_("Write the text of the message."))
    if len(text) > LONGEST_TEMPLATE:
        raise TemplateProblem(_("The text has more than %d characters.") % LONGEST_TEMPLATE)
    if not is_storable(text):
        raise TemplateProblem(_("The text holds a NUL or half a surrogate pair."))
    if text.count("{{") + text.count("{%") > MOST_MARKUPS:
        raise TemplateProblem(_("The text has more than %d variables and tags.") % MOST_MARKUPS)
    if problems := sorted(_misnamed(_parse(text)), key=itemgetter(0)):
        index, detail = problems[0]
        raise TemplateProblem(detail, *_line_and_column(text, index))
    return text


def render(text: str, variables: Mapping[str, Any]) -> str:
    """Make the text for one order. Raises TemplateProblem: a value is missing, or it outgrows its bounds."""
    try:
        return _parse(text).render(**variables).strip()
    except LiquidError as error:
        raise _problem(error) from None


@lru_cache(maxsize=1000)
def named_in(text: str) -> frozenset[str]:
    """Which of the published variables a text names, such as "order.total". Raises TemplateProblem."""
    found = [variable.segments[:2] for those in _parse(text).analyze().globals.values() for variable in those]
    return frozenset(".".join(map(str, segments)) for segments in found) & _MAKERS.keys()


@dataclass(frozen=True, slots=True)
class _About:
    """What a text speaks of."""

    order: Order
    customer: Customer
    transition: StatusTransition | None
    vocabulary: Mapping[int, OrderStatus]
    zone: ZoneInfo

    def word(self, status_id: int | None) -> StatusWord:
        return StatusWord(self.vocabulary, status_id)

    def moment(self, at: datetime | None) -> datetime | None:
        return at and at.astimezone(self.zone)


def _of_customer(name: str) -> Callable[[_About], Any]:
    return lambda about: getattr(about.customer, name)


def _of_order(name: str) -> Callable[[_About], Any]:
    return lambda about: _exact(getattr(about.order, name))


def _status_of_order(name: str) -> Callable[[_About], Any]:
    return lambda about: about.word(getattr(about.order, f"{name}_id"))


# Of an order that entered by no change all of the change is nothing. Statuses are as they are now.
_MAKERS: Mapping[str, Callable[[_About], Any]] = {
    **{f"customer.{name}": _of_customer(name) for name, inside in VARIABLES["customer"].items() if inside is None},
    "customer.attributes": lambda about: _exact(about.customer.attributes),
    **{f"order.{name}": _of_order(name) for name in ("external_id", "total", "currency", *SHOPS_OWN)},
    "order.ordered_at": lambda about: about.moment(about.order.ordered_at),
    **{f"order.{name}": _status_of_order(name) for name in STATUS_FIELDS.values()},
    "change.type": lambda about: about.transition and about.transition.type,
    "change.from": lambda about: about.word(about.transition.from_status_id if about.transition else None),
    "change.to": lambda about: about.word(about.transition.to_status_id if about.transition else None),
    "change.occurred_at": lambda about: about.moment(about.transition.occurred_at if about.transition else None),
}


def variables_for(
    order: Order,
    customer: Customer,
    transition: StatusTransition | None,
    vocabulary: Mapping[int, OrderStatus],
    zone: ZoneInfo,
    named: Iterable[str] = _MAKERS,
) -> dict[str, dict[str, Any]]:
    """What a text about this order to this customer may name: plain values only, times as they are in `zone`; of all
    that there is, what is `named`.
    """
    about = _About(order, customer, transition, vocabulary, zone)
    made: dict[str, dict[str, Any]] = {group: {} for group in VARIABLES}
    for name in named:
        group, _dot, key = name.partition(".")
        made[group][key] = _MAKERS[name](about)
    return made


def _exact(value: Any) -> Any:
    """The shop's own JSON with its fractions as decimals, which those written in a text are too."""
    if isinstance(value, float):
        return Decimal(str(value))
    if isinstance(value, dict):
        return {key: _exact(part) for key, part in value.items()}
    return [_exact(part) for part in value] if isinstance(value, list) else value


class StatusWord(dict[str, str]):
    """A status in a text: writes its name, and has `.name` and `.code`. No status writes nothing and is false."""

    def __init__(self, vocabulary: Mapping[int, OrderStatus], status_id: int | None) -> None:
        status = None if status_id is None else vocabulary[status_id]
        super().__init__(name=status.name if status else "", code=status.code if status else "")

    def __str__(self) -> str:
        return self["name"]

    def __liquid__(self) -> str | None:
        return self["name"] or None


class _TextEnvironment(Environment):
    loop_iteration_limit: ClassVar[int] = 200
    output_stream_limit: ClassVar[int] = 8000
    local_namespace_limit: ClassVar[int] = 20_000
    context_depth_limit: ClassVar[int] = 10
    block_nesting_limit: ClassVar[int] = 10


def _environment() -> Environment:
    environment = _TextEnvironment(undefined=FalsyStrictUndefined)
    environment.filters = chosen_filters(environment.filters)
    environment.tags = {name: environment.tags[name] for name in (*TAGS, *INNER_TAGS)}
    return environment


_ENVIRONMENT = _environment()


@lru_cache(maxsize=1000)
def _parse(text: str) -> BoundTemplate:
    try:
        template = _ENVIRONMENT.from_string(text)
    except LiquidError as error:
        raise _problem(error) from None
    for expression in _expressions(template):
        if isinstance(expression, RangeLiteral):
            place = _line_and_column(text, expression.token.start_index)
            raise TemplateProblem(_("Ranges such as (1..10) are not available in texts."), *place)
        if isinstance(expression, FloatLiteral):
            expression.value = Decimal(str(expression.value))  # type: ignore[assignment]
    return template


def _expressions(template: BoundTemplate) -> Iterator[Expression]:
    context = RenderContext(template)
    nodes: list[Node] = list(template.nodes)
    while nodes:
        node = nodes.pop()
        nodes.extend(node.children(context, include_partials=False))
        waiting = list(node.expressions())
        while waiting:
            expression = waiting.pop()
            yield expression
            waiting.extend(expression.children())


def _misnamed(template: BoundTemplate) -> Iterator[tuple[int, str]]:
    """(index in the text, what is wrong) of each filter and variable that is not published."""
    analysis = template.analyze()
    for name, spans in analysis.filters.items():
        if name not in FILTERS:
            yield spans[0].index, _("There is no filter “%s”.") % name[:80] + " " + _choices(FILTERS)
    for variables in analysis.globals.values():
        for variable in variables:
            if detail := _misnamed_variable(variable.segments):
                yield variable.span.index, detail


def _misnamed_variable(segments: list[Any]) -> str:
    known: Any = VARIABLES
    for place, segment in enumerate(segments):
        if known == ANYTHING:
            return ""
        if known is None or not isinstance(segment, str) or segment not in known:
            name = ".".join(str(part) for part in segments[: place + 1])
            return _("There is no variable “%s”.") % name[:80] + " " + _choices(known)
        known = known[segment]
    if isinstance(known, Mapping) and not is_status(known):
        return _("“%s” is an object: name one of its values.") % ".".join(map(str, segments))
    return ""


def _choices(known: Any) -> str:
    return _("Choose one of: %s.") % ", ".join(known) if known else _("It has no parts.")


def _line_and_column(text: str, index: int) -> tuple[int, int]:
    before = text[:index]
    return before.count("\n") + 1, index - before.rfind("\n")


def _problem(error: LiquidError) -> TemplateProblem:
    """The library's own words are English alone, so they stand as a quotation."""
    detail = _("Liquid says “%s”.") % (error.message or error)
    try:
        place = error.context()
    except ValueError:  # the error stands at the very end of the text
        place = None
    return TemplateProblem(detail, place[0], place[1] + 1) if place else TemplateProblem(detail)
