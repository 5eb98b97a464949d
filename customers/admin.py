"""Customers: whom a message may reach."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelect2Widget, UnfoldAdminTextInputWidget

from customers.categories import read_categories, split_categories
from customers.consent import PROOF, catch_up, hold_numbers, proof_named
from customers.models import Consent, Customer
from customers.phones import PhoneKind
from workspace import timeline
from workspace.models import Workspace
from workspace.reading import Problem
from workspace.screens import Screen, moment, nothing, pill
from workspace.zones import timezones


class CategoriesField(forms.CharField):
    """A list of categories, written as words with commas between."""

    widget = UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        read = read_categories("refused_categories", split_categories(str(super().to_python(value))))
        if isinstance(read, Problem):
            raise forms.ValidationError(read.detail)
        return read


class CustomerForm(forms.ModelForm):  # type: ignore[type-arg]
    timezone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        required=False,
        widget=UnfoldAdminSelect2Widget,
        help_text=gettext_lazy("Quiet hours are kept in it."),
    )
    refused_categories = CategoriesField(
        label=gettext_lazy("Refused kinds of message"),
        required=False,
        help_text=gettext_lazy(
            "Categories of texts that this customer does not want, such as “offers, news”. Campaigns skip them."
        ),
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
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "timezone" in self.fields:
            zones = [(zone, zone) for zone in sorted(timezones())]
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
        """What was added and taken away is done to what stands now: nothing refused meanwhile is lost."""
        chosen, now = set(self.cleaned_data["refused_categories"]), set(self.instance.refused_categories)
        shown = set(split_categories(self.data.get(self.add_initial_prefix("refused_categories"), ", ".join(now))))
        return sorted((now | (chosen - shown)) - (shown - chosen))


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
    change_form_template = "customers/change_form.html"

    @admin.display(description=gettext_lazy("Name"), ordering="first_name")
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
        """Whom one may not see one cannot change."""
        return bool(super().has_change_permission(request, obj) and self.sees_personal_data(request))

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

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        customer = object_id and request.method == "GET" and self.found(request, object_id)
        told = {"entries": timeline.entries(customer, request.user)} if customer else {}
        answer: HttpResponse = super().changeform_view(request, object_id, form_url, {**(extra_context or {}), **told})
        return answer

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
