"""Set attribute or tag: keep something of the order's customer, for rules and texts of every campaign to read."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.wording import Names
from campaigns.models import Run
from campaigns.steps.base import (
    ChangeCustomer,
    Continue,
    Decision,
    Params,
    PlainChoiceField,
    StepForm,
    StepKind,
    ValueField,
)
from campaigns.world import World
from customers.attributes import Attribute, Change, is_attribute_name, read_attribute, read_tags
from workspace.reading import Problem

# Several, with commas between them.
TAGS_SUGGESTED = {"suggests": "customer_tags", "many": True}
TEXT, NUMBER, FLAG, NOTHING = "text", "number", "flag", "nothing"


def read_name(raw: Any) -> str:
    if not is_attribute_name(raw):
        raise forms.ValidationError(
            _("An attribute is called by 1 to 64 small letters, digits and _, and begins with a letter.")
        )
    return str(raw)


def read_value(raw: Any) -> Attribute | None:
    try:
        return read_attribute(raw)
    except ValueError as error:
        raise forms.ValidationError(str(error)) from None


def read_words(raw: Any) -> list[str]:
    """A list of tags, or a text of some with commas between them. Raises ValidationError."""
    words = [word.strip() for word in raw.split(",") if word.strip()] if isinstance(raw, str) else raw
    tags = read_tags("tags", words)
    if isinstance(tags, Problem):
        raise forms.ValidationError(tags.detail)
    return tags


class Form(StepForm):
    attribute = ValueField(
        read_name,
        control="line",
        options={"suggests": "customer_attributes"},
        label=gettext_lazy("Attribute"),
        required=False,
    )
    value = ValueField(read_value, control="line", label=gettext_lazy("Value"), required=False)
    value_as = PlainChoiceField(
        label=gettext_lazy("The value is"),
        choices=[
            (TEXT, gettext_lazy("a text")),
            (NUMBER, gettext_lazy("a number")),
            (FLAG, gettext_lazy("true or false")),
            (NOTHING, gettext_lazy("nothing: the attribute is taken away")),
        ],
        required=False,
    )
    add_tags = ValueField(
        read_words, control="line", options=TAGS_SUGGESTED, label=gettext_lazy("Add the tags"), required=False
    )
    remove_tags = ValueField(
        read_words, control="line", options=TAGS_SUGGESTED, label=gettext_lazy("Remove the tags"), required=False
    )

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if not self.errors and not (given.get("attribute") or given.get("add_tags") or given.get("remove_tags")):
            self.add_error("attribute", forms.ValidationError(_("Name an attribute or a tag.")))
        if not self.errors:
            self._clean_value(given)
        return given

    def _clean_value(self, given: dict[str, Any]) -> None:
        """As its JSON has it, unless it is said otherwise: a line that is typed is a text."""
        try:
            # False and 0 are values, which a form's field takes for nothing given.
            given["value"] = as_said(read_attribute(self.data.get("value")), given["value_as"])
        except ValueError as error:
            self.add_error("value", forms.ValidationError(str(error)))
            return
        if given["attribute"] and given["value"] is None and given["value_as"] != NOTHING:
            self.add_error("value", forms.ValidationError(_("Give a value, or say that it is nothing.")))


def as_said(value: Attribute | None, kind: str) -> Attribute | None:
    """Raises ValueError with a sentence."""
    if kind == NOTHING:
        return None
    if kind == NUMBER and isinstance(value, str):
        try:
            return read_attribute(float(value))
        except ValueError:
            raise ValueError(_("“%s” is no number.") % value) from None
    if kind == FLAG and isinstance(value, str):
        if value not in ("true", "false"):
            raise ValueError(_("Write true or false."))
        return value == "true"
    return value


def decide(runs: Sequence[Run], step: str, params: Params, world: World) -> list[Decision]:
    return [_decide(run, params, world) for run in runs]


def _decide(run: Run, params: Params, world: World) -> Decision:
    order = world.order(run)
    if order is None or order.customer_id is None:
        return Decision(Continue(), {"outcome": "no_customer"})
    attributes = {params["attribute"]: params["value"]} if params["attribute"] else {}
    tags = {"add_tags": params["add_tags"] or (), "remove_tags": params["remove_tags"] or ()}
    return Decision(ChangeCustomer(Change(order.customer_id, attributes, **tags)))


def says(params: Params, names: Names) -> str:
    attribute, value = params.get("attribute"), params.get("value")
    words = {"name": attribute, "value": value, "add": _listed(params.get("add_tags"))}
    words["remove"] = _listed(params.get("remove_tags"))
    said = []
    if attribute and params.get("value_as") == NOTHING:
        said.append(_("Takes the attribute “%(name)s” away from the customer.") % words)
    elif attribute:
        said.append(_("Sets the customer's attribute “%(name)s” to “%(value)s”.") % words)
    if words["add"]:
        said.append(_("Adds the tags %(add)s.") % words)
    if words["remove"]:
        said.append(_("Removes the tags %(remove)s.") % words)
    return " ".join(said)


def _listed(raw: Any) -> str:
    return ", ".join(str(word) for word in raw) if isinstance(raw, list) else str(raw or "")


def tells(outcome: str, seen: Mapping[str, Any], names: Names) -> str:
    if outcome != "done":
        return ""
    if seen.get("problem") == "too_many":
        return _("The customer has too many attributes or tags: none was changed.")
    sentences = {
        "changed": _("The customer was changed."),
        "unchanged": _("The customer was so already."),
        "no_customer": _("The order has no customer to change."),
        "rejected": _("The customer could not be changed."),
    }
    return sentences.get(str(seen.get("outcome")), "")


KIND = StepKind(
    "change_customer",
    gettext_lazy("Set attribute or tag"),
    Form,
    decide,
    says=says,
    tells=tells,
    icon="sell",
)
