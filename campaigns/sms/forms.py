"""The form of a gateway: what every kind has, and the kind's own settings. Secrets go in and never come out again."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db import transaction
from django.db.models import Max
from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.models import SmsGateway
from campaigns.sms.gateways import BUILTIN
from campaigns.sms.gateways.base import GatewayForm, GatewayKind
from customers.phones import read_phone
from workspace.database import lock_rows
from workspace.encryption import CannotDecrypt, decrypt, encrypt
from workspace.models import Workspace
from workspace.money import currency_choices

# Fields of a kind and of every kind stand in one HTML form.
PREFIX = "own"
FORGET = "forget_"
START_WITHOUT = "start_without"


class CommonForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a gateway of any kind has."""

    currency = forms.ChoiceField(label=gettext_lazy("Currency"), required=False)

    class Meta:
        model = SmsGateway
        fields = ("name", "code", "sender", "connections", "per_second", "price_per_part", "currency")
        labels = {
            "sender": gettext_lazy("Sender ID"),
            "connections": gettext_lazy("Calls at once"),
            "per_second": gettext_lazy("Messages per second, at most"),
            "price_per_part": gettext_lazy("Price per part"),
        }
        help_texts = {
            "name": gettext_lazy("What you call it, such as “Main route”."),
            "code": gettext_lazy("Part of the address for receipts, and kept with each message: it stays as it is."),
            "sender": gettext_lazy("What phones show as the sender: a number, or a name the provider knows."),
            "connections": gettext_lazy("How many calls may be under way to the provider at the same time."),
            "per_second": gettext_lazy("Your contract’s limit. Empty: as fast as it goes."),
            "price_per_part": gettext_lazy("What one part of a message costs, for reports. May stay empty."),
        }
        widgets = {
            "name": forms.TextInput(attrs={"data-suggests": "id_code", "autocomplete": "off"}),
            "code": forms.TextInput(attrs={"data-suggested": "ascii", "autocomplete": "off", "spellcheck": "false"}),
            "sender": forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["currency"].choices = [("", "–"), *currency_choices(self.instance.currency)]  # type: ignore[attr-defined]
        if self.instance.pk:
            del self.fields["code"]
        else:
            self.fields["code"].widget.attrs["data-reserved"] = " ".join(BUILTIN)

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        if code.lower() in BUILTIN:
            problem = _("“%(code)s” is the code of a gateway that is built in and reaches nobody. Choose another.")
            raise forms.ValidationError(problem % {"code": code})
        return code

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("price_per_part") is not None and not cleaned.get("currency"):
            self.add_error("currency", _("Say in which currency the price is."))
        return cleaned


class SecretInput(forms.PasswordInput):
    """It takes a secret and never shows one."""

    def __init__(self) -> None:
        super().__init__(attrs={"autocomplete": "new-password", "spellcheck": "false"}, render_value=False)


class Laid(json.JSONEncoder):
    """JSON laid out for people."""

    def __init__(self, **how: Any) -> None:
        super().__init__(**how | {"indent": 2})


@dataclass(frozen=True, slots=True)
class Section:
    """Fields under a heading; without one they are the first and not folded."""

    heading: str | Promise
    fields: Sequence[forms.BoundField]

    @property
    def is_wrong(self) -> bool:
        return any(field.errors for field in self.fields)


@dataclass(frozen=True, slots=True)
class Forms:
    """Both halves of the form of one gateway, checked and saved as one."""

    kind: GatewayKind
    common: CommonForm
    own: GatewayForm
    # As it was typed: the form of the kind is given the kept secrets beside it.
    typed: QueryDict | None = None
    # Why the secrets that are kept cannot be read; empty if they can.
    problem: str = ""

    @classmethod
    def of(cls, kind: GatewayKind, row: SmsGateway, data: QueryDict | None = None) -> Forms:
        """To be filled in, or as it was with `data`: the kind's form then sees kept secrets as if they were typed."""
        kept, problem = _kept(row)
        own = kind.form(_with_kept(kind, data, kept), initial=row.settings, prefix=PREFIX)
        _hide_secrets(own, kept, data)
        if problem:
            _ask_for_secrets_again(own, data)
        _lay_out(own)
        common = CommonForm(data, instance=row, initial=None if row.pk else {"currency": Workspace.current().currency})
        for form in (common, own):
            form.use_required_attribute = False
        return cls(kind, common, own, data, problem)

    def is_valid(self) -> bool:
        return all([self.common.is_valid(), self.own.is_valid()])

    def problems(self) -> int:
        return sum(len(form.errors) for form in (self.common, self.own))

    def sections(self) -> list[Section]:
        """The kind's own fields: those that everybody fills in, then its groups."""
        grouped = {name for _heading, names in self.own.groups for name in names}
        first = [field for field in self.own if field.name.removeprefix(FORGET) not in grouped]
        groups = [
            Section(heading, fields)
            for heading, names in self.own.groups
            if (fields := [field for field in self.own if field.name.removeprefix(FORGET) in names])
        ]
        return [Section("", first), *groups]

    def save(self) -> SmsGateway:
        """Whoever holds a connection makes it anew: what is saved may be what failed."""
        row: SmsGateway = self.common.instance
        secret, cleaned = self.kind.form.secret_fields, self.own.cleaned_data
        names = self.kind.form.base_fields
        secrets = {name: cleaned[name] for name in names if name in secret and cleaned[name]}
        row.kind, row.settings = self.kind.key, {name: cleaned[name] for name in names if name not in secret}
        row.secrets = encrypt(secrets) if secrets else ""
        row.configured_at, row.out_until = timezone.now(), None
        if row.pk:
            # Not the rest of the row: the workers write to it meanwhile.
            row.save(update_fields=[*self.common.fields, "kind", "settings", "secrets", "configured_at", "out_until"])
        else:
            _add(row)
        return row


class TestForm(forms.Form):
    """One message, straight through a gateway."""

    to = forms.CharField(
        label=gettext_lazy("To"),
        max_length=40,
        help_text=gettext_lazy("A phone you can look at, with its country code."),
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "tel", "autofocus": True}),
    )
    text = forms.CharField(label=gettext_lazy("Text"), max_length=480, widget=forms.Textarea(attrs={"rows": 3}))

    def clean_to(self) -> str:
        return read_number(self.cleaned_data["to"])


