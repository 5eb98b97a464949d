"""What an operator says of an SMPP account, in the words of the provider's letter."""

from __future__ import annotations

from typing import ClassVar
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.sms.gateways.base import GatewayForm

ASCII = RegexValidator(r"^[\x21-\x7e]+$", gettext_lazy("Only Latin letters, digits and signs, without spaces."))
OCTET = (MinValueValidator(0), MaxValueValidator(255))


class SmppForm(GatewayForm):
    """Lengths are the standard's: a longer password would be cut, and refused."""

    secret_fields: ClassVar[frozenset[str]] = frozenset({"password"})

    host = forms.CharField(label=gettext_lazy("Host"), max_length=255, validators=[ASCII])
    port = forms.IntegerField(label=gettext_lazy("Port"), initial=2775, min_value=1, max_value=65535)
    uses_tls = forms.BooleanField(
        label=gettext_lazy("TLS"),
        required=False,
        help_text=gettext_lazy("The certificate must be valid for the host."),
    )
    system_id = forms.CharField(label=gettext_lazy("System ID"), max_length=15, validators=[ASCII])
    password = forms.CharField(label=gettext_lazy("Password"), max_length=8, validators=[ASCII])
    system_type = forms.CharField(label=gettext_lazy("System type"), max_length=12, required=False, validators=[ASCII])
    window = forms.IntegerField(
        label=gettext_lazy("Window"),
        initial=10,
        min_value=1,
        max_value=500,
        help_text=gettext_lazy(
            "How many messages may be unanswered on one connection, as agreed with the provider. "
            "“Calls at once” should not be less."
        ),
    )
    source_ton = forms.IntegerField(
        label=gettext_lazy("Sender’s type of number (TON)"),
        required=False,
        validators=OCTET,
        help_text=gettext_lazy("Left empty, it is told by the sender’s looks: a name, a short number, a full one."),
    )
    source_npi = forms.IntegerField(
        label=gettext_lazy("Sender’s numbering plan (NPI)"), required=False, validators=OCTET
    )
    dest_ton = forms.IntegerField(label=gettext_lazy("Recipient’s type of number (TON)"), initial=1, validators=OCTET)
    dest_npi = forms.IntegerField(label=gettext_lazy("Recipient’s numbering plan (NPI)"), initial=1, validators=OCTET)
    alphabet = forms.ChoiceField(
        label=gettext_lazy("Default alphabet"),
        initial="gsm7",
        choices=[("gsm7", "GSM 03.38"), ("latin1", "Latin-1")],
        help_text=gettext_lazy("What data coding 0 means to the provider. Texts it cannot hold go as UCS-2."),
    )
    join_by = forms.ChoiceField(
        label=gettext_lazy("Parts of a long text are joined by"),
        initial="udh",
        choices=[("udh", gettext_lazy("a header (UDH)")), ("sar", gettext_lazy("parameters (SAR)"))],
    )
    wants_receipts = forms.BooleanField(
        label=gettext_lazy("Ask for receipts"),
        initial=True,
        required=False,
        help_text=gettext_lazy("They are heard by “manage.py listen”, which must run."),
    )
    message_ids = forms.ChoiceField(
        label=gettext_lazy("Message ids"),
        initial="same",
        choices=[
            ("same", gettext_lazy("the same everywhere")),
            ("hex_then_decimal", gettext_lazy("hexadecimal when taken, decimal in receipts")),
            ("decimal_then_hex", gettext_lazy("decimal when taken, hexadecimal in receipts")),
        ],
    )
    receipt_zone = forms.CharField(
        label=gettext_lazy("Time zone of receipts"),
        required=False,
        help_text=gettext_lazy("As in Europe/Berlin. Left empty, a receipt counts from when it is heard."),
    )

    def clean_receipt_zone(self) -> str:
        zone: str = self.cleaned_data["receipt_zone"]
        try:
            return ZoneInfo(zone).key if zone else ""
        except (KeyError, ValueError, OSError):
            raise ValidationError(_("There is no such time zone. Write it as in Europe/Berlin.")) from None
