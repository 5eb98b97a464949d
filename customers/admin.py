"""Customers: whom a message may reach."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from unfold.widgets import UnfoldAdminSelect2Widget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from customers.attributes import (
    as_lines,
    check_attributes,
    check_tags,
    from_lines,
    merge,
    read_attributes,
    read_tags,
)
from customers.categories import read_categories, split_categories
from customers.consent import PROOF, catch_up, hold_numbers, proof_named
from customers.erasing_admin import TO_ERASE
from customers.erasing_admin import urls as erasing_urls
from customers.models import Consent, Customer
from customers.phones import PhoneKind
from workspace import timeline
from workspace.exports import Export, column, columns
from workspace.models import Workspace
from workspace.reading import Problem
from workspace.screens import Screen, moment, nothing, pill
from workspace.upserts import is_same
from workspace.zones import offered_zones


class WordsField(forms.CharField):
    """A list of words, such as categories or tags, written with commas between."""

    widget = UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false"})

    def __init__(self, read: Callable[[str, Any], list[str] | Problem], **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)
        self.read = read

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        read = self.read(str(self.label), split_categories(str(super().to_python(value))))
        if isinstance(read, Problem):
            raise forms.ValidationError(read.detail)
        return read


class AttributesField(forms.CharField):
    """Attributes, one a line: `level = gold`."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 4, "autocomplete": "off", "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        return as_lines(value) if isinstance(value, dict) else value

    def to_python(self, value: Any) -> Any:
        read = read_attributes(str(self.label), from_lines(str(super().to_python(value))))
        if isinstance(read, Problem):
            raise forms.ValidationError(read.detail)
        return {name: told for name, told in read.items() if told is not None}

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return not is_same(initial or {}, self.to_python(data))
        except forms.ValidationError:
            return True