def read_number(written: str) -> str:
    """Of a phone that a test goes to. Raises ValidationError."""
    phone = read_phone(written, Workspace.current().default_country)
    if not phone.e164:
        raise forms.ValidationError(_("This cannot be read as a phone number. Write it as in +1 202 555 0143."))
    return phone.e164


def move(row: SmsGateway, by: int) -> int | None:
    """Let it change places with the one before (-1) or after (1) it. Answers its new place, counted from 1, if any."""
    with transaction.atomic():
        rows = list(lock_rows(SmsGateway.objects.order_by("position", "pk")))
        place = next(place for place, one in enumerate(rows) if one.pk == row.pk)
        to = place + by
        if not 0 <= to < len(rows):
            return None
        rows.insert(to, rows.pop(place))
        for position, one in enumerate(rows, start=1):
            one.position = position
        SmsGateway.objects.bulk_update(rows, ["position"])
    return to + 1


def _add(row: SmsGateway) -> None:
    """At the end, and not in use yet: what leaves through it reaches people."""
    last = SmsGateway.objects.aggregate(last=Max("position"))["last"] or 0
    row.position, row.is_active = last + 1, False
    row.save()


def _kept(row: SmsGateway) -> tuple[dict[str, str], str]:
    try:
        return decrypt(row.secrets), ""
    except CannotDecrypt as error:
        return {}, str(error)


def _with_kept(kind: GatewayKind, data: QueryDict | None, kept: Mapping[str, str]) -> QueryDict | None:
    """A secret left empty is the one that is kept, unless it is to be forgotten."""
    if data is None:
        return None
    filled = data.copy()
    for name in kind.form.secret_fields & kept.keys():
        if not filled.get(f"{PREFIX}-{name}") and f"{PREFIX}-{FORGET}{name}" not in filled:
            filled[f"{PREFIX}-{name}"] = kept[name]
    return filled


def _lay_out(form: GatewayForm) -> None:
    for field in form.fields.values():
        if isinstance(field, forms.JSONField):
            field.encoder = Laid
            field.widget.attrs |= {"rows": 6, "spellcheck": "false", "class": "sms-code"}


def _hide_secrets(form: GatewayForm, kept: Collection[str], data: QueryDict | None) -> None:
    in_order = list(form.fields)
    for name in form.secret_fields:
        field = form.fields[name]
        is_required, field.widget = field.required, SecretInput()
        field.widget.is_required = is_required
        if name in kept:
            field.help_text = _("Kept, and never shown. Write a new one to replace it, or leave this empty.")
        if name in kept and not is_required:
            form.fields[FORGET + name] = forms.BooleanField(
                label=_("Forget the %s that is kept") % (field.label or name), required=False
            )
        if data and data.get(f"{PREFIX}-{name}"):
            field.help_text = _("Write it again: what is secret is not shown back.")
    form.order_fields([each for name in in_order for each in (name, FORGET + name)])


def _ask_for_secrets_again(form: GatewayForm, data: QueryDict | None) -> None:
    """Nobody can tell which were kept. One left empty may have proved who sends receipts: it is not lost unseen."""
    optional = [name for name in form.secret_fields if not form.fields[name].required]
    if optional:
        form.fields[START_WITHOUT] = forms.BooleanField(
            label=_("Start without the secrets that were kept and are left empty here"),
            required=not all(data and data.get(f"{PREFIX}-{name}") for name in optional),
            error_messages={
                "required": _("Enter each secret again. Tick this if the gateway never had those that you leave empty.")
            },
        )
