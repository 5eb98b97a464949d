"""What is written on the rule builder (static/analytics/rules/), and on the page of a segment around it."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from analytics.wording import operator_words, operator_words_of_times


def builder_words() -> dict[str, str]:
    return {
        **_groups(),
        **_conditions(),
        **_moving(),
        "number": pgettext("how many", "Number"),
        "unit": _("Unit"),
        "minutes": _("minutes"),
        "hours": _("hours"),
        "days_unit": _("days"),
        "yes": _("yes"),
        "no": _("no"),
        "choose": _("Choose"),
        "not_there": _("not there yet"),
        "no_statuses": _("There are no statuses of this type yet. Add them in Settings › Order Statuses."),
    }


def _groups() -> dict[str, str]:
    return {
        "passes_if": _("Passes if"),
        "group_passes_if": pgettext("before “any of these is true”", "Where"),
        "orders_of_which": _("Only orders of which"),
        "group": _("Group"),
        "all_of": _("all of these are true"),
        "any_of": _("any of these is true"),
        "none_of": _("not all of these are true"),
        "neither_of": _("none of these is true"),
        "and": pgettext("between two conditions", "and"),
        "or": pgettext("between two conditions", "or"),
        "of": _("Which order"),
        "add_group": _("Add group"),
        "group_chosen": _("Group the selected"),
        "group_it": _("Put into a group"),
        "dissolve": _("Dissolve the group"),
    }


def _conditions() -> dict[str, str]:
    return {
        "add_condition": _("Add condition"),
        "find_condition": _("Add a condition: type what it is about"),
        "find_value": _("add another: type its name"),
        "found": pgettext("how many conditions were found", "%s found"),
        "nothing_found": _("Nothing is called like that."),
        "field": _("What"),
        "operator": _("How"),
        "value": _("Value"),
        "values": _("Values, one a line"),
        "at": _("When"),
        "from_value": pgettext("begin of a range", "From"),
        "to_value": pgettext("end of a range", "To"),
        "and_value": pgettext("between the ends of a range", "and"),
        "only_some_orders": _("only some orders"),
        "take_away": _("Take away"),
        **{f"op_{operator}": words for operator, words in operator_words().items()},
        **{f"op_time_{operator}": words for operator, words in operator_words_of_times().items()},
    }


def _moving() -> dict[str, str]:
    return {
        "select": _("Select"),
        "select_help": _("Select, to group it with others"),
        "more_acts": _("More to do"),
        "duplicate": _("Duplicate"),
        "negate": _("Say the opposite"),
        "remove": _("Remove"),
        "removed": _("“%s” was removed."),
        "move": _("Move"),
        "move_help": _("Drag it, or press the arrow keys: up and down, right into a group, left out of it."),
        "move_up": _("Move up"),
        "move_down": _("Move down"),
        "move_in": _("Move into the group beside it"),
        "move_out": _("Move out of the group"),
        "moved": pgettext("a condition in its group", "Moved to place %(place)s of %(count)s."),
        "cannot_move": _("It cannot go there."),
    }


def page_words() -> dict[str, str]:
    """Of the page on which a segment is made (static/analytics/builder/)."""
    return {
        "passes_if": pgettext("before “all of these are true”", "Customers of whom"),
        "of": pgettext("a customer, or which order of theirs", "Of what"),
        "rule": _("Who is in it"),
        "counting": _("counting…"),
        "no_connection": _("The server does not answer. It is asked again; nothing you typed is lost."),
        "signed_out": _("You are signed out. Sign in in another tab; nothing you typed is lost."),
        "not_ready": _("Counted once what is marked is mended."),
        "nothing_asked": _("Add a condition to see who is in it."),
        "some_of_them": _("Some of them, and why"),
        "why": _("Why"),
        "nobody": _("Nobody is in it now."),
        "saving": _("Saving…"),
        "not_saved": _("Not saved yet."),
        "to_mend": _("Not saved. Mend this first:"),
        "not_saved_no_connection": _("Not saved: the server does not answer. Nothing you typed is lost; try again."),
        "not_saved_signed_out": _("Not saved: you are signed out. Sign in in another tab, then save again."),
    }
