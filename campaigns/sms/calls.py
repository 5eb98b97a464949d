"""How a provider is called and understood by what a person told of it: addresses, headers, templates, paths.

What gateways of the kinds `http` and `http_batch` share.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import SplitResult, urlsplit
from urllib.parse import quote as quote_url

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.sms.callbacks import ReceiptsForm
from campaigns.sms.codes import checked_codes, read_code
from campaigns.sms.gateways.base import Answer, Groups, Later, Outgoing, Refused, Taken, Unsure
from campaigns.sms.replies import find, find_text, judge_failure, quote, read_json, retry_after_s
from campaigns.sms.wire import TIMEOUT_S, Call, Heard, Reply

PLACEHOLDERS = frozenset({"reference", "to", "from", "text"})
# Each with the field that fills it: what is secret stands in no template.
CREDENTIALS = {"user": "username", "password": "password"}
A_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
A_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
A_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f]")

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}


class CallForm(ReceiptsForm):
    """How a provider is called, whatever it is told."""

    secret_fields = ReceiptsForm.secret_fields | {"auth_value", "password"}
    groups: ClassVar[Groups] = (
        (gettext_lazy("Answers"), ("answers_path", "answer_reference", "id_path", "error_path", "code_path", "codes")),
        (
            gettext_lazy("Repeats and look-up"),
            ("knows_repeats", "repeat_header", "look_up_url", "look_up_id", "look_up_404"),
        ),
        *ReceiptsForm.groups,
    )

    url = forms.CharField(
        label=gettext_lazy("Address"), help_text=gettext_lazy("Where messages are posted to: https://…")
    )
    auth_header = forms.CharField(label=gettext_lazy("Header that carries the key"), initial="Authorization")
    auth_value = forms.CharField(
        label=gettext_lazy("Key"),
        required=False,
        widget=forms.PasswordInput,
        help_text=gettext_lazy("All that the header holds, for example: Bearer 8d2f…"),
    )
    username = forms.CharField(
        label=gettext_lazy("User"),
        required=False,
        help_text=gettext_lazy(
            "For a provider that wants user and password. They go where {user} and {password} stand in what is posted "
            "or in a header; else as HTTP Basic."
        ),
    )
    password = forms.CharField(label=gettext_lazy("Password"), required=False, widget=forms.PasswordInput)
    headers = forms.JSONField(
        label=gettext_lazy("Other headers"),
        required=False,
        initial={},
        help_text=gettext_lazy('For example: {"Accept-Language": "en"}'),
    )
    timeout_s = forms.FloatField(
        label=gettext_lazy("Seconds to wait for an answer"), min_value=1, max_value=TIMEOUT_S, initial=TIMEOUT_S
    )
    id_path = forms.CharField(
        label=gettext_lazy("Answer: message id"),
        required=False,
        initial="id",
        help_text=gettext_lazy(
            "Path to the id in the answer, such as data.0.id. Where it is missing nobody knows whether the message was "
            "taken. Empty: answers hold no id."
        ),
    )
    error_path = forms.CharField(
        label=gettext_lazy("Answer: error"),
        required=False,
        initial="error",
        help_text=gettext_lazy("Path to what is wrong. An answer with an error and no id is a refusal."),
    )
    code_path = forms.CharField(
        label=gettext_lazy("Answer: error code"),
        required=False,
        help_text=gettext_lazy("Path to the provider’s code or word for what is wrong, such as error.code."),
    )
    codes = forms.JSONField(
        label=gettext_lazy("Answer: what their codes mean"),
        required=False,
        initial={},
        help_text=gettext_lazy(
            "Each of their codes with refused, later, outage (of our account: the next gateway is asked) or opted_out "
            "(the customer told the provider to stop), for example: "
            '{"no credit": "outage", "21610": "opted_out"}. Such a code counts whatever else the answer says.'
        ),
    )
    knows_repeats = forms.BooleanField(
        label=gettext_lazy("It knows repeats"),
        required=False,
        help_text=gettext_lazy(
            "The provider promises to send a message once, however often it is posted with the same reference. Then it "
            "is asked again after a call that broke off; else such messages wait for you to settle them."
        ),
    )
    repeat_header = forms.CharField(
        label=gettext_lazy("Header that carries the reference"),
        required=False,
        help_text=gettext_lazy("For example Idempotency-Key. Empty: the body carries it."),
    )
    look_up_url = forms.CharField(
        label=gettext_lazy("Look-up: address"),
        required=False,
        help_text=gettext_lazy("Where to ask what became of a message: https://…?reference={reference}"),
    )
    look_up_id = forms.CharField(label=gettext_lazy("Look-up: message id"), required=False, initial="messages.0.id")
    look_up_404 = forms.BooleanField(
        label=gettext_lazy("Look-up: 404 means that the message was not taken"),
        required=False,
        help_text=gettext_lazy("Such messages are sent again. An empty list where the id should be means it anyway."),
    )

    def clean_url(self) -> str:
        return checked_url(self.cleaned_data["url"])

    def clean_auth_header(self) -> str:
        return _checked_header(self.cleaned_data["auth_header"])

    def clean_auth_value(self) -> str:
        return _checked_value(self.cleaned_data["auth_value"])

    def clean_repeat_header(self) -> str:
        return self.cleaned_data["repeat_header"] and _checked_header(self.cleaned_data["repeat_header"])

    def clean_headers(self) -> dict[str, str]:
        headers = self.cleaned_data["headers"] or {}
        if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
            raise ValidationError(_('Write {"Name": "value"}.'))
        return {_checked_header(name): _checked_value(value) for name, value in headers.items()}

    def clean_codes(self) -> dict[str, str]:
        codes = checked_codes(self.cleaned_data["codes"])
        if codes and not self.cleaned_data.get("code_path"):
            raise ValidationError(_("Say under “Answer: error code” where in an answer they stand."))
        return codes

    def clean_look_up_url(self) -> str:
        written = self.cleaned_data["look_up_url"]
        if written and "{reference}" not in written:
            raise ValidationError(_("Nothing in it is {reference}."))
        return written and checked_url(written)

    def check_template(self, name: str, needed: set[str], known: frozenset[str] = PLACEHOLDERS) -> None:
        """Add what is wrong with the template in this field. `needed` and `known`: its placeholders beside those of
        credentials."""
        template = self.cleaned_data.get(name)
        if not isinstance(template, dict):
            if name in self.cleaned_data:
                self.add_error(name, _('Write an object, such as {"to": "{to}", "text": "{text}"}.'))
            return
        used = _placeholders_in(template)
        for word in sorted(used - known - CREDENTIALS.keys()):
            self.add_error(name, _("Nothing is known as {%(word)s}.") % {"word": word})
        for word in sorted(needed - used):
            self.add_error(name, _("Nothing in it is {%(word)s}.") % {"word": word})

    def check_credentials(self, *names: str) -> None:
        """Add those that headers or the templates in these fields want and nobody entered."""
        used = _placeholders_in([self.cleaned_data.get(name) for name in ("headers", *names)])
        for word, field in CREDENTIALS.items():
            if word in used and not self.cleaned_data.get(field):
                self.add_error(
                    field, _("{%(word)s} stands in what is posted or in a header: enter it.") % {"word": word}
                )

    def needs_reference_in_body(self) -> bool:
        return bool(self.cleaned_data.get("knows_repeats") and not self.cleaned_data.get("repeat_header"))


def headers_of(settings: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, str]:
    """With user and password as HTTP Basic, unless a template or a header says where they belong."""
    headers: dict[str, str] = fill(settings["headers"] or {}, credentials_of(settings, secrets))
    written = _placeholders_in([settings["headers"], settings["body"], settings.get("message")])
    if settings["username"] and not written & CREDENTIALS.keys():
        pair = f"{settings['username']}:{secrets.get('password', '')}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    if secrets.get("auth_value"):
        headers[settings["auth_header"]] = secrets["auth_value"]
    return headers


def credentials_of(settings: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, str]:
    return {word: secrets.get(field) or settings.get(field) or "" for word, field in CREDENTIALS.items()}


def fill(template: Any, values: Mapping[str, Any]) -> Any:
    """The template with its placeholders replaced, once: braces in a text are its own."""
    if isinstance(template, dict):
        return {name: fill(value, values) for name, value in template.items()}
    if isinstance(template, list):
        return [fill(value, values) for value in template]
    if not isinstance(template, str):
        return template
    if whole := A_PLACEHOLDER.fullmatch(template):
        return values.get(whole[1], template)
    return A_PLACEHOLDER.sub(lambda found: str(values.get(found[1], found[0])), template)


def values_of(message: Outgoing) -> dict[str, str]:
    return {"reference": message.reference, "to": message.to, "from": message.sender, "text": message.text}


def read_answer(data: Any, settings: Mapping[str, Any], hidden: Sequence[str]) -> Answer:
    """What an answer of success says of a message. `hidden`: its text and what is secret, which are kept nowhere."""
    error = quote(_error_in(data, settings), hidden)
    if meant := read_code(data, settings, error):
        return meant
    gateway_id = find_text(data, settings["id_path"]) if settings["id_path"] else ""
    if gateway_id:
        return Taken(gateway_id)
    if error:
        return Refused(error)
    return Unsure(_("The answer holds no id.")) if settings["id_path"] else Taken()


def read_failure(heard: Heard, settings: Mapping[str, Any], hidden: Sequence[str], *, knows_repeats: bool) -> Answer:
    """What an answer that is no success, or none at all, says of all messages of the call."""
    if not isinstance(heard, Reply):
        return judge_failure(heard, "")
    data = read_json(heard.body)
    words = quote(_error_in(data, settings) or heard.body.decode(errors="replace"), hidden)
    meant = read_code(data, settings, words, retry_after_s(heard))
    return meant or judge_failure(heard, words, knows_repeats=knows_repeats)


def look_up_call(message: Outgoing, settings: Mapping[str, Any], headers: Mapping[str, str]) -> Call:
    reference = quote_url(message.reference, safe="")
    return Call(settings["look_up_url"].replace("{reference}", reference), headers=headers)


def read_look_up(heard: Heard, settings: Mapping[str, Any]) -> Answer | None:
    """It has the message, it certainly has not, or this does not tell."""
    if not isinstance(heard, Reply) or heard.status not in (200, 404):
        return None
    data, path = read_json(heard.body), settings["look_up_id"]
    if heard.status == 404:
        is_absent = settings["look_up_404"]
    elif gateway_id := find_text(data, path):
        return Taken(gateway_id)
    else:
        is_absent = _meets_empty_list(data, path)
    return Later(_("The gateway has not got it.")) if is_absent else None


def _error_in(data: Any, settings: Mapping[str, Any]) -> str:
    error = find(data, settings["error_path"]) if settings["error_path"] else None
    return error if isinstance(error, str) else json.dumps(error, ensure_ascii=False) if error else ""


def _meets_empty_list(data: Any, path: str) -> bool:
    steps = path.split(".")
    return any(find(data, ".".join(steps[:count])) == [] for count in range(len(steps)))


def _placeholders_in(template: Any) -> set[str]:
    return {word for text in _strings_in(template) for word in A_PLACEHOLDER.findall(text)}


def _strings_in(template: Any) -> Iterator[str]:
    if isinstance(template, str):
        yield template
    elif isinstance(template, dict | list):
        for value in template.values() if isinstance(template, dict) else template:
            yield from _strings_in(value)


def checked_url(written: str) -> str:
    parts = _web_address(written)
    if parts is None:
        raise ValidationError(_("This is no web address. One begins with https:// or http://."))
    if parts.username or parts.password:
        raise ValidationError(_("Enter user and password in their own fields, where they are kept encrypted."))
    return written


def _web_address(written: str) -> SplitResult | None:
    try:
        parts = urlsplit(written)
        (parts.hostname or "").encode("idna")
        is_one = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if is_one and not re.search(r"\s", written) else None


def _checked_header(name: str) -> str:
    if not A_HEADER_NAME.fullmatch(name):
        raise ValidationError(_("“%(name)s” is no name of a header.") % {"name": name})
    return name


def _checked_value(value: str) -> str:
    if A_CONTROL_CHARACTER.search(value):
        raise ValidationError(_("A header holds no line breaks."))
    return value
