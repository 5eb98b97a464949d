"""A campaign edited in a form: what the form needs to know, and what came back from it, read and kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _

from analytics.builder_words import builder_words
from analytics.vocabulary import vocabulary_for_builder
from campaigns.definitions import FORMAT, DefinitionError, read_plan
from campaigns.entry_settings import SettingsForm
from campaigns.lifecycle import DraftChanged, WrongState, save_draft
from campaigns.models import Campaign
from campaigns.steps import STEPS, TRIGGERS
from campaigns.writing import text_vocabulary
from workspace.api.parsing import read_json
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
    "hourly_limit": {"messages": "auto"},
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
    if problems := find_problems(definition, campaign):
        return Saved(problems=problems)
    try:
        return Saved(save_draft(definition, revision=revision, by=by)[0])
    except WrongState as error:
        return Saved(problems=[Problem("wrong_state", str(error), "/code")])
    except DraftChanged:
        return Saved(is_stale=True) if campaign else Saved(problems=[_taken(definition["code"])])


def find_problems(definition: Any, campaign: Campaign | None) -> list[Problem]:
    """What keeps it from being the draft of this campaign, or of a new one, in the order in which people read."""
    if not isinstance(definition, dict) or not definition:
        needed = _("A campaign is a JSON object with a format, a code, a name, a trigger and steps.")
        return [Problem("not_an_object", needed)]
    code = definition.get("code")
    if campaign is not None and code != campaign.code:
        return [Problem("fixed", _("The code stays “%s”.") % campaign.code, "/code")]
    taken = [_taken(code)] if campaign is None and _is_taken(code) else []
    try:
        read_plan(definition)
    except DefinitionError as error:
        # Steps are read from the last to the first, and read by people from the first to the last. A code that is
        # taken is told with all else, not when the rest has been mended.
        return [*taken, *error.problems[::-1]]
    return taken


def _is_taken(code: Any) -> bool:
    return isinstance(code, str) and Campaign.objects.filter(code=code).exists()


def _taken(code: Any) -> Problem:
    return Problem("taken", _("Another campaign has the code “%s”. Choose another one.") % code, "/code")


def number_of(written: str | None) -> int:
    """What a form says of a revision or a row's id; NO_REVISION, which nothing has, of what is none."""
    return int(written) if written and written.isdecimal() and len(written) < 10 else NO_REVISION


def read_definition(raw: str) -> Any:
    """JSON of one meaning, as the API takes it. Raises ValueError with a sentence."""
    try:
        definition = read_json(raw)
    except Refusal as refusal:
        raise ValueError(str(refusal.detail)) from None
    if not is_storable_throughout(definition):
        raise ValueError(_("The definition holds a NUL or half a surrogate pair."))
    return definition


def vocabulary() -> dict[str, Any]:
    """What the editor offers: statuses, fields with their operators, kinds of step with their branches, variables."""
    return {
        **vocabulary_for_builder("campaign"),
        "triggers": [
            {"key": kind.key, "label": str(kind.label), "icon": kind.icon, "fields": kind.form.described()}
            for kind in TRIGGERS.values()
        ],
        "settings": SettingsForm.described(),
        "kinds": [
            {
                "key": kind.key,
                "label": str(kind.label),
                "icon": kind.icon,
                "ends": kind.ends,
                "fields": kind.form.described(),
                "branches": [
                    {
                        "key": branch.key,
                        "label": str(branch.label),
                        "ends": branch.ends_when_empty,
                        "seldom": branch.is_seldom,
                    }
                    for branch in kind.branches
                ],
                "branches_from": kind.branches_from,
            }
            for kind in sorted(STEPS.values(), key=lambda kind: (kind.rank, str(kind.label)))
        ],
        "text": text_vocabulary(),
        # As ISO 8601 numbers them.
        "weekdays": [{"key": number + 1, "label": str(label)} for number, label in WEEKDAYS.items()],
        "words": words(),
    }


def words() -> dict[str, str]:
    """The editor's own texts."""
    return {
        **builder_words(),
        "name": _("Name"),
        "code": _("Code"),
        "code_help": _("For files and the API. It cannot be changed later."),
        "code_fixed": _("Fixed since the campaign was made."),
        "starts": _("What starts it"),
        "from_any": _("anything, also from no status"),
        "from_any_existing": _("any status"),
        "from_none": _("no status yet"),
        "from_only": _("one of these"),
        "from_not": _("anything but these"),
        "to_any": _("any status"),
        "to_only": _("one of these"),
        "every_time": _("every time"),
        "once_per_order": _("once"),
        "first_visit": _("only when it comes to this status for the first time"),
        "once_per_customer": _("once for each customer"),
        "not_within": _("not again within some days"),
        "days": _("Days"),
        "per": _("Counted for each"),
        "per_order": _("order"),
        "per_customer": _("customer"),
        "cap_messages": _("Messages"),
        "cap_per": _("a"),
        "cap_category": _("of the category (all)"),
        "cap_then": _("One too many"),
        "cap_skip": _("leave out what is too many"),
        "cap_defer": _("put off what is too many"),
        "day": _("day"),
        "week": _("week"),
        "steps": _("What happens then"),
        "no_steps": _("Nothing yet. Add the first step."),
        "add": _("Add step:"),
        "up": _("Move up"),
        "down": _("Move down"),
        "step": _("Step"),
        "ends": _("Ends here"),
        "goes_on": _("Goes on with “%s”"),
        "at_now": _("now, at this step"),
        "more": _("More"),
        "settings": _("Settings"),
        "starts_when": _("It starts when"),
        "nothing_asked": _("There is nothing to set."),
        "unknown_kind": _("This version does not know steps of the kind “%s”."),
        "move_to": _("Move to"),
        "copy_steps": _("Copy the steps of “%(from)s” to “%(to)s”"),
        "first_steps": _("First steps"),
        "ways": _("Ways out"),
        "use_way": _("Give it steps"),
        "branch_left": _("This way out is not there any more."),
        "zoom_in": _("Zoom in"),
        "zoom_out": _("Zoom out"),
        "fit": _("Show all"),
        "canvas": _(
            "Canvas. Arrow keys go from step to step, Enter opens its settings. The list has everything by keyboard."
        ),
        "toolbox": _("Steps to add: drag one onto the canvas, or choose it and then its place"),
        "place_here": _("Add a step here"),
        "placing": _("Choose where “%s” goes. Escape: nowhere."),
        "not_set": _("not set"),
        "variant": _("Variant"),
        "weight": _("Weight"),
        "add_variant": _("Add variant"),
        "silent_order": _("A customer's second order stays silent: it enters no more once the first has."),
        "hourly_auto": _("5 times as many as expected, and 100"),
        "hourly_number": _("so many"),
        "hourly_none": _("no limit"),
        "keeping": _("Saving…"),
        "draft_saved": _("The draft is saved."),
        "kept": _("Saved %s"),
        "not_kept": _("Not saved: %s"),
        "no_connection": _("no connection. It is tried again."),
        "this_campaign": _("Campaign"),
        "has_problem": _("There is something to mend here"),
        "at_trigger": _("at the change"),
        "characters": _("characters"),
        "variables": _("Insert:"),
        "counts_differ": _("The draft differs from it: its new steps have none."),
        "as_json": _("This definition cannot be shown as a form. Mend it as JSON."),
        "bad_json": _("This is no JSON:"),
    }
