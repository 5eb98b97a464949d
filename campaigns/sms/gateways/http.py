"""Any provider that takes a message by one JSON or form POST; how it is told and how it answers is a setting."""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.sms.callbacks import hear_json
from campaigns.sms.calls import (
    FORM,
    JSON,
    CallForm,
    credentials_of,
    fill,
    headers_of,
    look_up_call,
    read_answer,
    read_failure,
    read_look_up,
    values_of,
)
from campaigns.sms.gateways.base import Answer, GatewayKind, Outgoing, Promises, Setup, Told
from campaigns.sms.replies import is_success, read_json
from campaigns.sms.wire import Call, Heard, call_all


class HttpForm(CallForm):
    format = forms.ChoiceField(
        label=gettext_lazy("Body"),
        choices=[("json", gettext_lazy("JSON")), ("form", gettext_lazy("Form fields"))],
        initial="json",
    )
    body = forms.JSONField(
        label=gettext_lazy("What is posted"),
        initial={"reference": "{reference}", "to": "{to}", "from": "{from}", "text": "{text}"},
        help_text=gettext_lazy(
            "A JSON object in which {reference}, {to}, {from}, {text}, {user} and {password} are replaced. Form fields "
            "are written so too."
        ),
    )

    field_order = ("url", "format", "body")

    def clean(self) -> None:
        needed = {"reference"} if self.needs_reference_in_body() else set()
        self.check_template("body", needed | {"to", "text"})
        self.check_credentials("body")
        body = self.cleaned_data.get("body", {})
        if self.cleaned_data.get("format") == "form" and any(isinstance(value, dict | list) for value in body.values()):
            self.add_error("body", _("A form field holds one text. Take lists and objects out."))


class Http:
    """One call for each message, so many at once."""

    def __init__(self, setup: Setup) -> None:
        self.setup, self.settings = setup, HttpForm.complete(setup.settings)
        self.headers = headers_of(self.settings, setup.secrets)
        self.credentials = credentials_of(self.settings, setup.secrets)
        self.promises = Promises(
            is_idempotent=self.settings["knows_repeats"],
            can_look_up=bool(self.settings["look_up_url"]),
            is_signed=bool(setup.secrets.get("signing_secret")),
            hears_texts=bool(self.settings["incoming_text"]),
        )

    def send(self, messages: Sequence[Outgoing]) -> list[Answer]:
        heard = self._call_all([self._call(message) for message in messages])
        return [self._answer(message, one) for message, one in zip(messages, heard, strict=True)]

    def look_up(self, messages: Sequence[Outgoing]) -> list[Answer | None]:
        heard = self._call_all([look_up_call(message, self.settings, self.headers) for message in messages])
        return [read_look_up(one, self.settings) for one in heard]

    def hear(self, request: HttpRequest) -> list[Told]:
        return hear_json(request, self.settings, self.setup.secrets.get("signing_secret", ""))

    def _call_all(self, calls: Sequence[Call]) -> list[Heard]:
        return call_all(calls, at_once=self.setup.connections, timeout_s=self.settings["timeout_s"])

    def _call(self, message: Outgoing) -> Call:
        body, headers = fill(self.settings["body"], self.credentials | values_of(message)), self.headers
        if self.settings["repeat_header"]:
            headers = headers | {self.settings["repeat_header"]: message.reference}
        if self.settings["format"] == "form":
            return Call(self.settings["url"], urlencode(body).encode(), headers | FORM)
        return Call(self.settings["url"], json.dumps(body).encode(), headers | JSON)

    def _answer(self, message: Outgoing, heard: Heard) -> Answer:
        hidden = [message.text, *self.setup.secrets.values()]
        if is_success(heard):
            return read_answer(read_json(heard.body), self.settings, hidden)
        return read_failure(heard, self.settings, hidden, knows_repeats=self.promises.is_idempotent)


KIND = GatewayKind(
    "http",
    gettext_lazy("HTTP, one message a call"),
    Http,
    HttpForm,
    summary=gettext_lazy("For most providers: each message is posted as JSON or as a form, the way you describe."),
)
