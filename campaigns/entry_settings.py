"""What a campaign says of itself beside its trigger and steps: who may enter, how often it may write, what is counted.

Described like the params of a step, so that the editor draws a new one without knowing it. The first stand open in the
editor; those that are `more` are folded away.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from analytics.wording import Names, days_in_words
from campaigns.reentry import read_reentry
from campaigns.sms.breaker import AUTO, read_hourly_limit
from campaigns.sms.caps import DEFER, read_cap
from campaigns.steps.base import StepForm, ValueField, read_duration, read_moment
from campaigns.steps.codes import read_stop_on
from campaigns.wording import either, moment_in_words, type_in_words

# Of a campaign that does not say it.
ATTRIBUTION_WINDOW = timedelta(days=3)


def _reentry_says(written: Mapping[str, Any], _names: Names) -> str:
    match written["mode"]:
        case "every_time":
            return gettext("every time")
        case "once_per_order":
            return gettext("once")
        case "first_visit":
            return gettext("only when it comes to this status for the first time")
        case "once_per_customer":
            return gettext("once for each customer")
    words = {"days": days_in_words(written["days"])}
    if written["per"] == "customer":
        return gettext("not again for the same customer within %(days)s") % words
    return gettext("not again within %(days)s") % words


def _hourly_says(written: Mapping[str, Any], _names: Names) -> str:
    if written["messages"] == AUTO:
        return gettext("5 times as many as expected, and 100")
    return str(written["messages"])


def _cap_says(written: Mapping[str, Any], _names: Names) -> str:
    count, words = written["messages"], {"n": written["messages"], "category": written.get("category")}
    match written["per"], bool(written.get("category")):
        case "day", False:
            said = ngettext("%(n)d message a day", "%(n)d messages a day", count)
        case "day", True:
            said = ngettext("%(n)d message of “%(category)s” a day", "%(n)d messages of “%(category)s” a day", count)
        case _, False:
            said = ngettext("%(n)d message a week", "%(n)d messages a week", count)
        case _:
            said = ngettext("%(n)d message of “%(category)s” a week", "%(n)d messages of “%(category)s” a week", count)
    then = (
        gettext("put off what is too many") if written.get("then") == DEFER else gettext("leave out what is too many")
    )
    return f"{said % words}; {then}"


def _stop_on_says(written: list[Mapping[str, Any]], names: Names) -> str:
    return "; ".join(f"{type_in_words(one['type'])}: {either(one['to'], one['type'], names)}" for one in written)


def _moment_says(written: Any, _names: Names) -> str:
    return moment_in_words(written)


class _Setting(ValueField):
    """Left out, or null; what is written and empty is refused."""

    empty_values = (None,)


class SettingsForm(StepForm):
    """The keys of a definition in the order in which they are written. One that is left out means no such limit."""

    reentry = _Setting(
        read_reentry,
        control="reentry",
        says=_reentry_says,
        label=_("An order enters"),
        required=False,
        initial={"mode": "once_per_order"},
    )
    max_age = _Setting(
        read_duration,
        control="duration",
        label=_("Ignore changes older than"),
        required=False,
        initial={"value": 24, "unit": "hours"},
    )
    hourly_limit = _Setting(
        read_hourly_limit,
        control="hourly_limit",
        says=_hourly_says,
        label=_("Messages in an hour, at most"),
        help_text=_(
            "Beyond that they wait until a person has looked at a sample and lets some, all or none of them go."
        ),
        required=False,
        initial={"messages": AUTO},
    )
    frequency_cap = _Setting(
        read_cap,
        control="cap",
        says=_cap_says,
        label=_("Send a customer no more than"),
        required=False,
        options={"more": True},
    )
    stop_on = _Setting(
        read_stop_on,
        control="stop_on",
        says=_stop_on_says,
        label=_("Stop when the order enters any of"),
        help_text=_("Wherever it stands by then. A text of it that has not left is not sent."),
        required=False,
        options={"more": True},
    )
    starts_at = _Setting(
        read_moment, control="moment", says=_moment_says, label=_("Starts"), required=False, options={"more": True}
    )
    ends_at = _Setting(
        read_moment,
        control="moment",
        says=_moment_says,
        label=_("Ends"),
        help_text=_("What occurs before the one or after the other lets nobody in."),
        required=False,
        options={"more": True},
    )
    attribution_window = _Setting(
        read_duration,
        control="duration",
        label=_("A text counts for"),
        help_text=_(
            "An order that reaches another status within so long after its text has gone on by it, as the list counts. "
            "Left out: 3 days."
        ),
        required=False,
        options={"more": True},
    )

    def clean_ends_at(self) -> Any:
        starts_at, ends_at = self.cleaned_data.get("starts_at"), self.cleaned_data["ends_at"]
        if starts_at and ends_at and ends_at <= starts_at:
            raise forms.ValidationError(_("A campaign ends after it starts."))
        return ends_at
