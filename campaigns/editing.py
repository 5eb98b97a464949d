"""A campaign edited in a form: what the form needs to know, and what came back from it, read and kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _

from analytics.fields import Field, all_fields
from analytics.rules import OPERATORS
from campaigns.definitions import FORMAT, DefinitionError, read_plan
from campaigns.lifecycle import DraftChanged, WrongState, save_draft
from campaigns.models import Campaign, Deliver, Purpose
from campaigns.sms.templates import VARIABLES
from campaigns.steps import STEPS, TRIGGERS
from statuses.models import OrderStatus, StatusType
from workspace.api.parsing import StrictJson
from workspace.api.problems import Refusal
from workspace.models import User
from workspace.reading import Problem
from workspace.text import is_storable_throughout

# What a new campaign begins as: the editor's own suggestions, where a file would mean "no such limit".
NEW: dict[str, Any] = {
    "format": FORMAT,
    "code": "",
    "name": "",
    "trigger": {"kind": "order_status_changed", "params": {"type": "delivery", "from": "any", "to": []}},
    "reentry": {"mode": "once_per_order"},
    "max_age": {"value": 24, "unit": "hours"},
    "steps": [],
}
# Any revision but a stored one: a new campaign never takes the place of another.
NO_REVISION = 0


@dataclass(frozen=True, slots=True)
class Saved:
    """What came of it: the campaign, or the problems with their places; `is_stale` if somebody else saved before."""

    campaign: Campaign | None = None
    problems: Sequence[Problem] = field(default_factory=list)
    is_stale: bool = False


def save(raw: str, revision: int, *, campaign: Campaign | None, by: User) -> Saved:
    """Keep what was typed as the draft, if it is right and nobody else's would be lost."""
    try:
        definition = read_definition(raw)
    except ValueError as error:
        return Saved(problems=[Problem("unparsable", str(error))])
    if not isinstance(definition, dict) or not definition:
        needed = _("A campaign is a JSON object with a format, a code, a name, a trigger and steps.")
        return Saved(problems=[Problem("not_an_object", needed)])
    code = definition.get("code")
    if campaign is not None and code != campaign.code:
        return Saved(problems=[Problem("fixed", _("The code stays “%s”.") % campaign.code, "/code")])
    taken = [_taken(code)] if campaign is None and _is_taken(code) else []
    try:
        if taken:
            read_plan(definition)
            return Saved(problems=taken)
        return Saved(save_draft(definition, revision=revision, by=by)[0])
    except DefinitionError as error:
        # Steps are read from the last to the first, and read by people from the first to the last. A code that is
        # taken is told with all else, not when the rest has been mended.
        return Saved(problems=[*taken, *error.problems[::-1]])
    except WrongState as error:
        return Saved(problems=[Problem("wrong_state", str(error), "/code")])
    except DraftChanged:
        return Saved(is_stale=True) if campaign else Saved(problems=[_taken(code)])


def _is_taken(code: Any) -> bool:
    return isinstance(code, str) and Campaign.objects.filter(code=code).exists()


def _taken(code: Any) -> Problem:
    return Problem("taken", _("Another campaign has the code “%s”. Choose another one.") % code, "/code")


def read_definition(raw: str) -> Any:
    """JSON of one meaning, as the API takes it. Raises ValueError with a sentence."""
    try:
        definition = StrictJson().parse(BytesIO(raw.encode(errors="surrogatepass")))
    except Refusal as refusal:
        raise ValueError(str(refusal.detail)) from None
    if not is_storable_throughout(definition):
        raise ValueError(_("The definition holds a NUL or half a surrogate pair."))
    return definition


def vocabulary() -> dict[str, Any]:
    """What the editor offers: statuses, fields with their operators, kinds of step with their branches, variables."""
    statuses: dict[str, list[dict[str, str]]] = {type: [] for type in StatusType.values}
    for type, code, name in OrderStatus.objects.values_list("type", "code", "name"):
        statuses[type].append({"code": code, "name": name})
    return {
        "types": _choices(StatusType.choices),
        "statuses": statuses,
        "fields": [_field(each) for each in all_fields().values()],
        "triggers": [{"key": kind.key, "label": str(kind.label)} for kind in TRIGGERS.values()],
        "kinds": [
            {
                "key": kind.key,
                "label": str(kind.label),
                "branches": [
                    {"key": branch.key, "label": str(branch.label), "ends": branch.ends_when_empty}
                    for branch in kind.branches
                ],
            }
            for kind in STEPS.values()
        ],
        "purposes": _choices(Purpose.choices),
        "deliver": _choices(Deliver.choices),
        "variables": _variables(),
        "words": words(),
    }