class CustomerForm(forms.ModelForm):  # type: ignore[type-arg]
    timezone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        required=False,
        widget=UnfoldAdminSelect2Widget,
        help_text=gettext_lazy("Quiet hours are kept in it."),
    )
    refused_categories = WordsField(
        read_categories,
        label=gettext_lazy("Refused kinds of message"),
        help_text=gettext_lazy(
            "Categories of texts that this customer does not want, such as “offers, news”. Campaigns skip them."
        ),
    )
    tags = WordsField(read_tags, label=gettext_lazy("Tags"), help_text=gettext_lazy("Words such as “vip, wholesale”."))
    attributes = AttributesField(
        label=gettext_lazy("Attributes"),
        required=False,
        help_text=gettext_lazy("One a line, such as “level = gold”, “visits = 3” or “newsletter = true”."),
    )

    class Meta:
        model = Customer
        fields = (
            "external_id",
            "first_name",
            "last_name",
            "phone_written",
            "email",
            "timezone",
            "language",
            "sms_consent",
            "refused_categories",
            "tags",
            "attributes",
        )
        help_texts: ClassVar = {
            "external_id": gettext_lazy("By which your shop knows this customer. If no shop does, make one up.")
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "timezone" in self.fields:
            zones = [(zone, zone) for zone in offered_zones(self.instance.timezone)]
            self.fields["timezone"].choices = [("", _("The installation's")), *zones]  # type: ignore[attr-defined]
        # What changed is told against what was shown: a form left open writes back nothing it did not touch.
        for field in self.fields.values():
            field.show_hidden_initial = True

    def clean_sms_consent(self) -> str:
        chosen, now = self.cleaned_data["sms_consent"], self.instance.sms_consent
        shown = self.data.get(self.add_initial_prefix("sms_consent"), now)
        if self.instance.pk and shown not in (now, chosen) and chosen != now:
            told = Consent(now).label
            raise forms.ValidationError(_("Meanwhile the customer's consent was told: %s. Look again.") % told)
        return str(chosen)

    def clean_refused_categories(self) -> list[str]:
        return self._brought_up_to_date("refused_categories")

    def clean_tags(self) -> list[str]:
        tags = self._brought_up_to_date("tags")
        self._refuse(check_tags(tags))
        return tags

    def clean_attributes(self) -> dict[str, Any]:
        """The same of names with values."""
        chosen, now = self.cleaned_data["attributes"], self.instance.attributes
        written = self.data.get(self.add_initial_prefix("attributes"))
        shown = now if written is None else from_lines(written)
        told = {
            name: chosen.get(name) for name in {*shown, *chosen} if not is_same([shown.get(name)], [chosen.get(name)])
        }
        attributes = merge(now, told)
        self._refuse(check_attributes(attributes))
        return attributes

    def _brought_up_to_date(self, name: str) -> list[str]:
        """What was added and taken away is done to what stands now: nothing told meanwhile is lost."""
        chosen, now = set(self.cleaned_data[name]), set(getattr(self.instance, name))
        shown = set(split_categories(self.data.get(self.add_initial_prefix(name), ", ".join(now))))
        return sorted((now | (chosen - shown)) - (shown - chosen))

    def _refuse(self, problem: Problem | None) -> None:
        if problem:
            raise forms.ValidationError(problem.detail)


TONES = {Consent.GIVEN: "good", Consent.REFUSED: "bad"}


@admin.register(Customer)
class CustomerScreen(Screen):
    form = CustomerForm
    fieldsets = (
        (None, {"fields": ("external_id", "first_name", "last_name", "email", "language", "timezone")}),
        (
            gettext_lazy("Messages"),
            {"fields": ("phone_written", "phone_shown", "sms_consent", "consent_told", "refused_categories")},
        ),
        (gettext_lazy("What is known of them"), {"fields": ("tags", "attributes")}),
    )
    list_display = ("name_shown", "external_id", "phone_shown", "consent_shown", "timezone", "changed")
    list_display_links = ("name_shown", "external_id")
    list_filter = ("sms_consent", "phone_kind")
    search_fields = ("^external_id",)
    search_help_text = gettext_lazy("Customer id")
    personal_search_fields = ("^phone", "^first_name", "^last_name", "^email")
    personal_search_help_text = gettext_lazy("Name, id, phone or email")
    # For those who see no personal data: nothing that could be put in order by it either.
    masked_list = ("external_id", "number_shown", "consent_shown", "timezone", "changed")
    masked_fieldsets = (
        (None, {"fields": ("external_id", "language", "timezone")}),
        (gettext_lazy("Messages"), {"fields": ("number_shown", "sms_consent", "consent_told", "refused_shown")}),
    )
    export = Export(
        "customers",
        [
            column("external_id"),
            *columns("first_name", "last_name", "phone", "phone_written", is_personal=True),
            column("phone_kind"),
            column("email", is_personal=True),
            *columns("timezone", "language", "sms_consent", "sms_consent_source", "sms_consent_at"),
            column("refused_categories"),
            *columns("attributes", "tags", is_personal=True),
            *columns("erased_at", "created_at", "updated_at"),
        ],
    )
    change_form_template = "customers/change_form.html"

    @admin.display(description=pgettext_lazy("of a person", "Name"), ordering="first_name")
    def name_shown(self, customer: Customer) -> str:
        return str(customer)

    @admin.display(description=gettext_lazy("Number as read"), ordering="phone")
    def phone_shown(self, customer: Customer) -> Any:
        if customer.phone_kind == PhoneKind.INVALID:
            return pill(_("Unreadable: %s") % customer.phone_written, "bad")
        if customer.phone_kind == PhoneKind.FIXED:
            return pill(_("Fixed line: %s") % customer.phone, "warning")
        return customer.phone or nothing(_("no number"))

    @admin.display(description=gettext_lazy("Number"))
    def number_shown(self, customer: Customer) -> Any:
        return self.phone_shown(customer)

    @admin.display(description=gettext_lazy("Refused kinds of message"))
    def refused_shown(self, customer: Customer) -> Any:
        return ", ".join(customer.refused_categories) or nothing()

    def get_list_display(self, request: HttpRequest) -> Sequence[str]:
        return self.list_display if self.sees_personal_data(request) else self.masked_list

    def get_fieldsets(self, request: HttpRequest, obj: Customer | None = None) -> Any:
        return super().get_fieldsets(request, obj) if self.sees_personal_data(request) else self.masked_fieldsets

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(super().has_add_permission(request) and self.sees_personal_data(request))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whom one may not see one cannot change, nor who was erased."""
        may = super().has_change_permission(request, obj) and self.sees_personal_data(request)
        return bool(may and not (obj and obj.is_erased))

    @admin.display(description=gettext_lazy("SMS consent"), ordering="sms_consent")
    def consent_shown(self, customer: Customer) -> str:
        return pill(customer.get_sms_consent_display(), TONES.get(Consent(customer.sms_consent), ""))

    @admin.display(description=gettext_lazy("Told"))
    def consent_told(self, customer: Customer) -> Any:
        if not customer.sms_consent_at:
            return nothing()
        return format_html(_("by {}, {}"), proof_named(customer.sms_consent_source), moment(customer.sms_consent_at))

    @admin.display(description=gettext_lazy("Changed"), ordering="updated_at")
    def changed(self, customer: Customer) -> str:
        return moment(customer.updated_at)

    def get_readonly_fields(self, request: HttpRequest, obj: Customer | None = None) -> tuple[str, ...]:
        """A shop knows its customer by the id."""
        return ("phone_shown", "number_shown", "consent_told", "refused_shown", *(("external_id",) if obj else ()))

    def save_model(self, request: HttpRequest, obj: Customer, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's
        """Keep who told of the consent and when: its proof. What the form left alone is not written over."""
        hold_numbers()
        told: set[str] = set()
        if "phone_written" in form.changed_data:
            obj.read_phone(Workspace.current().default_country)
            if catch_up(obj):
                told = set(PROOF)
        if "sms_consent" in form.changed_data:
            obj.sms_consent = form.cleaned_data["sms_consent"]
            obj.sms_consent_source, obj.sms_consent_at = request.user.get_username(), timezone.now()
            told = set(PROOF)
        obj.save(update_fields={*form.changed_data, *told, "updated_at"} if change else None)

    def response_post_save_add(self, request: HttpRequest, obj: Customer) -> HttpResponse:
        """Whoever needed them for an order goes on to it."""
        if request.GET.get("for") == "order":
            return HttpResponseRedirect(
                f"{reverse('admin:orders_order_add')}?{urlencode({'customer': obj.external_id})}"
            )
        answer: HttpResponse = super().response_post_save_add(request, obj)
        return answer

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        customer = object_id and request.method == "GET" and self.found(request, object_id)
        told = self._told(request, customer) if customer else {}
        answer: HttpResponse = super().changeform_view(request, object_id, form_url, {**(extra_context or {}), **told})
        return answer

    def _told(self, request: HttpRequest, customer: Customer) -> dict[str, Any]:
        return {
            "entries": timeline.entries(customer, request.user),
            "may_erase": request.user.has_perm(TO_ERASE),
            "erased": customer.erased_at and moment(customer.erased_at),
        }

    def get_urls(self) -> list[URLPattern]:
        return [*erasing_urls(self), *super().get_urls()]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