def _field(each: Field) -> dict[str, Any]:
    return {
        "key": each.key,
        "label": str(each.label),
        "kind": each.kind.value,
        "operators": [*OPERATORS[each.kind], "null", "notNull"],
        "choices": list(each.choices),
        "type": each.status_type,
        "past": each.read_past is not None,
    }


def _choices(choices: Sequence[tuple[str, Any]]) -> list[dict[str, str]]:
    return [{"key": key, "label": str(label)} for key, label in choices]


def _variables() -> list[str]:
    """Those a text can name without more: `order.total`, `order.delivery_status`."""
    plain = [f"{thing}.{name}" for thing, names in VARIABLES.items() for name, kind in names.items() if kind != "*"]
    return [name for name in plain if not name.endswith(".type")]


def words() -> dict[str, str]:
    """The editor's own texts."""
    return {
        "name": _("Name"),
        "code": _("Code"),
        "code_help": _("For files and the API. It cannot be changed later."),
        "code_fixed": _("Fixed since the campaign was made."),
        "starts": _("What starts it"),
        "type": _("Status type"),
        "from": _("It goes from"),
        "from_any": _("anything, also from no status"),
        "from_any_existing": _("any status"),
        "from_none": _("no status yet"),
        "from_only": _("one of these"),
        "from_not": _("anything but these"),
        "to": _("to"),
        "to_any": _("any status"),
        "to_only": _("one of these"),
        "not_there": _("not there yet"),
        "no_statuses": _("There are no statuses of this type yet. Add them in Settings › Order Statuses."),
        "statuses": _("Statuses"),
        "entry": _("Who may enter"),
        "reentry": _("An order enters"),
        "every_time": _("every time"),
        "once_per_order": _("once"),
        "first_visit": _("only when it comes to this status for the first time"),
        "once_per_customer": _("once for each customer"),
        "not_within": _("not again within some days"),
        "days": _("Days"),
        "per": _("Counted for each"),
        "per_order": _("order"),
        "per_customer": _("customer"),
        "max_age": _("Ignore changes older than"),
        "cap": _("Send a customer no more than"),
        "cap_messages": _("Messages"),
        "cap_per": _("a"),
        "day": _("day"),
        "week": _("week"),
        "number": _("Number"),
        "unit": _("Unit"),
        "minutes": _("minutes"),
        "hours": _("hours"),
        "days_unit": _("days"),
        "steps": _("What happens then"),
        "no_steps": _("Nothing yet. Add the first step."),
        "add": _("Add step:"),
        "up": _("Move up"),
        "down": _("Move down"),
        "remove": _("Remove"),
        "step": _("Step"),
        "ends": _("Ends here."),
        "goes_on": _("Goes on with the next step."),
        "all_of": _("all of these are true"),
        "any_of": _("any of these is true"),
        "none_of": _("not all of these are true"),
        "neither_of": _("none of these is true"),
        "passes_if": _("Passes if"),
        "field": _("What"),
        "operator": _("How"),
        "value": _("Value"),
        "values": _("Values, one a line"),
        "at": _("When"),
        "at_now": _("now, at this step"),
        "at_trigger": _("at the change"),
        "add_condition": _("Add condition"),
        "add_group": _("Add group"),
        "group": _("Group"),
        "from_value": _("From"),
        "to_value": _("To"),
        "yes": _("yes"),
        "no": _("no"),
        "choose": _("Choose"),
        "wait_for": _("Wait for"),
        "text": _("Text"),
        "characters": _("characters"),
        "variables": _("Insert:"),
        "purpose": _("Purpose"),
        "deliver": _("Deliver"),
        "deliver_default": _("As the purpose asks: at once, marketing by day"),
        "category": _("Category"),
        "category_help": _("Small letters and digits, such as “offers”. A customer can refuse one kind of message."),
        "only_if_still": _("Only if the order is still in the target status"),
        "lifetime": _("Not worth sending after"),
        "params": _("Settings, as JSON"),
        "as_json": _("This definition cannot be shown as a form. Mend it as JSON."),
        "bad_json": _("This is no JSON:"),
        "unsaved": _("Save your changes first."),
        "op_=": _("is"),
        "op_!=": _("is not"),
        "op_in": _("is one of"),
        "op_notIn": _("is none of"),
        "op_<": _("is less than"),
        "op_<=": _("is at most"),
        "op_>": _("is more than"),
        "op_>=": _("is at least"),
        "op_between": _("is between"),
        "op_contains": _("contains"),
        "op_doesNotContain": _("does not contain"),
        "op_beginsWith": _("begins with"),
        "op_endsWith": _("ends with"),
        "op_null": _("is not known"),
        "op_notNull": _("is known"),
        "when": _("When %(type)s goes%(from)s to %(to)s"),
        "when_from": _("from %s"),
        "when_not": _("from any but %s"),
        "when_or": _("or"),
        "nothing_chosen": _("…"),
    }
